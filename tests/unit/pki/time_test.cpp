#include "pki/time.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;

struct TimeCase {
    const char* text;
    std::tm utc;  ///< second, minute, hour, day, month from 0, year from 1900
    std::int64_t seconds;
};

const TimeCase time_cases[] = {
    {"1970-01-01T00:00:00Z", {0, 0, 0, 1, 0, 70, 0, 0, 0, 0, nullptr}, 0},
    {"2024-02-29T12:30:05Z", {5, 30, 12, 29, 1, 124, 0, 0, 0, 0, nullptr}, 1'709'209'805},
    {"2038-01-19T03:14:08Z", {8, 14, 3, 19, 0, 138, 0, 0, 0, 0, nullptr}, 2'147'483'648},
    {"2050-01-01T00:00:00Z", {0, 0, 0, 1, 0, 150, 0, 0, 0, 0, nullptr}, 2'524'608'000},
    {"9999-12-31T23:59:59Z", {59, 59, 23, 31, 11, 8099, 0, 0, 0, 0, nullptr}, 253'402'300'799},
};

TEST(Time, is_the_same_in_all_its_forms) {
    for (const TimeCase& row : time_cases) {
        const std::chrono::sys_seconds instant{std::chrono::seconds{row.seconds}};
        EXPECT_EQ(instant_of(row.utc), instant) << row.text;
        EXPECT_EQ(rfc3339(instant), row.text);
        std::tm read{};
        ASSERT_EQ(ASN1_TIME_to_tm(asn1_time(instant).get(), &read), 1) << row.text;
        EXPECT_EQ(instant_of(read), instant) << row.text;
        EXPECT_EQ(c_time(instant).has_value(), sizeof(std::time_t) > 4 || row.seconds < 2'147'483'648)
            << row.text;
    }
}

TEST(Time, has_no_asn1_form_beyond_9999) {
    EXPECT_EQ(asn1_time(std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}), nullptr);
}

}  // namespace
}  // namespace sallyport::pki
