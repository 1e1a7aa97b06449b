#include "gateway/rules/device_concerned.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

const Identification identification({.pattern = "[A-Za-z][0-9]"});

struct ConcernCase {
    const char* name;
    std::vector<const char*> patterns;
    const char* bucket;
    const char* key;
    std::vector<std::string_view> devices;
};
const ConcernCase concern_cases[] = {
    {"first_segment", {"fleet/{device}/*"}, "fleet", "A1/x/y", {"A1"}},
    {"nothing_behind", {"fleet/{device}/*"}, "fleet", "A1", {"A1"}},
    {"any_bucket", {"{bucket}/{device}/*"}, "other", "A1/x", {"A1"}},
    {"other_bucket", {"fleet/{device}/*"}, "other", "A1/x", {}},
    {"behind_a_word", {"fleet/logs-{device}/*"}, "fleet", "logs-A1/x", {"A1"}},
    {"behind_another_word", {"fleet/logs-{device}/*"}, "fleet", "A1/x", {}},
    {"up_to_what_follows", {"fleet/{device}.json"}, "fleet", "A1.json", {"A1"}},
    {"at_the_end", {"fleet/{device}"}, "fleet", "A1", {"A1"}},
    {"bucket_of_the_device", {"{device}/*"}, "a1", "x", {"a1"}},
    {"part_of_the_bucket", {"fleet-{device}/*"}, "fleet-a1", "x", {"a1"}},
    {"no_variable", {"fleet/public/*"}, "fleet", "public/x", {}},
    {"no_id", {"fleet/{device}/*"}, "fleet", "public/x", {}},
    {"no_key", {"fleet/{device}/*"}, "fleet", "", {}},
    {"two_rules_agree", {"fleet/{device}/*", "fleet/{device}/logs/*"}, "fleet", "A1/x", {"A1"}},
    {"one_rule_sees_no_id",
     {"fleet/{device}/*", "fleet/firmware/{device}/*"},
     "fleet",
     "firmware/A1/x",
     {"A1"}},
    {"one_rule_sees_too_much", {"fleet/{device}/*", "fleet/{device}.json"}, "fleet", "A1/1/1.MF4", {"A1"}},
    {"any_bucket_and_one", {"{bucket}/{device}/*", "fleet/logs/{device}/*"}, "fleet", "logs/A1/x", {"A1"}},
    {"two_rules_differ", {"fleet/{device}/*", "fleet/A1/{device}/*"}, "fleet", "A1/B2/x", {"A1", "B2"}},
};

class DevicesConcerned : public testing::TestWithParam<ConcernCase> {};

TEST_P(DevicesConcerned, stand_in_the_place_of_the_variable) {
    Policy policy;
    for (const char* pattern : GetParam().patterns)
        policy.rules.push_back({{"PutObject"}, pattern});
    const S3Operation operation{"PutObject", {GetParam().bucket, GetParam().key}};
    EXPECT_EQ(devices_concerned(policy, identification, operation), GetParam().devices);
}
INSTANTIATE_TEST_SUITE_P(table, DevicesConcerned, testing::ValuesIn(concern_cases),
                         [](const auto& row) { return row.param.name; });

struct PlaceCase {
    const char* name;
    const char* on;
    bool sound;
};
const PlaceCase place_cases[] = {
    {"between_slashes", "fleet/{device}/*", true},
    {"before_a_dot", "fleet/{device}.json", true},
    {"at_the_end", "fleet/{device}", true},
    {"no_device", "fleet/*/public", true},
    {"behind_a_star", "fleet/*/{device}/*", false},
    {"behind_another_variable", "fleet/{digits:2}/{device}/*", false},
    {"behind_one_of_the_bucket", "fleet-{digits:2}/{device}/*", true},
    {"behind_any_bucket", "{bucket}/{device}/*", true},
    {"before_another_variable", "fleet/{device}{digits:2}/*", false},
    {"before_a_star", "fleet/{device}*", false},
    {"before_itself", "fleet/{device}{device}/*", false},
};

class FaultForRamp : public testing::TestWithParam<PlaceCase> {};

TEST_P(FaultForRamp, names_what_hides_an_id) {
    EXPECT_EQ(!fault_for_ramp({{"PutObject"}, GetParam().on}), GetParam().sound);
}
INSTANTIATE_TEST_SUITE_P(table, FaultForRamp, testing::ValuesIn(place_cases),
                         [](const auto& row) { return row.param.name; });

TEST(FaultForRamp, is_for_rules_about_devices) {
    EXPECT_FALSE(fault_for_ramp({{"PutObject"}, "fleet/*", ClientKind::credentials}));
}

}  // namespace
}  // namespace sallyport::gateway
