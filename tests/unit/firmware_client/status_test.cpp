#include "firmware-client/status.h"

#include "tests/support/temporary_folder.h"
#include "tests/unit/firmware_client/small_configuration.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

/// The status of a device whose device.json says this of `judged`.
std::string status_with(std::string_view judged) {
    test::TemporaryFolder folder;
    folder.write("config-01.09.json", small_configuration);
    folder.write("device.json", R"({"id": "AABBCCDD", "fw_ver": "01.09.00", "sallyport": {"judged": )" +
                                    std::string{judged} + "}}");
    const Card card = find_card(folder.path()).value();
    LastGood files(card);
    const Device device = load_device(card, files, "").value();
    return status_text(device, std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}).value();
}

struct RefusedCase {
    const char* name;
    const char* object;
    const char* advice;
};

const RefusedCase refused_cases[] = {
    {"configuration", "config-01.09.json", "remove it from the bucket"},
    {"firmware", "firmware.bin", "an image for this model"},
    {"server_bundle", "certs_server.p7b", "vouches for the server"},
    {"device_certificate", "certs_device.p7b", "answer device.csr"},
    {"of_a_later_version", "new-object.bin", "replace it"},
};

class RefusedUpdate : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedUpdate, is_listed_with_reason_and_advice) {
    const std::string object = GetParam().object;
    const std::string status = status_with("{\"" + object + R"(": {"etag": "a", "fault": "the reason"}})");
    const auto at = status.find("refused       " + object + ": the reason\n  what to do  ");
    ASSERT_NE(at, std::string::npos) << status;
    EXPECT_NE(status.find(GetParam().advice, at), std::string::npos) << status;
}

INSTANTIATE_TEST_SUITE_P(table, RefusedUpdate, testing::ValuesIn(refused_cases),
                         [](const auto& row) { return row.param.name; });

TEST(StatusText, lists_no_update_that_was_taken) {
    const std::string status = status_with(R"({"firmware.bin": {"etag": "a", "fault": ""}})");
    EXPECT_EQ(status.find("refused"), std::string::npos) << status;
}

}  // namespace
}  // namespace sallyport::device
