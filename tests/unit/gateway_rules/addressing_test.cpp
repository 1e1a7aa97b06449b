#include "gateway/rules/addressing.h"

#include "gateway/rules/s3_operation.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

const HostNames virtual_hosts = {"s3.example", "store.test"};
constexpr const char* ambiguous = "(ambiguous)";

struct AddressRow {
    const char* name;
    const char* host;
    const char* path;
    const char* address;  ///< bucket/key, or `ambiguous`
    bool in_doubt = false;
};

const AddressRow address_rows[] = {
    {"bucket_in_host", "fleet.s3.example", "/A1/x", "fleet/A1/x"},
    {"bucket_in_path", "s3.example", "/fleet/A1/x", "fleet/A1/x"},
    {"second_virtual_host", "fleet.store.test", "/A1/x", "fleet/A1/x"},
    {"no_virtual_host", "fleet.s3.other", "/bkt/A1/x", "bkt/A1/x"},
    {"port", "fleet.s3.example:8443", "/A1/x", "fleet/A1/x"},
    {"port_and_bucket_in_path", "s3.example:8443", "/fleet/A1/x", "fleet/A1/x"},
    {"port_of_no_virtual_host", "fleet.s3.other:443", "/bkt/A1", "bkt/A1"},
    {"address", "192.0.2.1", "/fleet/A1/x", "fleet/A1/x"},
    {"ipv6", "[2001:db8::1]:8443", "/fleet/A1/x", "fleet/A1/x"},
    {"bucket_alone", "fleet.s3.example", "/", "fleet/"},
    {"service", "s3.example", "/", "/"},
    {"key_like_a_bucket", "fleet.s3.example", "/other/x", "fleet/other/x"},
    {"key_is_the_bucket", "fleet.s3.example", "/fleet", ambiguous},
    {"bucket_in_both", "fleet.s3.example", "/fleet/A1/x", ambiguous},
    {"bucket_in_both_encoded", "fleet.s3.example", "/%66leet/A1/x", ambiguous},
    {"longer_than_the_bucket", "fleet.s3.example", "/fleet2/x", "fleet/fleet2/x"},
    {"bucket_deeper", "fleet.s3.example", "/A1/fleet/x", "fleet/A1/fleet/x"},
    {"other_bucket_in_path", "s3.example", "/fleet/fleet/x", "fleet/fleet/x"},
    {"two_labels", "a.fleet.s3.example", "/x", ambiguous},
    {"name_with_dot_in_path", "s3.example", "/a.fleet/x", "a.fleet/x"},
    {"empty_label", ".s3.example", "/fleet/x", ambiguous},
    {"label_too_short", "fl.s3.example", "/x", ambiguous},
    {"label_long_enough", "flt.s3.example", "/x", "flt/x"},
    {"label_with_underscore", "fl_eet.s3.example", "/x", ambiguous},
    {"label_begins_with_hyphen", "-fleet.s3.example", "/x", ambiguous},
    {"label_with_hyphen", "fl-eet.s3.example", "/x", "fl-eet/x"},
    {"label_of_digits", "123.s3.example", "/x", "123/x"},
    {"label_in_capitals", "FLEET.s3.example", "/x", ambiguous},
    {"virtual_host_in_capitals", "fleet.S3.example", "/x", ambiguous},
    {"capitals_in_path_style", "S3.Example", "/fleet/x", "fleet/x"},
    {"longer_name", "fleets3.example", "/bkt/x", "bkt/x"},
    {"suffix_of_a_name", "3.example", "/bkt/x", "bkt/x"},
    {"name_and_more", "fleet.s3.example.org", "/bkt/x", "bkt/x"},
    {"dot_segment", "fleet.s3.example", "/A1/../x", ambiguous},
    {"dot_segment_first", "fleet.s3.example", "/../x", ambiguous},
    {"dots_in_a_name", "fleet.s3.example", "/..x", "fleet/..x"},
    {"empty_segment", "fleet.s3.example", "/A1//x", "fleet/A1//x", true},
    {"empty_segment_first", "fleet.s3.example", "//A1/x", "fleet//A1/x", true},
    {"empty_segments_only", "fleet.s3.example", "//", ambiguous},
    {"bucket_in_both_behind_an_empty_segment", "fleet.s3.example", "//fleet/A1/x", ambiguous},
    {"encoded_twice", "fleet.s3.example", "/50%2520off", "fleet/50%20off", true},
    {"slash_encoded", "fleet.s3.example", "/A1%2Fx", ambiguous},
    {"space_encoded", "fleet.s3.example", "/A1%20x", "fleet/A1 x"},
    {"backslash", "fleet.s3.example", "/A1%5Cx", ambiguous},
    {"semicolon", "fleet.s3.example", "/A1;a=b", ambiguous},
    {"key_in_capitals", "fleet.s3.example", "/A1", "fleet/A1"},
    {"no_host", "", "/fleet/A1/x", "fleet/A1/x"},
};

class Address : public testing::TestWithParam<AddressRow> {};

TEST_P(Address, has_one_reading_or_none) {
    const AddressRow& row = GetParam();
    const auto reading = judge_address(row.path, row.host, virtual_hosts);
    if (row.address == ambiguous) {
        ASSERT_FALSE(reading) << reading->address.bucket << "/" << reading->address.key;
        EXPECT_EQ(reading.error().reason, Reason::ambiguous_path);
        return;
    }
    ASSERT_TRUE(reading) << reading.error().detail;
    EXPECT_EQ(reading->address.bucket + "/" + reading->address.key, row.address);
    EXPECT_EQ(!reading->ambiguity.empty(), row.in_doubt);
}
INSTANTIATE_TEST_SUITE_P(table, Address, testing::ValuesIn(address_rows),
                         [](const auto& row) { return row.param.name; });

TEST(Address, is_in_path_style_without_virtual_hosts) {
    EXPECT_EQ(judge_address("/bkt/A1", "fleet.s3.example", {}).value().address,
              (s3::ObjectAddress{"bkt", "A1"}));
}

struct LevelRow {
    const char* name;
    const char* method;
    const char* target;
    const char* action;
};

/// What is the bucket in path style is an object below a virtual host.
const LevelRow level_rows[] = {
    {"list", "GET", "/", "ListObjects"},
    {"list_v2", "GET", "/?list-type=2&prefix=A1%2F", "ListObjectsV2"},
    {"get", "GET", "/bkt", "GetObject"},
    {"put", "PUT", "/bkt", "PutObject"},
    {"create_bucket", "PUT", "/", "CreateBucket"},
    {"delete_many", "POST", "/?delete", "DeleteObjects"},
    {"delete_many_of_an_object", "POST", "/bkt?delete", "Unknown"},
    {"bucket_policy", "GET", "/?policy", "GetBucketPolicy"},
    {"bucket_policy_of_an_object", "GET", "/bkt?policy", "Unknown"},
};

class Levels : public testing::TestWithParam<LevelRow> {};

TEST_P(Levels, follow_from_the_host) {
    const RequestHead head{GetParam().method, GetParam().target, 11, {{"hOST", "fleet.s3.example:8443"}}};
    const S3Operation operation = classify(head, virtual_hosts).value();
    EXPECT_EQ(operation.action, GetParam().action);
    EXPECT_EQ(operation.address.bucket, "fleet");
}
INSTANTIATE_TEST_SUITE_P(table, Levels, testing::ValuesIn(level_rows),
                         [](const auto& row) { return row.param.name; });

TEST(Levels, copy_sources_are_in_path_style_below_a_virtual_host_too) {
    const RequestHead head{
        "PUT", "/A1/to", 11, {{"Host", "fleet.s3.example"}, {"x-amz-copy-source", "/other/A1/x"}}};
    const S3Operation copy = classify(head, virtual_hosts).value();
    EXPECT_EQ(copy.address, (s3::ObjectAddress{"fleet", "A1/to"}));
    EXPECT_EQ(copy.copy_source, (s3::ObjectAddress{"other", "A1/x"}));
}

struct FaultRow {
    const char* name;
    HostNames names;
    bool sound;
};

const FaultRow fault_rows[] = {
    {"none", {}, true},
    {"one", {"s3.example.com"}, true},
    {"one_label", {"localhost"}, true},
    {"empty", {""}, false},
    {"capitals", {"S3.example.com"}, false},
    {"port", {"s3.example.com:443"}, false},
    {"wildcard", {"*.s3.example.com"}, false},
    {"dot_first", {".example.com"}, false},
    {"dot_last", {"example.com."}, false},
    {"two_dots", {"s3..example.com"}, false},
    {"hyphen", {"s-3.example.com"}, true},
    {"hyphen_first", {"-s3.example.com"}, false},
    {"hyphen_last", {"s3-.example.com"}, false},
    {"underscore", {"s_3.example.com"}, false},
    {"address", {"192.0.2.1"}, false},
    {"ipv6", {"[2001:db8::1]"}, false},
    {"number_first", {"3.example.com"}, true},
    {"longest_label", {std::string(63, 'a') + ".test"}, true},
    {"label_too_long", {std::string(64, 'a') + ".test"}, false},
    {"two", {"s3.example.com", "s3.example.org"}, true},
    {"twice", {"s3.example.com", "s3.example.com"}, false},
    {"one_below_another", {"example.com", "s3.example.com"}, false},
    {"one_below_another_in_other_order", {"s3.example.com", "example.com"}, false},
    {"one_deep_below_another", {"a.b.example.com", "example.com"}, false},
    {"same_end", {"example.com", "s3example.com"}, true},
};

class VirtualHostFault : public testing::TestWithParam<FaultRow> {};

TEST_P(VirtualHostFault, is_found) {
    EXPECT_EQ(fault_of_virtual_hosts(GetParam().names) == std::nullopt, GetParam().sound);
}
INSTANTIATE_TEST_SUITE_P(table, VirtualHostFault, testing::ValuesIn(fault_rows),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
