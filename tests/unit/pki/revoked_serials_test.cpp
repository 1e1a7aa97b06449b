#include "pki/revoked_serials.h"

#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <functional>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::bytes;

constexpr std::chrono::sys_seconds a_day = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);

/// An entry whose date does not matter here.
CrlEntry entry(Bytes serial, CrlReason reason) {
    return {serial, reason, a_day};
}

std::optional<CrlReason> reason_of(const RevokedSerials& serials, Bytes serial) {
    const auto found = serials.find(serial);
    return found ? std::optional(found->reason) : std::nullopt;
}

TEST(RevokedSerials, hold_nothing_at_first) {
    RevokedSerials serials;
    serials.seal();
    EXPECT_EQ(serials.size(), 0U);
    for (const auto* serial : {"", "\x01", "\x01\x02", "0123456789abcdef"})
        EXPECT_FALSE(reason_of(serials, bytes(serial)));
}

TEST(RevokedSerials, know_a_serial_by_all_its_octets) {
    RevokedSerials serials;
    serials.add(entry(bytes(std::string("\0\x80", 2)), CrlReason::superseded));
    serials.add(entry(bytes("ab"), CrlReason::key_compromise));
    serials.add(entry(bytes("abc"), CrlReason::none));
    serials.add(entry(bytes(""), CrlReason::unspecified));
    serials.seal();
    EXPECT_EQ(serials.size(), 4U);
    EXPECT_EQ(reason_of(serials, bytes("ab")), CrlReason::key_compromise);
    EXPECT_EQ(reason_of(serials, bytes("abc")), CrlReason::none);
    EXPECT_EQ(reason_of(serials, bytes(std::string("\0\x80", 2))), CrlReason::superseded);
    EXPECT_EQ(reason_of(serials, bytes("")), CrlReason::unspecified);
    for (const auto* other : {"a", "b", "aa", "ac", "abb", "abd", "abcd", "\x80"})
        EXPECT_FALSE(reason_of(serials, bytes(other))) << other;
}

TEST(RevokedSerials, give_one_reason_of_a_serial_that_stands_twice) {
    RevokedSerials serials;
    serials.add(entry(bytes("ab"), CrlReason::key_compromise));
    serials.add(entry(bytes("ab"), CrlReason::superseded));
    serials.seal();
    const auto reason = reason_of(serials, bytes("ab"));
    EXPECT_TRUE(reason == CrlReason::key_compromise || reason == CrlReason::superseded);
}

TEST(RevokedSerials, take_serials_of_any_length) {
    RevokedSerials serials;
    for (std::size_t length = 0; length < 100; ++length)
        serials.add(entry(bytes(std::string(length, 'x')), static_cast<CrlReason>(length % 7)));
    serials.seal();
    for (std::size_t length = 0; length < 100; ++length) {
        EXPECT_EQ(reason_of(serials, bytes(std::string(length, 'x'))), static_cast<CrlReason>(length % 7))
            << length;
        if (length > 0) {
            EXPECT_FALSE(reason_of(serials, bytes(std::string(length - 1, 'x') + "y"))) << length;
        }
    }
}

/// Serials as CAs make them: random, counted, and with few values in the first octets.
std::string serial_of(std::mt19937_64& random, std::size_t length, unsigned spread) {
    std::string serial;
    for (std::size_t i = 0; i < length; ++i)
        serial += static_cast<char>(i < 2 ? random() % spread : random());
    return serial;
}

struct PropertyCase {
    const char* name;
    std::vector<std::size_t> lengths;
    std::size_t count;
    unsigned spread;  ///< of the first two octets
};

const PropertyCase property_cases[] = {
    {"one_octet", {1}, 300, 256},
    {"two_octets_with_prefix_table", {2}, 20'000, 256},
    {"just_below_the_prefix_table", {16}, 4095, 256},
    {"just_at_the_prefix_table", {16}, 4096, 256},
    {"random_with_prefix_table", {16}, 30'000, 256},
    {"few_prefixes", {9}, 20'000, 2},
    {"one_prefix", {20}, 10'000, 1},
    {"mixed_lengths", {1, 2, 3, 8, 16, 17, 20, 31, 32, 33, 40}, 60'000, 256},
};

class Serials : public testing::TestWithParam<PropertyCase> {};

TEST_P(Serials, are_found_exactly_as_in_a_map) {
    const PropertyCase& row = GetParam();
    std::mt19937_64 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same serials in every run
    std::map<std::string, CrlReason> expected;
    RevokedSerials serials;
    for (std::size_t i = 0; i < row.count; ++i) {
        const std::string serial = serial_of(random, row.lengths[i % row.lengths.size()], row.spread);
        const auto reason = static_cast<CrlReason>(random() % 11);
        if (!expected.emplace(serial, reason).second) continue;
        serials.add(entry(bytes(serial), reason));
    }
    serials.seal();
    ASSERT_EQ(serials.size(), expected.size());
    for (const auto& [serial, reason] : expected)
        ASSERT_EQ(reason_of(serials, bytes(serial)), reason);
    for (std::size_t i = 0; i < 20'000; ++i) {
        std::string near = serial_of(random, row.lengths[i % row.lengths.size()], row.spread);
        if (i % 2 == 0) {  // a neighbour of one that is listed
            near = expected.lower_bound(near) == expected.end() ? near : expected.lower_bound(near)->first;
            near.back() = static_cast<char>(near.back() + 1);
        }
        ASSERT_EQ(reason_of(serials, bytes(near)).has_value(), expected.contains(near));
    }
}
INSTANTIATE_TEST_SUITE_P(random, Serials, testing::ValuesIn(property_cases),
                         [](const auto& row) { return row.param.name; });

TEST(RevokedSerials, find_the_ends_of_the_prefix_table) {
    RevokedSerials serials;
    for (unsigned i = 0; i < 5000; ++i) {
        std::string serial(16, '\x40');
        serial[14] = static_cast<char>(i >> 8U);
        serial[15] = static_cast<char>(i);
        serials.add(entry(bytes(serial), CrlReason::none));
    }
    const std::string first(16, '\0');
    const std::string last(16, '\xFF');
    serials.add(entry(bytes(last), CrlReason::ca_compromise));
    serials.add(entry(bytes(first), CrlReason::key_compromise));
    serials.seal();
    EXPECT_EQ(reason_of(serials, bytes(first)), CrlReason::key_compromise);
    EXPECT_EQ(reason_of(serials, bytes(last)), CrlReason::ca_compromise);
    EXPECT_FALSE(reason_of(serials, bytes(std::string(15, '\0') + "\x01")));
    EXPECT_FALSE(reason_of(serials, bytes(std::string(15, '\xFF') + "\xFE")));
    EXPECT_FALSE(reason_of(serials, bytes(std::string(16, '\x3F'))));
    EXPECT_FALSE(reason_of(serials, bytes(std::string(16, '\x41'))));
}

TEST(RevokedSerials, keep_the_date_of_each_entry) {
    using std::chrono::sys_days;
    using std::chrono::year;
    const std::chrono::sys_seconds dates[] = {a_day, a_day + std::chrono::seconds(1),
                                              sys_days(year(1970) / 1 / 1), sys_days(year(2105) / 12 / 31)};
    RevokedSerials serials;
    for (std::size_t i = 0; i < std::size(dates); ++i)
        serials.add({bytes(std::string(16, static_cast<char>('a' + i))), CrlReason::superseded, dates[i]});
    serials.seal();
    for (std::size_t i = 0; i < std::size(dates); ++i)
        EXPECT_EQ(serials.find(bytes(std::string(16, static_cast<char>('a' + i))))->revoked_at, dates[i]);
}

using Rows = std::map<std::string, CrlReason>;

Rows visited(const std::function<void(const RevokedSerials::Visitor&)>& walk) {
    Rows rows;
    walk([&](Bytes serial, const RevokedSerials::Entry& row) {
        rows.emplace(std::string(reinterpret_cast<const char*>(serial.data()), serial.size()), row.reason);
    });
    return rows;
}

TEST(RevokedSerials, tell_what_a_newer_list_lacks) {
    const std::string oversized(40, 'z');
    RevokedSerials older;
    RevokedSerials newer;
    RevokedSerials empty;
    for (const auto& serial :
         {std::string("cc"), std::string("aa"), std::string("bb"), std::string("ccc"), oversized})
        older.add(entry(bytes(serial), serial == "bb" ? CrlReason::certificate_hold : CrlReason::none));
    for (const char* serial : {"aa", "dd", "ccc"})
        newer.add(entry(bytes(serial), CrlReason::none));
    for (RevokedSerials* list : {&older, &newer, &empty})
        list->seal();

    const auto missing = [](const RevokedSerials& from, const RevokedSerials& in) {
        return visited([&](const auto& visit) { from.for_each_missing_in(in, visit); });
    };
    EXPECT_EQ(missing(older, older), Rows{});
    EXPECT_EQ(
        missing(older, newer),
        (Rows{{"bb", CrlReason::certificate_hold}, {"cc", CrlReason::none}, {oversized, CrlReason::none}}));
    EXPECT_EQ(missing(empty, older), Rows{});
    EXPECT_EQ(missing(older, empty).size(), 5U);
    EXPECT_EQ(missing(older, empty), visited([&](const auto& visit) { older.for_each(visit); }));
}

TEST(RevokedSerials, notice_a_serial_that_stands_twice) {
    const std::string oversized(40, 'z');
    for (const auto& [serials, twice] :
         std::vector<std::pair<std::vector<std::string>, bool>>{{{}, false},
                                                                {{"a", "b", "aa"}, false},
                                                                {{"b", "a", "b"}, true},
                                                                {{"a", std::string("\0a", 2)}, false},
                                                                {{oversized, "a"}, false},
                                                                {{oversized, "a", oversized}, true}}) {
        RevokedSerials list;
        for (const std::string& serial : serials)
            list.add(entry(bytes(serial), CrlReason::none));
        list.seal();
        EXPECT_EQ(list.repeats_a_serial(), twice) << serials.size();
    }
}

TEST(SerialLengths, are_counted_before_the_entries_are_read) {
    std::string revoked;
    for (const std::size_t length : {1U, 16U, 16U, 20U, 33U, 90U})
        revoked += test::crl_entry(std::string(length, 'x'));
    CrlView view{};
    view.revoked = bytes(revoked);
    const SerialLengths lengths = serial_lengths(view);
    EXPECT_EQ(lengths[1], 1U);
    EXPECT_EQ(lengths[16], 2U);
    EXPECT_EQ(lengths[20], 1U);
    EXPECT_EQ(lengths.back(), 2U);
    view.revoked = bytes(revoked).first(revoked.size() - 1);
    EXPECT_EQ(serial_lengths(view).back(), 1U) << "stops where it cannot go on";
}

}  // namespace
}  // namespace sallyport::pki
