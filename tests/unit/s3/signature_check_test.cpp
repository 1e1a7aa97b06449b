#include "s3/signature_check.h"

#include "s3/authorization.h"
#include "s3/payload_hash.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

using namespace std::chrono_literals;
using Kind = PayloadPromise::Kind;

const std::chrono::sys_seconds noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + 12h;
constexpr std::string_view device_key = "DEVICEKEY";
constexpr std::string_view device_secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

SecretKey secret(std::string_view text = device_secret) {
    return std::move(*SecretKey::parse(text));
}

std::optional<SigningKey> key_of(const AccessKey& key, const CredentialScope& scope) {
    if (key.text() != device_key) return std::nullopt;
    return SigningKey(secret(), scope);
}

SignatureTerms terms(std::chrono::sys_seconds now = noon) {
    return {now, 15min, "eu-west-1", key_of};
}

/// A request that owns its texts, so that tests can change them.
struct Request {
    std::string method = "PUT";
    std::string target = "/fleet/AABBCCDD/a%20b?partNumber=1&uploadId=x";
    std::vector<std::pair<std::string, std::string>> fields = {
        {"Host", "gw.example.test:9443"},
        {"x-amz-content-sha256", std::string(unsigned_payload)},
        {"x-amz-date", amz_date(noon)},
        {"x-amz-meta-a", "value"},
        {"Content-Type", "text/plain"}};

    std::vector<HeaderField> views() const {
        std::vector<HeaderField> all;
        for (const auto& [name, value] : fields)
            all.push_back({name, value});
        return all;
    }
    std::string& field(std::string_view name) {
        return std::ranges::find(fields, name, [](const auto& each) { return each.first; })->second;
    }
    void remove(std::string_view name) {
        std::erase_if(fields, [&](const auto& each) { return each.first == name; });
    }
};

/// What a signer signs otherwise than it should.
struct Signing {
    std::string key = std::string(device_key);
    std::string secret_text = std::string(device_secret);
    std::string region = "eu-west-1";
    std::chrono::sys_seconds time = noon;
    std::vector<std::string_view> signed_fields = {"host", "x-amz-content-sha256", "x-amz-date",
                                                   "x-amz-meta-a"};
};

void add_authorization(Request& request, const Signing& how = {}) {
    const auto views = request.views();
    const auto made =
        sign({request.method, request.target, views, request.field("x-amz-content-sha256")},
             how.signed_fields, *AccessKey::parse(how.key), secret(how.secret_text), how.region, how.time);
    request.fields.emplace_back("Authorization", authorization_header(*made));
}

void presign(Request& request, std::chrono::seconds expires, const Signing& how = {}) {
    for (const char* name : {"x-amz-content-sha256", "x-amz-date", "x-amz-meta-a"})
        request.remove(name);
    const auto views = request.views();
    const AccessKey key = *AccessKey::parse(how.key);
    const SecretKey own = secret(how.secret_text);
    const std::vector<std::string_view> names{"host"};
    const auto query = presigned_query({request.method, request.target, views, unsigned_payload}, names,
                                       {key, own, "", how.region, how.time, expires});
    request.target = request.target.substr(0, request.target.find('?')) + '?' + *query;
}

SignatureResult<CheckedSignature> check(const Request& request,
                                        const SignatureTerms& held_against = terms()) {
    const auto views = request.views();
    return check_signature({request.method, request.target, views}, held_against);
}

std::string text_of(const SignatureResult<CheckedSignature>& result) {
    return result ? "accepted"
                  : std::to_string(static_cast<int>(result.error().fault)) + " " + result.error().detail;
}

TEST(SignatureCheck, takes_a_signed_field) {
    Request request;
    add_authorization(request);
    const auto checked = check(request);
    ASSERT_TRUE(checked) << text_of(checked);
    EXPECT_EQ(checked->authorization.access_key.text(), device_key);
    EXPECT_EQ(checked->time, noon);
    EXPECT_EQ(checked->payload.kind, Kind::nothing);
}

TEST(SignatureCheck, takes_a_presigned_query) {
    Request request;
    presign(request, 60s);
    const auto checked = check(request, terms(noon + 60s));
    ASSERT_TRUE(checked) << text_of(checked);
    EXPECT_EQ(checked->payload.kind, Kind::nothing);
}

struct Refused {
    const char* name;
    std::function<void(Request&)> make;  ///< from an unsigned one
    SignatureFault fault;
    std::chrono::seconds later = 0s;  ///< when it is looked at
};

void signed_then(Request& request, const std::function<void(Request&)>& change, const Signing& how = {}) {
    add_authorization(request, how);
    change(request);
}

const Refused refused_cases[] = {
    {"unsigned", [](Request&) {}, SignatureFault::missing},
    {"two_fields",
     [](Request& r) { signed_then(r, [](Request& q) { q.fields.push_back(q.fields.back()); }); },
     SignatureFault::twice},
    {"second_field_in_other_case",
     [](Request& r) {
         signed_then(r, [](Request& q) { q.fields.emplace_back("AUTHORIZATION", q.fields.back().second); });
     },
     SignatureFault::twice},
    {"field_and_query",
     [](Request& r) {
         const Request plain = r;
         add_authorization(r);
         Request other = plain;
         presign(other, 60s);
         r.target = other.target;
     },
     SignatureFault::twice},
    {"version_2", [](Request& r) { r.fields.emplace_back("Authorization", "AWS KEY:c2lnbmF0dXJl"); },
     SignatureFault::version_2},
    {"other_scheme", [](Request& r) { r.fields.emplace_back("Authorization", "Bearer x"); },
     SignatureFault::malformed_header},
    {"no_date", [](Request& r) { signed_then(r, [](Request& q) { q.remove("x-amz-date"); }); },
     SignatureFault::malformed_header},
    {"date_twice",
     [](Request& r) {
         signed_then(r, [](Request& q) { q.fields.emplace_back("X-Amz-Date", amz_date(noon)); });
     },
     SignatureFault::malformed_header},
    {"no_payload_hash",
     [](Request& r) { signed_then(r, [](Request& q) { q.remove("x-amz-content-sha256"); }); },
     SignatureFault::malformed_header},
    {"unknown_payload",
     [](Request& r) {
         r.field("x-amz-content-sha256") = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";
         add_authorization(r);
     },
     SignatureFault::malformed_payload},
    {"payload_hash_in_capitals",
     [](Request& r) {
         r.field("x-amz-content-sha256") = std::string(64, 'A');
         add_authorization(r);
     },
     SignatureFault::malformed_payload},
    {"day_of_another_date",
     [](Request& r) { signed_then(r, [](Request& q) { q.field("x-amz-date") = amz_date(noon - 24h); }); },
     SignatureFault::wrong_scope},
    {"other_region", [](Request& r) { add_authorization(r, {.region = "us-east-1"}); },
     SignatureFault::wrong_scope},
    {"other_service",
     [](Request& r) {
         signed_then(r, [](Request& q) {
             std::string& value = q.fields.back().second;
             value.replace(value.find("/s3/"), 4, "/iam/");
         });
     },
     SignatureFault::wrong_scope},
    {"unknown_key", [](Request& r) { add_authorization(r, {.key = "STRANGER"}); },
     SignatureFault::unknown_key},
    {"other_secret", [](Request& r) { add_authorization(r, {.secret_text = "guessed"}); },
     SignatureFault::mismatch},
    {"host_not_signed",
     [](Request& r) {
         add_authorization(r, {.signed_fields = {"x-amz-content-sha256", "x-amz-date", "x-amz-meta-a"}});
     },
     SignatureFault::uncovered_field},
    {"amz_field_not_signed",
     [](Request& r) {
         add_authorization(r, {.signed_fields = {"host", "x-amz-content-sha256", "x-amz-date"}});
     },
     SignatureFault::uncovered_field},
    {"amz_field_added",
     [](Request& r) {
         signed_then(r, [](Request& q) { q.fields.emplace_back("X-Amz-Copy-Source", "/fleet/other/x"); });
     },
     SignatureFault::uncovered_field},
    {"amz_field_added_to_presigned",
     [](Request& r) {
         presign(r, 60s);
         r.fields.emplace_back("x-amz-acl", "public-read");
     },
     SignatureFault::uncovered_field},
    {"too_early", [](Request& r) { add_authorization(r); }, SignatureFault::skewed, -(15min + 1s)},
    {"too_late", [](Request& r) { add_authorization(r); }, SignatureFault::skewed, 15min + 1s},
    {"presigned_expired", [](Request& r) { presign(r, 60s); }, SignatureFault::expired, 61s},
    {"presigned_for_later", [](Request& r) { presign(r, 60s); }, SignatureFault::not_yet_valid,
     -(15min + 1s)},
    {"presigned_query_changed",
     [](Request& r) {
         presign(r, 60s);
         r.target.replace(r.target.find("Expires=60"), 10, "Expires=61");
     },
     SignatureFault::mismatch},
    {"presigned_query_broken",
     [](Request& r) {
         presign(r, 60s);
         r.target.replace(r.target.find("Expires=60"), 10, "Expires=-1");
     },
     SignatureFault::malformed_query},
    {"payload_in_field_and_presigned_query",
     [](Request& r) {
         r.target += "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD";
         presign(r, 60s);
         r.fields.emplace_back("x-amz-content-sha256", std::string(empty_payload));
     },
     SignatureFault::malformed_query},
};

class RefusedSignature : public testing::TestWithParam<Refused> {};

TEST_P(RefusedSignature, is_refused_for_its_reason) {
    Request request;
    GetParam().make(request);
    const auto checked = check(request, terms(noon + GetParam().later));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().fault, GetParam().fault) << text_of(checked);
    EXPECT_EQ(checked.error().string_to_sign.empty(), GetParam().fault != SignatureFault::mismatch);
}
INSTANTIATE_TEST_SUITE_P(table, RefusedSignature, testing::ValuesIn(refused_cases),
                         [](const auto& row) { return row.param.name; });

/// The nearest neighbours of those above.
TEST(SignatureCheck, takes_what_is_just_in_time) {
    Request request;
    add_authorization(request);
    EXPECT_TRUE(check(request, terms(noon + 15min)));
    EXPECT_TRUE(check(request, terms(noon - 15min)));
    SignatureTerms any_region = terms();
    any_region.region = "";
    Request elsewhere;
    add_authorization(elsewhere, {.region = "us-east-1"});
    EXPECT_TRUE(check(elsewhere, any_region));
}

/// Whatever is signed: one bit of it changed, and nothing is accepted.
TEST(SignatureCheck, sees_every_changed_byte) {
    Request good;
    add_authorization(good);
    ASSERT_TRUE(check(good));
    const auto sees = [&](const std::function<std::string&(Request&)>& part) {
        const std::string before = part(good);
        for (std::size_t at = 0; at < before.size(); ++at) {
            Request changed = good;
            part(changed)[at] = static_cast<char>(before[at] ^ 1);
            EXPECT_FALSE(check(changed)) << part(changed);
        }
    };
    sees([](Request& request) -> std::string& { return request.method; });
    sees([](Request& request) -> std::string& { return request.target; });
    for (const char* name : {"Host", "x-amz-content-sha256", "x-amz-date", "x-amz-meta-a", "Authorization"})
        sees([name](Request& request) -> std::string& { return request.field(name); });
}

struct PromiseCase {
    const char* value;
    std::optional<Kind> kind;
    bool has_signatures = false;
    bool has_trailer = false;
};

TEST(PayloadPromise, has_five_forms) {
    const PromiseCase cases[] = {
        {"UNSIGNED-PAYLOAD", Kind::nothing},
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Kind::hash},
        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Kind::chunks, true, false},
        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Kind::chunks, true, true},
        {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", Kind::chunks, false, true},
        {"STREAMING-UNSIGNED-PAYLOAD", std::nullopt},
        {"unsigned-payload", std::nullopt},
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", std::nullopt},
        {"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", std::nullopt},
        {"", std::nullopt},
    };
    for (const PromiseCase& row : cases) {
        const auto promise = parse_payload_promise(row.value);
        ASSERT_EQ(promise.has_value(), row.kind.has_value()) << row.value;
        if (!promise) continue;
        EXPECT_EQ(promise->kind, *row.kind) << row.value;
        EXPECT_EQ(promise->form.has_signatures, row.has_signatures) << row.value;
        EXPECT_EQ(promise->form.has_trailer, row.has_trailer) << row.value;
        EXPECT_EQ(promise->sha256, row.kind == Kind::hash ? row.value : "") << row.value;
    }
}

}  // namespace
}  // namespace sallyport::s3
