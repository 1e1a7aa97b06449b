#include "gateway/rules/access_keys.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

const AccessKeys keys{.bound = true,
                      .fleet = {"FLEET1", "FLEET2"},
                      .devices = {{"A1", {"KEYA1", "KEYA1NEW"}}},
                      .known = {"FLEET1", "FLEET2", "KEYA1", "KEYA1NEW"},
                      .operators = KeySet{"OPERATOR"}};
const Client own{ClientKind::devices, "A1"};
const Client other{ClientKind::devices, "B2"};
const Client unknown{};
const Client person{ClientKind::operators, "jo"};

std::string authorization(const std::string& key) {
    return "AWS4-HMAC-SHA256 Credential=" + key +
           "/20260301/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=" + std::string(64, 'a');
}
std::string presigned(const std::string& key) {
    return "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + key +
           "%2F20260301%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260301T000000Z&X-Amz-Expires=60&"
           "X-Amz-SignedHeaders=host&X-Amz-Signature=" +
           std::string(64, 'a');
}

/// The S3 code that a request hears, or "".
std::string verdict(const AccessKeys& with, const Client& client, const std::string& target,
                    const std::string& field) {
    RequestHead head{"GET", target, 11, {{"Host", "h"}}};
    if (!field.empty()) head.fields.push_back({"authorization", field});
    const auto denial = check_access_key(with, client, head);
    return denial ? std::string(denial->s3_code) : "";
}

struct KeyCase {
    const char* name;
    Client client;
    const char* key;
    const char* code;
};
const KeyCase key_cases[] = {
    {"own", own, "KEYA1", ""},
    {"own_second", own, "KEYA1NEW", ""},
    {"own_has_no_fleet_key", own, "FLEET1", "InvalidAccessKeyId"},
    {"fleet", other, "FLEET1", ""},
    {"fleet_second", other, "FLEET2", ""},
    {"of_another_device", other, "KEYA1", "InvalidAccessKeyId"},
    {"of_an_operator", other, "OPERATOR", "InvalidAccessKeyId"},
    {"prefix_of_a_key", other, "FLEET", "InvalidAccessKeyId"},
    {"lower_case", other, "fleet1", "InvalidAccessKeyId"},
    {"by_credentials_fleet", unknown, "FLEET1", ""},
    {"by_credentials_device", unknown, "KEYA1", ""},
    {"by_credentials_stranger", unknown, "STRANGER", "InvalidAccessKeyId"},
    {"by_credentials_operator", unknown, "OPERATOR", "InvalidAccessKeyId"},
    {"operator", person, "OPERATOR", ""},
    {"operator_fleet", person, "FLEET1", "InvalidAccessKeyId"},
};

class AccessKey : public testing::TestWithParam<KeyCase> {};

TEST_P(AccessKey, is_bound_to_its_client) {
    const auto& [name, client, key, code] = GetParam();
    EXPECT_EQ(verdict(keys, client, "/b/k", authorization(key)), code);
    EXPECT_EQ(verdict(keys, client, presigned(key), ""), code);
    EXPECT_EQ(verdict(AccessKeys{}, client, "/b/k", authorization(key)), "") << "without access_keys";
}
INSTANTIATE_TEST_SUITE_P(table, AccessKey, testing::ValuesIn(key_cases),
                         [](const auto& row) { return row.param.name; });

struct FormCase {
    const char* name;
    std::string target;
    std::string field;
    const char* code;
};
const FormCase form_cases[] = {
    {"not_signed", "/b/k", "", "AccessDenied"},
    {"both", presigned("FLEET1"), authorization("FLEET1"), "InvalidArgument"},
    {"version_2", "/b/k", "AWS FLEET1:c2ln", "InvalidRequest"},
    {"basic", "/b/k", "Basic eDp5", "AuthorizationHeaderMalformed"},
    {"bearer", "/b/k", "Bearer x", "AuthorizationHeaderMalformed"},
    {"two_credentials", "/b/k", authorization("FLEET1") + ", Credential=KEYA1/20260301/r/s3/aws4_request",
     "AuthorizationHeaderMalformed"},
    {"no_signature", "/b/k",
     "AWS4-HMAC-SHA256 Credential=FLEET1/20260301/r/s3/aws4_request, SignedHeaders=host",
     "AuthorizationHeaderMalformed"},
    {"presigned_partly", "/b/k?X-Amz-Credential=FLEET1", "", "AuthorizationQueryParametersError"},
    {"presigned_in_lower_case", "/b/k?x-amz-credential=FLEET1", "", "AuthorizationQueryParametersError"},
    {"presigned_twice", presigned("FLEET1") + "&X-Amz-Credential=KEYA1", "",
     "AuthorizationQueryParametersError"},
};

class SignatureForm : public testing::TestWithParam<FormCase> {};

TEST_P(SignatureForm, is_one_that_says_whose_key_it_is) {
    EXPECT_EQ(verdict(keys, other, GetParam().target, GetParam().field), GetParam().code);
}
INSTANTIATE_TEST_SUITE_P(table, SignatureForm, testing::ValuesIn(form_cases),
                         [](const auto& row) { return row.param.name; });

TEST(AccessKeys, of_operators_are_free_when_none_are_named) {
    AccessKeys free = keys;
    free.operators.reset();
    EXPECT_EQ(verdict(free, person, "/b/k", authorization("ANY")), "");
    EXPECT_EQ(verdict(free, other, "/b/k", authorization("ANY")), "InvalidAccessKeyId");
}

struct FileCase {
    const char* name;
    const char* text;
    const char* fault;  ///< its beginning; "" = none
};
const FileCase file_cases[] = {
    {"empty", "", ""},
    {"lines", "A1 KEY1\nB2\tKEY2 KEY3\r\n", ""},
    {"comments", "# all\n\n  A1  KEY1   # one\n", ""},
    {"no_line_end", "A1 KEY1", ""},
    {"no_key", "A1 KEY1\nB2\n", "2: device B2 has no access key"},
    {"no_key_but_a_comment", "A1 # KEY1\n", "1: device A1 has no"},
    {"twice", "A1 KEY1\nA1 KEY2\n", "2: device A1 stands twice"},
    {"no_id", "nobody KEY1\n", "1: 'nobody' does not match"},
    {"slash", "A1 KEY/1\n", "1: an access key of A1"},
    {"byte", "A1 K\xC3\xA4Y\n", "1: an access key of A1"},
    {"too_many", "A1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", "1: device A1 has more than 16"},
};

class DeviceKeysFile : public testing::TestWithParam<FileCase> {};

TEST_P(DeviceKeysFile, is_read_strictly) {
    const auto read = parse_device_keys(GetParam().text, [](auto id) { return id.size() == 2; });
    const std::string fault = read ? "" : read.error().message;
    EXPECT_TRUE(*GetParam().fault == '\0' ? fault.empty() : fault.starts_with(GetParam().fault)) << fault;
}
INSTANTIATE_TEST_SUITE_P(table, DeviceKeysFile, testing::ValuesIn(file_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DeviceKeysFile, gives_each_device_its_keys) {
    const auto read = parse_device_keys("A1 KEY1\nB2 KEY2 KEY3\n", [](auto) { return true; });
    EXPECT_EQ(read.value(), (DeviceKeys{{"A1", {"KEY1"}}, {"B2", {"KEY2", "KEY3"}}}));
}

}  // namespace
}  // namespace sallyport::gateway
