#include "s3/authorization.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

const std::string hex(64, 'a');
const std::string credential = "Credential=AK/20130524/us-east-1/s3/aws4_request";
const std::string algorithm = "AWS4-HMAC-SHA256 ";

struct HeaderCase {
    const char* name;
    std::string value;
    bool accepted;
};

const HeaderCase header_cases[] = {
    {"no_spaces", algorithm + credential + ",SignedHeaders=host;range,Signature=" + hex, true},
    {"spaces", algorithm + credential + ", SignedHeaders=host, Signature=" + hex, true},
    {"other_order", algorithm + "Signature=" + hex + "," + credential + ",SignedHeaders=host", true},
    {"version_2", "AWS AK:c2lnbmF0dXJl", false},
    {"algorithm_prefix", "AWS4-HMAC-SHA256X " + credential + ",SignedHeaders=host,Signature=" + hex, false},
    {"no_signature", algorithm + credential + ",SignedHeaders=host", false},
    {"part_twice", algorithm + credential + ",SignedHeaders=host,Signature=" + hex + ",Signature=" + hex,
     false},
    {"unknown_part", algorithm + credential + ",SignedHeaders=host,Signature=" + hex + ",X=1", false},
    {"trailing_comma", algorithm + credential + ",SignedHeaders=host,Signature=" + hex + ",", false},
    {"unsorted_headers", algorithm + credential + ",SignedHeaders=range;host,Signature=" + hex, false},
    {"upper_case_header", algorithm + credential + ",SignedHeaders=Host,Signature=" + hex, false},
    {"header_twice", algorithm + credential + ",SignedHeaders=host;host,Signature=" + hex, false},
    {"no_headers", algorithm + credential + ",SignedHeaders=,Signature=" + hex, false},
    {"short_signature", algorithm + credential + ",SignedHeaders=host,Signature=" + hex.substr(1), false},
    {"upper_case_signature", algorithm + credential + ",SignedHeaders=host,Signature=" + std::string(64, 'A'),
     false},
    {"slash_in_key",
     algorithm + "Credential=A/K/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" + hex,
     false},
    {"no_key",
     algorithm + "Credential=/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" + hex, false},
    {"no_region", algorithm + "Credential=AK/20130524//s3/aws4_request,SignedHeaders=host,Signature=" + hex,
     false},
    {"impossible_day",
     algorithm + "Credential=AK/20130532/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" + hex,
     false},
    {"other_terminator",
     algorithm + "Credential=AK/20130524/us-east-1/s3/aws5_request,SignedHeaders=host,Signature=" + hex,
     false},
    {"too_long", algorithm + credential + ",SignedHeaders=host,Signature=" + hex + std::string(4096, ' '),
     false},
};

class AuthorizationHeader : public testing::TestWithParam<HeaderCase> {};

TEST_P(AuthorizationHeader, is_read_strictly) {
    const auto parsed = parse_authorization(GetParam().value);
    ASSERT_EQ(static_cast<bool>(parsed), GetParam().accepted);
    if (parsed) {
        EXPECT_EQ(parsed->access_key.text(), "AK");
        EXPECT_EQ(parsed->scope.text(), "20130524/us-east-1/s3/aws4_request");
        EXPECT_EQ(parsed->signed_headers.front(), "host");
        EXPECT_EQ(parsed->signature, hex);
    }
}

INSTANTIATE_TEST_SUITE_P(table, AuthorizationHeader, testing::ValuesIn(header_cases),
                         [](const auto& row) { return row.param.name; });

const std::string presigned =
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&"
    "X-Amz-Date=20130524T000000Z&X-Amz-SignedHeaders=host";

const HeaderCase query_cases[] = {
    {"whole", presigned + "&X-Amz-Expires=86400&X-Amz-Signature=" + hex, true},
    {"with_token", presigned + "&X-Amz-Expires=1&X-Amz-Security-Token=t&X-Amz-Signature=" + hex, true},
    {"no_signature", presigned + "&X-Amz-Expires=86400", false},
    {"date_twice", presigned + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-Signature=" + hex,
     false},
    {"wrong_case", presigned + "&X-Amz-Expires=86400&x-amz-expires=1&X-Amz-Signature=" + hex, false},
    {"expires_zero", presigned + "&X-Amz-Expires=0&X-Amz-Signature=" + hex, false},
    {"expires_over_a_week", presigned + "&X-Amz-Expires=604801&X-Amz-Signature=" + hex, false},
    {"expires_with_unit", presigned + "&X-Amz-Expires=60s&X-Amz-Signature=" + hex, false},
    {"other_day",
     "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20130525%2Fus-east-1%2Fs3%2Faws4_request&"
     "X-Amz-Date=20130524T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=60&X-Amz-Signature=" +
         hex,
     false},
};

class PresignedQuery : public testing::TestWithParam<HeaderCase> {};

TEST_P(PresignedQuery, is_read_strictly) {
    const auto parsed = parse_presigned_query(GetParam().value + "&versionId=7");
    ASSERT_EQ(static_cast<bool>(parsed), GetParam().accepted);
    if (parsed) {
        EXPECT_EQ(amz_date(parsed->time), "20130524T000000Z");
        EXPECT_EQ(parsed->unsigned_query.find("X-Amz-Signature"), std::string::npos);
        EXPECT_NE(parsed->unsigned_query.find("versionId=7"), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(table, PresignedQuery, testing::ValuesIn(query_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::s3
