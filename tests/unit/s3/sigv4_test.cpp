#include "s3/sigv4.h"

#include "s3/authorization.h"
#include "s3/payload_hash.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

/// One folder of tests/vectors/sigv4: what goes in, and what each stage must give.
struct Vector {
    std::string folder;
    std::string method, target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::map<std::string, std::string> inputs;

    std::string expected(const std::string& stage) const {
        std::ifstream file(folder + "/" + stage, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    std::vector<HeaderField> fields() const {
        std::vector<HeaderField> views;
        for (const auto& [name, value] : headers)
            views.push_back({name, value});
        return views;
    }
    std::vector<std::string_view> signed_headers() const {
        std::vector<std::string_view> names;
        for (std::string_view list = inputs.at("signed_headers"); !list.empty();) {
            const std::size_t end = std::min(list.find(';'), list.size());
            names.push_back(list.substr(0, end));
            list.remove_prefix(std::min(end + 1, list.size()));
        }
        return names;
    }
};

Vector load(const std::string& name) {
    Vector vector{SALLYPORT_SOURCE_DIR "/tests/vectors/sigv4/" + name, "", "", {}, {}};
    std::ifstream request(vector.folder + "/request");
    std::string line, version;
    std::getline(request, line);
    std::istringstream(line) >> vector.method >> vector.target >> version;
    while (std::getline(request, line) && !line.empty()) {
        const std::size_t colon = line.find(':');
        vector.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
    std::ifstream inputs(vector.folder + "/inputs");
    for (std::string key, value; inputs >> key >> value;)
        vector.inputs[key] = value;
    return vector;
}

std::vector<std::string> vector_names() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/tests/vectors/sigv4")) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

class Sigv4Vector : public testing::TestWithParam<std::string> {};

TEST_P(Sigv4Vector, every_stage_matches) {
    const Vector vector = load(GetParam());
    const auto secret = SecretKey::parse(vector.inputs.at("secret_key"));
    const auto access = AccessKey::parse(vector.inputs.at("access_key"));
    const auto time = parse_amz_date(vector.inputs.at("date"));
    ASSERT_TRUE(secret && access && time);
    const CredentialScope scope = scope_at(*time, vector.inputs.at("region"));
    const auto fields = vector.fields();
    const auto names = canonical_header_names(vector.signed_headers());
    ASSERT_TRUE(names);
    SignedRequest request{vector.method, vector.target, fields, vector.inputs.at("payload_hash")};

    const std::chrono::seconds expires{std::stoi(vector.inputs.at("expires"))};
    std::string presigned_target;
    if (expires.count() != 0) {
        const auto query = presigned_query(request, vector.signed_headers(),
                                           {*access, *secret, "", scope.region, *time, expires});
        ASSERT_TRUE(query);
        const auto claims = parse_presigned_query(*query);
        ASSERT_TRUE(claims) << claims.error().message;
        EXPECT_EQ(claims->authorization.signature, vector.expected("signature"));
        EXPECT_EQ(claims->expires, expires);
        presigned_target = vector.target + "?" + claims->unsigned_query;
        request.target = presigned_target;
    } else {
        const auto made = sign(request, vector.signed_headers(), *access, *secret, scope.region, *time);
        ASSERT_TRUE(made);
        EXPECT_EQ(made->signature, vector.expected("signature"));
        const auto parsed = parse_authorization(authorization_header(*made));
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(parsed->access_key, made->access_key);
        EXPECT_EQ(parsed->scope, made->scope);
        EXPECT_EQ(parsed->signed_headers, made->signed_headers);
        EXPECT_EQ(parsed->signature, made->signature);
    }
    const auto canonical = canonical_request(request, *names);
    ASSERT_TRUE(canonical) << canonical.error().message;
    EXPECT_EQ(*canonical, vector.expected("canonical_request"));
    const std::string text = string_to_sign(*time, scope, *canonical);
    EXPECT_EQ(text, vector.expected("string_to_sign"));
    EXPECT_EQ(to_hex(SigningKey{*secret, scope}.bytes()), vector.expected("signing_key"));
    EXPECT_EQ(signature(SigningKey{*secret, scope}, text), vector.expected("signature"));
}

INSTANTIATE_TEST_SUITE_P(vectors, Sigv4Vector, testing::ValuesIn(vector_names()),
                         [](const auto& row) { return row.param; });

struct CanonicalHeaderCase {
    const char* name;
    std::vector<HeaderField> headers;
    std::vector<std::string> signed_headers;
    const char* lines;  ///< nullptr: refused
};

const CanonicalHeaderCase canonical_header_cases[] = {
    {"outer_space_goes", {{"Host", "  a.test\t"}}, {"host"}, "host:a.test\n"},
    {"inner_space_is_one", {{"X-Amz-Meta-A", "a  b\t c"}}, {"x-amz-meta-a"}, "x-amz-meta-a:a b c\n"},
    {"repeats_join", {{"A", "1"}, {"b", "x"}, {"a", " 2 "}}, {"a"}, "a:1,2\n"},
    {"empty_value", {{"a", ""}}, {"a"}, "a:\n"},
    {"only_the_named", {{"host", "h"}, {"range", "bytes=0-9"}}, {"host"}, "host:h\n"},
    {"missing_header", {{"host", "h"}}, {"host", "range"}, nullptr},
    {"near_name_is_missing", {{"hosts", "h"}}, {"host"}, nullptr},
    {"line_break_in_value", {{"a", "1\nhost:evil"}}, {"a"}, nullptr},
};

class CanonicalHeaders : public testing::TestWithParam<CanonicalHeaderCase> {};

TEST_P(CanonicalHeaders, are_exact) {
    const auto& row = GetParam();
    const auto canonical =
        canonical_request({"GET", "/", row.headers, "UNSIGNED-PAYLOAD"}, row.signed_headers);
    ASSERT_EQ(static_cast<bool>(canonical), row.lines != nullptr);
    if (canonical) {
        EXPECT_EQ(canonical->substr(0, canonical->rfind("\n\n") + 1), std::string{"GET\n/\n\n"} + row.lines);
    }
}

INSTANTIATE_TEST_SUITE_P(table, CanonicalHeaders, testing::ValuesIn(canonical_header_cases),
                         [](const auto& row) { return row.param.name; });

TEST(CanonicalHeaderNames, are_lower_case_sorted_and_distinct) {
    const std::string_view mixed[] = {"X-Amz-Date", "host"};
    EXPECT_EQ(*canonical_header_names(mixed), (std::vector<std::string>{"host", "x-amz-date"}));
    const std::string_view twice[] = {"Host", "host"};
    EXPECT_FALSE(canonical_header_names(twice));
    const std::string_view no_token[] = {"host;range"};
    EXPECT_FALSE(canonical_header_names(no_token));
    EXPECT_FALSE(canonical_header_names({}));
}

TEST(Signatures, compare_by_value_and_length) {
    EXPECT_TRUE(signatures_equal("abcd", "abcd"));
    EXPECT_FALSE(signatures_equal("abcd", "abce"));
    EXPECT_FALSE(signatures_equal("abcd", "abc"));
}

struct PresignCase {
    const char* name;
    const char* target;
    int expires;
    bool accepted;
};

const PresignCase presign_cases[] = {
    {"one_second", "/b/k", 1, true},
    {"zero_seconds", "/b/k", 0, false},
    {"seven_days", "/b/k", 604800, true},
    {"over_seven_days", "/b/k", 604801, false},
    {"other_parameter", "/b/k?versionId=1", 60, true},
    {"signed_already", "/b/k?X-Amz-Date=20200101T000000Z", 60, false},
    {"signed_already_in_lower_case", "/b/k?x-amz-signature=0", 60, false},
};

class Presign : public testing::TestWithParam<PresignCase> {};

TEST_P(Presign, limits_hold) {
    const auto access = AccessKey::parse("AKIAIOSFODNN7EXAMPLE");
    const auto secret = SecretKey::parse("secret");
    const HeaderField headers[] = {{"host", "h"}};
    const std::string_view names[] = {"host"};
    const auto query =
        presigned_query({"GET", GetParam().target, headers, "UNSIGNED-PAYLOAD"}, names,
                        {*access, *secret, "", "us-east-1", {}, std::chrono::seconds{GetParam().expires}});
    EXPECT_EQ(static_cast<bool>(query), GetParam().accepted);
}

INSTANTIATE_TEST_SUITE_P(table, Presign, testing::ValuesIn(presign_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::s3
