#include "gateway/rules/device_records.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

const std::chrono::sys_seconds noon{std::chrono::hours(24 * 20000 + 12)};

KnownDevice some_device(const std::string& id) {
    return {.device = id,
            .listener = "fleet",
            .version = "TLSv1.2",
            .cipher = "ECDHE-RSA-AES128-GCM-SHA256",
            .key_bits = 2048,
            .proven = true,
            .serial = "0A0B",
            .certificate_not_after = noon + std::chrono::hours(24),
            .shadow = true,
            .enforced = true,
            .refusal = Reason::revoked,
            .refusal_detail = "serial 0A0B",
            .rules = UINT64_MAX,
            .requests = 3,
            .denied = 2,
            .last_denial = Reason::wrong_prefix,
            .last_denial_detail = "PutObject on fleet/B/x",
            .first_seen = noon - std::chrono::hours(1),
            .last_seen = noon,
            .requests_seen = 5,
            .bytes_in = 6,
            .bytes_out = 7,
            .refusals = {8, Reason::wrong_prefix, "PutObject on fleet/B/x", noon},
            .claims = {9, Reason::untrusted_issuer, "by CN=evil", noon}};
}

struct Table {
    std::vector<KnownDevice> known;
    std::vector<DailyBytes> daily;
};

pki::Result<Table> read(std::string_view bytes) {
    Table table;
    const auto done = read_device_records(
        bytes, {.known = [&](KnownDevice known) { table.known.push_back(std::move(known)); },
                .daily = [&](DailyBytes use) { table.daily.push_back(std::move(use)); }});
    if (!done) {
        EXPECT_TRUE(table.known.empty() && table.daily.empty()) << "all or nothing";
        return done.error();
    }
    return table;
}

std::string written() {
    DeviceRecordWriter writer;
    writer.add(some_device("A"));
    writer.add(KnownDevice{.device = "B"});
    writer.add(DailyBytes{"A", std::chrono::sys_days(std::chrono::days(20000)), 12345});
    return writer.finish();
}

/// With the checksum that fits.
std::string sealed(std::string body) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest);
    return body.append(reinterpret_cast<const char*>(digest), sizeof digest);
}

std::string body_of(const std::string& bytes) {
    return bytes.substr(0, bytes.size() - SHA256_DIGEST_LENGTH);
}

TEST(DeviceRecords, are_read_as_they_were_written) {
    const auto table = read(written());
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_EQ(table->known.size(), 2U);
    EXPECT_EQ(table->known[0], some_device("A"));
    EXPECT_EQ(table->known[1], KnownDevice{.device = "B"});
    ASSERT_EQ(table->daily.size(), 1U);
    EXPECT_EQ(table->daily[0].bytes, 12345U);
}

TEST(DeviceRecords, of_nobody_are_a_table) {
    const auto table = read(DeviceRecordWriter().finish());
    ASSERT_TRUE(table);
    EXPECT_TRUE(table->known.empty());
}

TEST(DeviceRecords, say_each_text_once) {
    DeviceRecordWriter writer;
    for (int i = 0; i < 1000; ++i)
        writer.add(some_device("D" + std::to_string(i)));
    EXPECT_LT(writer.finish().size(), 1000U * 200U);
}

TEST(DeviceRecords, hold_what_fits) {
    DeviceRecordWriter writer;
    writer.add(KnownDevice{.device = ""});
    writer.add(KnownDevice{.device = std::string(max_device_bytes + 1, 'D')});
    KnownDevice odd{.device = std::string(max_device_bytes, 'D')};
    odd.refusals = {1, Reason::revoked, std::string(10'000, 'x'), std::chrono::sys_seconds::max()};
    odd.certificate_not_after = std::chrono::sys_seconds(std::chrono::seconds(-1));
    writer.add(odd);
    const auto table = read(writer.finish());
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_EQ(table->known.size(), 1U);
    EXPECT_EQ(table->known[0].refusals.detail, std::string(max_text_bytes, 'x'));
    EXPECT_EQ(table->known[0].certificate_not_after, std::chrono::sys_seconds{});
}

TEST(DeviceRecords, that_end_early_are_refused) {
    const std::string bytes = written();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(read(bytes.substr(0, size))) << size;
    EXPECT_FALSE(read(bytes + "x"));
}

TEST(DeviceRecords, in_which_a_bit_has_turned_are_refused) {
    const std::string bytes = written();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string other = bytes;
        other[at] = static_cast<char>(other[at] ^ 0x10);
        EXPECT_FALSE(read(other)) << at;
    }
}

struct Foreign {
    const char* name;
    std::string bytes;
    const char* said;
};

class ForeignRecords : public testing::TestWithParam<Foreign> {};

TEST_P(ForeignRecords, are_refused_in_words) {
    const auto table = read(GetParam().bytes);
    ASSERT_FALSE(table);
    EXPECT_NE(table.error().message.find(GetParam().said), std::string::npos) << table.error().message;
}

std::string changed_body(std::size_t from_end, char byte) {
    std::string body = body_of(written());
    body[body.size() - from_end] = byte;
    return sealed(body);
}

INSTANTIATE_TEST_SUITE_P(
    Files, ForeignRecords,
    testing::Values(
        Foreign{"empty", "", "not a table of devices"}, Foreign{"json", "{\"devices\":[]}", "not a table"},
        Foreign{"another_program", std::string(1000, '\0'), "not a table"},
        Foreign{"later_version", sealed(std::string("sallyport-devices\n") + std::string("\x02\0\0\0\0", 5)),
                "version 2"},
        Foreign{"version_zero", sealed(std::string("sallyport-devices\n") + std::string(5, '\0')),
                "version 0"},
        Foreign{"no_end", sealed(std::string("sallyport-devices\n") + std::string("\x01\0\0\0", 4)),
                "ends between"},
        Foreign{"unknown_kind", sealed(std::string("sallyport-devices\n") + std::string("\x01\0\0\0\x09", 5)),
                "unknown kind"},
        Foreign{"trailing", sealed(body_of(written()) + "x"), "follows its end"},
        Foreign{"day_out_of_range", changed_body(10, '\x7f'), "bytes of a day"},
        Foreign{
            "text_of_a_later_number",
            sealed(std::string("sallyport-devices\n") + std::string("\x01\0\0\0\x01\x01\0D\0\x05\0\0\0", 13)),
            "record of a device"},
        Foreign{"device_without_name",
                sealed(std::string("sallyport-devices\n") + std::string("\x01\0\0\0\x01\0\0\0", 8)),
                "record of a device"},
        Foreign{"unknown_flag",
                sealed(std::string("sallyport-devices\n") + std::string("\x01\0\0\0\x01\x01\0D\x10", 9)),
                "record of a device"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
