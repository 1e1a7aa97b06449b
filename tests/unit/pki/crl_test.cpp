#include "pki/crl.h"

#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <functional>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::bytes;
using test::CrlDraft;
using test::octets;
using namespace std::chrono_literals;

std::string text_of(Bytes content) {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

constexpr std::optional<CrlLoad> taken = std::nullopt;

struct FrameCase {
    const char* name;
    std::function<void(CrlDraft&)> change;
    std::optional<CrlLoad> refusal;
};

void add(CrlDraft& draft, std::string extension) {
    draft.extensions.push_back(std::move(extension));
}

void add_extensions(CrlDraft& draft, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
        add(draft, test::extension(test::tlv(0x06, octets({0x2A, i})), false, ""));
}

std::vector<FrameCase> frame_cases() {
    using test::boolean;
    using test::extension;
    using test::id_ce;
    using test::integer;
    using test::issuing_distribution_point;
    using test::tlv;
    const std::string yes = octets({0xFF});
    return {
        {"plain", [](auto&) {}, taken},
        {"version_1", [](auto& d) { d.version = ""; }, CrlLoad::parse_error},
        {"version_number_of_1", [](auto& d) { d.version = integer(octets({0})); }, CrlLoad::parse_error},
        {"version_3", [](auto& d) { d.version = integer("\x02"); }, CrlLoad::parse_error},
        {"version_padded",
         [](auto& d) {
             d.version = integer(octets({0, 1}));
         },
         CrlLoad::parse_error},
        {"other_algorithm_outside", [](auto& d) { d.outer_algorithm = test::ecdsa_with_sha2(3); },
         CrlLoad::parse_error},
        {"no_issuer", [](auto& d) { d.issuer = ""; }, CrlLoad::parse_error},
        {"no_this_update", [](auto& d) { d.this_update = ""; }, CrlLoad::parse_error},
        {"no_next_update", [](auto& d) { d.next_update = ""; }, CrlLoad::parse_error},
        {"next_before_this", [](auto& d) { d.next_update = test::utc_time("251231235959Z"); },
         CrlLoad::parse_error},
        {"next_equals_this", [](auto& d) { d.next_update = d.this_update; }, taken},
        {"next_as_generalized_time",
         [](auto& d) { d.next_update = test::generalized_time("20500101000000Z"); }, taken},
        {"next_without_seconds", [](auto& d) { d.next_update = test::utc_time("2602010000Z"); },
         CrlLoad::parse_error},
        {"no_extensions", [](auto& d) { d.extensions.clear(); }, taken},
        {"fields_behind", [](auto& d) { d.more_fields = integer("\x01"); }, CrlLoad::parse_error},
        {"extensions_twice", [](auto& d) { d.more_fields = tlv(0xA0, tlv(0x30, "")); }, CrlLoad::parse_error},
        {"number_twice", [](auto& d) { add(d, test::crl_number("\x06")); }, CrlLoad::parse_error},
        {"number_is_no_integer", [](auto& d) { d.extensions = {extension(id_ce(20), false, boolean(true))}; },
         CrlLoad::parse_error},
        {"number_is_empty", [](auto& d) { d.extensions = {test::crl_number("")}; }, CrlLoad::parse_error},
        {"number_and_more",
         [](auto& d) { d.extensions = {extension(id_ce(20), false, integer("\x01") + integer("\x02"))}; },
         CrlLoad::parse_error},
        {"number_critical", [](auto& d) { d.extensions = {extension(id_ce(20), true, integer("\x01"))}; },
         taken},
        {"key_id", [](auto& d) { add(d, test::authority_key_id("key")); }, taken},
        {"key_id_is_no_sequence", [](auto& d) { add(d, extension(id_ce(35), false, integer("\x01"))); },
         CrlLoad::parse_error},
        {"key_id_twice",
         [](auto& d) {
             add(d, test::authority_key_id("a"));
             add(d, test::authority_key_id("b"));
         },
         CrlLoad::parse_error},
        {"unknown_extension", [](auto& d) { add(d, extension(id_ce(99), false, integer("\x01"))); }, taken},
        {"unknown_critical_extension", [](auto& d) { add(d, extension(id_ce(99), true, integer("\x01"))); },
         CrlLoad::scope},
        {"unknown_extension_twice",
         [](auto& d) {
             add(d, extension(id_ce(99), false, integer("\x01")));
             add(d, extension(id_ce(99), false, integer("\x01")));
         },
         CrlLoad::parse_error},
        {"criticality_false_is_not_der",
         [](auto& d) {
             add(d, test::sequence({id_ce(99), boolean(false), test::octet_string("")}));
         },
         CrlLoad::parse_error},
        {"criticality_one_is_not_der",
         [](auto& d) {
             add(d, test::sequence({id_ce(99), tlv(0x01, "\x01"), test::octet_string("")}));
         },
         CrlLoad::parse_error},
        {"extension_without_value", [](auto& d) { add(d, test::sequence({id_ce(99)})); },
         CrlLoad::parse_error},
        {"extension_and_more",
         [](auto& d) {
             add(d, test::sequence({id_ce(99), test::octet_string(""), integer("\x01")}));
         },
         CrlLoad::parse_error},
        {"as_many_extensions_as_allowed", [](auto& d) { add_extensions(d, 63); }, taken},
        {"too_many_extensions", [](auto& d) { add_extensions(d, 64); }, CrlLoad::parse_error},
        {"delta", [](auto& d) { add(d, extension(id_ce(27), true, integer("\x01"))); }, taken},
        {"delta_not_critical", [](auto& d) { add(d, extension(id_ce(27), false, integer("\x01"))); }, taken},
        {"delta_without_number",
         [](auto& d) { d.extensions = {extension(id_ce(27), true, integer("\x01"))}; }, CrlLoad::parse_error},
        {"delta_of_no_number", [](auto& d) { add(d, extension(id_ce(27), true, boolean(true))); },
         CrlLoad::parse_error},
        {"delta_of_a_negative_number",
         [](auto& d) { add(d, extension(id_ce(27), true, integer(octets({0x80})))); }, CrlLoad::parse_error},
        {"largest_number",
         [](auto& d) { d.extensions = {test::crl_number(std::string(1, '\0') + std::string(20, '\xFF'))}; },
         taken},
        {"number_beyond_20_octets",
         [](auto& d) { d.extensions = {test::crl_number(std::string(22, '\x11'))}; }, CrlLoad::parse_error},
        {"negative_number", [](auto& d) { d.extensions = {test::crl_number(octets({0x80}))}; },
         CrlLoad::parse_error},
        {"freshest_crl", [](auto& d) { add(d, extension(id_ce(46), false, test::sequence({}))); }, taken},
        {"point_for_all", [](auto& d) { add(d, issuing_distribution_point("")); }, taken},
        {"point_for_users", [=](auto& d) { add(d, issuing_distribution_point(tlv(0x81, yes))); }, taken},
        {"point_for_authorities", [=](auto& d) { add(d, issuing_distribution_point(tlv(0x82, yes))); },
         taken},
        {"point_for_both",
         [=](auto& d) { add(d, issuing_distribution_point(tlv(0x81, yes) + tlv(0x82, yes))); },
         CrlLoad::parse_error},
        {"partitioned",
         [](auto& d) { add(d, issuing_distribution_point(tlv(0xA0, tlv(0xA0, tlv(0x86, "http://a/"))))); },
         taken},
        {"partitioned_for_users",
         [=](auto& d) {
             add(d,
                 issuing_distribution_point(tlv(0xA0, tlv(0xA0, tlv(0x86, "http://a/"))) + tlv(0x81, yes)));
         },
         taken},
        {"partitioned_out_of_order",
         [=](auto& d) {
             add(d,
                 issuing_distribution_point(tlv(0x81, yes) + tlv(0xA0, tlv(0xA0, tlv(0x86, "http://a/")))));
         },
         CrlLoad::parse_error},
        {"partitioned_without_names",
         [](auto& d) { add(d, issuing_distribution_point(tlv(0xA0, tlv(0xA0, "")))); }, CrlLoad::parse_error},
        {"partitioned_by_a_name_relative_to_the_issuer",
         [](auto& d) { add(d, issuing_distribution_point(tlv(0xA0, tlv(0xA1, tlv(0x06, "x"))))); },
         CrlLoad::scope},
        {"users_false_is_not_der",
         [](auto& d) { add(d, issuing_distribution_point(tlv(0x81, octets({0})))); }, CrlLoad::parse_error},
        {"users_twice", [=](auto& d) { add(d, issuing_distribution_point(tlv(0x81, yes) + tlv(0x81, yes))); },
         CrlLoad::parse_error},
        {"some_reasons",
         [](auto& d) {
             add(d, issuing_distribution_point(tlv(0x83, octets({7, 0x80}))));
         },
         CrlLoad::scope},
        {"indirect", [=](auto& d) { add(d, issuing_distribution_point(tlv(0x84, yes))); }, CrlLoad::scope},
        {"attribute_certificates", [=](auto& d) { add(d, issuing_distribution_point(tlv(0x85, yes))); },
         CrlLoad::scope},
        {"point_with_unknown_field", [=](auto& d) { add(d, issuing_distribution_point(tlv(0x86, yes))); },
         CrlLoad::parse_error},
        {"point_cut",
         [](auto& d) {
             add(d, extension(id_ce(28), true, octets({0x30, 0x03, 0x81, 0x01})));
         },
         CrlLoad::parse_error},
        {"point_and_more",
         [](auto& d) { add(d, extension(id_ce(28), true, tlv(0x30, "") + integer("\x01"))); },
         CrlLoad::parse_error},
    };
}

class ParseCrl : public testing::TestWithParam<FrameCase> {};

TEST_P(ParseCrl, refuses_what_it_does_not_apply) {
    CrlDraft draft;
    GetParam().change(draft);
    const std::string der = draft.unsigned_der();
    const auto view = parse_crl(bytes(der));
    if (GetParam().refusal) {
        ASSERT_FALSE(view);
        EXPECT_EQ(view.error().result, *GetParam().refusal) << view.error().message;
    } else {
        EXPECT_TRUE(view) << view.error().message;
    }
}
INSTANTIATE_TEST_SUITE_P(table, ParseCrl, testing::ValuesIn(frame_cases()),
                         [](const auto& row) { return row.param.name; });

TEST(ParseCrl, gives_the_parts_as_they_stand) {
    CrlDraft draft;
    draft.entries = {test::crl_entry("\x01"), test::crl_entry("\x02")};
    draft.extensions = {test::crl_number(octets({0, 0, 0x80})), test::authority_key_id("key"),
                        test::issuing_distribution_point(test::tlv(0x82, octets({0xFF})))};
    const std::string der = draft.unsigned_der();
    const auto view = parse_crl(bytes(der)).value();
    EXPECT_EQ(text_of(view.tbs), draft.tbs());
    EXPECT_EQ(text_of(view.issuer), draft.issuer);
    EXPECT_EQ(text_of(view.algorithm), draft.algorithm);
    EXPECT_EQ(text_of(view.signature), "no signature");
    EXPECT_EQ(text_of(view.revoked), draft.entries[0] + draft.entries[1]);
    EXPECT_EQ(text_of(view.number), octets({0, 0x80}));
    EXPECT_EQ(text_of(view.authority_key_id), "key");
    EXPECT_EQ(view.this_update, std::chrono::sys_days{std::chrono::January / 1 / 2026});
    EXPECT_EQ(view.next_update, std::chrono::sys_days{std::chrono::February / 1 / 2026});
    EXPECT_EQ(view.scope, CrlScope::authorities_only);
    EXPECT_FALSE(view.delta);
    EXPECT_EQ(text_of(view.point_names), "");
}

TEST(ParseCrl, gives_what_a_partitioned_delta_says) {
    const std::string name = test::tlv(0x86, "http://crl.test/7");
    CrlDraft draft;
    draft.extensions = {test::crl_number("\x09"), test::delta_indicator(octets({0, 0, 0x05})),
                        test::issuing_distribution_point(test::distribution_point_name(name))};
    const std::string der = draft.unsigned_der();
    const auto view = parse_crl(bytes(der)).value();
    EXPECT_TRUE(view.delta);
    EXPECT_EQ(text_of(view.base_number), "\x05");
    EXPECT_EQ(text_of(view.point_names), name);
}

TEST(ParseCrl, takes_the_whole_and_nothing_but_the_whole) {
    CrlDraft draft;
    draft.entries = {test::crl_entry("\x01")};
    const std::string der = draft.unsigned_der();
    for (std::size_t size = 0; size < der.size(); ++size) {
        const std::string cut = der.substr(0, size);
        EXPECT_FALSE(parse_crl(bytes(cut))) << size;
    }
    EXPECT_TRUE(parse_crl(bytes(der)));
    EXPECT_FALSE(parse_crl(bytes(der + '\0')));
    EXPECT_FALSE(parse_crl(bytes(der + der)));
}

struct EntryCase {
    const char* name;
    std::string entry;
    std::optional<std::string> serial;  ///< nothing: refused
    CrlReason reason = CrlReason::none;
    CrlLoad refusal = CrlLoad::parse_error;
};

std::vector<EntryCase> entry_cases() {
    using test::crl_entry;
    using test::extension;
    using test::id_ce;
    using test::integer;
    using test::reason_code;
    const std::string date = test::utc_time("260101000000Z");
    const std::string long_serial(21, '\x41');
    const std::string very_long_serial(300, '\x41');
    return {
        {"plain", crl_entry("\x05"), "\x05"},
        {"zero", crl_entry(octets({0})), octets({0})},
        {"leading_zero", crl_entry(octets({0, 0x05})), octets({0x05})},
        {"leading_zeros_before_sign_bit", crl_entry(octets({0, 0, 0x85})), octets({0, 0x85})},
        {"negative", crl_entry(octets({0x85})), octets({0x85})},
        {"negative_padded", crl_entry(octets({0xFF, 0xFF, 0x85})), octets({0x85})},
        {"21_octets", crl_entry(long_serial), long_serial},
        {"300_octets", crl_entry(very_long_serial), very_long_serial},
        {"empty_serial", crl_entry(""), {}},
        {"serial_is_no_integer", test::sequence({test::octet_string("\x05"), date}), {}},
        {"no_date", test::sequence({integer("\x05")}), {}},
        {"bad_date", test::sequence({integer("\x05"), test::utc_time("261301000000Z")}), {}},
        {"date_as_generalized_time",
         test::sequence({integer("\x05"), test::generalized_time("20260101000000Z")}), "\x05"},
        {"fields_behind", test::sequence({integer("\x05"), date, integer("\x01")}), {}},
        {"reason_key_compromise", crl_entry("\x05", {reason_code(1)}), "\x05", CrlReason::key_compromise},
        {"reason_unspecified", crl_entry("\x05", {reason_code(0)}), "\x05", CrlReason::unspecified},
        {"reason_hold", crl_entry("\x05", {reason_code(6)}), "\x05", CrlReason::certificate_hold},
        {"reason_largest", crl_entry("\x05", {reason_code(10)}), "\x05", CrlReason::aa_compromise},
        {"reason_too_large", crl_entry("\x05", {reason_code(11)}), {}},
        {"reason_negative", crl_entry("\x05", {reason_code(0xFF)}), {}},
        {"reason_is_no_enumerated", crl_entry("\x05", {extension(id_ce(21), false, integer("\x01"))}), {}},
        {"reason_of_two_octets",
         crl_entry("\x05", {extension(id_ce(21), false, test::tlv(0x0A, octets({0, 1})))}),
         {}},
        {"reason_and_more",
         crl_entry("\x05", {extension(id_ce(21), false, test::enumerated(1) + test::enumerated(2))}),
         {}},
        {"invalidity_date",
         crl_entry("\x05", {extension(id_ce(24), false, test::generalized_time("20260101000000Z"))}), "\x05"},
        {"invalidity_date_in_utc",
         crl_entry("\x05", {extension(id_ce(24), false, test::utc_time("260101000000Z"))}),
         {}},
        {"invalidity_date_and_more",
         crl_entry("\x05", {extension(id_ce(24), false,
                                      test::generalized_time("20260101000000Z") + integer("\x01"))}),
         {}},
        {"invalidity_date_twice",
         crl_entry("\x05",
                   {test::invalidity_date("20260101000000Z"), test::invalidity_date("20260101000000Z")}),
         {}},
        {"reason_twice", crl_entry("\x05", {reason_code(1), reason_code(1)}), {}},
        {"unknown_critical", crl_entry("\x05", {extension(id_ce(99), true, "")}), {}, {}, CrlLoad::scope},
        {"certificate_issuer",
         crl_entry("\x05", {extension(id_ce(29), true, test::sequence({}))}),
         {},
         {},
         CrlLoad::scope},
        {"certificate_issuer_not_critical",
         crl_entry("\x05", {extension(id_ce(29), false, test::sequence({}))}),
         {},
         {},
         CrlLoad::scope},
        {"cut", crl_entry("\x05").substr(0, 6), {}},
        {"is_no_sequence", integer("\x05"), {}},
    };
}

class CrlEntryTest : public testing::TestWithParam<EntryCase> {};

TEST_P(CrlEntryTest, is_read_behind_a_good_one) {
    const EntryCase& row = GetParam();
    const std::string content = test::crl_entry("\x7F", {test::reason_code(4)}) + row.entry;
    CrlView view{};
    view.revoked = bytes(content);
    CrlEntries entries(view);
    CrlEntry entry{};
    ASSERT_TRUE(entries.next(entry).value());
    EXPECT_EQ(text_of(entry.serial), "\x7F");
    EXPECT_EQ(entry.reason, CrlReason::superseded);

    const auto read = entries.next(entry);
    ASSERT_EQ(read.has_value(), row.serial.has_value());
    if (!read) {
        EXPECT_EQ(read.error().result, row.refusal);
        return;
    }
    ASSERT_TRUE(*read);
    EXPECT_EQ(text_of(entry.serial), *row.serial);
    EXPECT_EQ(entry.reason, row.reason);
    EXPECT_FALSE(entries.next(entry).value());
}
INSTANTIATE_TEST_SUITE_P(table, CrlEntryTest, testing::ValuesIn(entry_cases()),
                         [](const auto& row) { return row.param.name; });

TEST(CrlEntries, of_an_empty_list_are_none) {
    CrlView view{};
    CrlEntry entry{};
    EXPECT_FALSE(CrlEntries(view).next(entry).value());
}

struct TimeCase {
    const char* name;
    std::string encoding;
    std::optional<std::int64_t> seconds;
};

const TimeCase time_cases[] = {
    {"utc", test::utc_time("260115080000Z"), 1'768'464'000},
    {"utc_last_of_its_range", test::utc_time("491231235959Z"), 2'524'607'999},
    {"utc_first_of_its_range", test::utc_time("500101000000Z"), -631'152'000},
    {"generalized", test::generalized_time("20500101000000Z"), 2'524'608'000},
    {"no_expiry", test::generalized_time("99991231235959Z"), 253'402'300'799},
    {"leap_day", test::utc_time("280229000000Z"), 1'835'395'200},
    {"no_leap_day", test::utc_time("260229000000Z"), {}},
    {"month_zero", test::utc_time("260001000000Z"), {}},
    {"month_13", test::utc_time("261301000000Z"), {}},
    {"day_zero", test::utc_time("260100000000Z"), {}},
    {"hour_24", test::utc_time("260115240000Z"), {}},
    {"minute_60", test::utc_time("260115236000Z"), {}},
    {"second_60", test::utc_time("260115235960Z"), {}},
    {"no_seconds", test::utc_time("2601150800Z"), {}},
    {"offset", test::utc_time("2601150800+0000"), {}},
    {"no_zone", test::utc_time("260115080000"), {}},
    {"lower_case_zone", test::utc_time("260115080000z"), {}},
    {"letters", test::utc_time("26011508000aZ"), {}},
    {"signed_part", test::utc_time("2601150800-1Z"), {}},
    {"fraction", test::generalized_time("20260115080000.5Z"), {}},
    {"four_digits_in_utc", test::utc_time("20260115080000Z"), {}},
    {"two_digits_in_generalized", test::generalized_time("260115080000Z"), {}},
    {"empty", test::utc_time(""), {}},
    {"another_type", test::tlv(0x0C, "260115080000Z"), {}},
};

class ParseTime : public testing::TestWithParam<TimeCase> {};

TEST_P(ParseTime, follows_the_profile) {
    const auto time = parse_time(*DerReader(bytes(GetParam().encoding)).next());
    ASSERT_EQ(time.has_value(), GetParam().seconds.has_value());
    if (time) {
        EXPECT_EQ(time->time_since_epoch().count(), *GetParam().seconds);
    }
}
INSTANTIATE_TEST_SUITE_P(table, ParseTime, testing::ValuesIn(time_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
