#include "gateway/sigv4_command.h"

#include "pki/file.h"
#include "s3/authorization.h"
#include "s3/field_name.h"
#include "s3/payload_hash.h"
#include "s3/sigv4.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

pki::Error fault(const std::string& message) {
    return {pki::Fault::input, message};
}

/// A request as it is described, complete and of the right types.
struct Described {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string payload_hash;
    std::string access_key;
    std::string secret_key;
    std::string session_token;
    std::string region;
    std::string service;
    std::string date;
    bool in_query = false;
    std::int64_t expires = 0;
    std::vector<std::string> signed_headers;

    Described() = default;
    Described(Described&&) = default;
    Described& operator=(Described&&) = delete;
    ~Described() { pki::wipe(secret_key); }
};

class Reader {
  public:
    explicit Reader(const json::object& object) : object_(object) {}

    std::string text(std::string_view name, std::optional<std::string> otherwise = std::nullopt) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr || value->is_null()) {
            if (!otherwise) complain(std::string(name) + " is missing");
            return otherwise.value_or("");
        }
        if (!value->is_string()) {
            complain(std::string(name) + " is no string");
            return "";
        }
        return std::string(value->get_string());
    }

    std::int64_t number(std::string_view name, std::int64_t otherwise) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr || value->is_null()) return otherwise;
        if (!value->is_int64()) complain(std::string(name) + " is no whole number");
        return value->is_int64() ? value->get_int64() : otherwise;
    }

    std::vector<std::string> names(std::string_view name) {
        std::vector<std::string> found;
        const json::value* value = object_.if_contains(name);
        if (value == nullptr || !value->is_array()) {
            complain(std::string(name) + " is no list of names");
            return found;
        }
        for (const json::value& each : value->get_array()) {
            if (!each.is_string()) complain(std::string(name) + ": an entry is no string");
            if (each.is_string()) found.emplace_back(each.get_string());
        }
        return found;
    }

    std::vector<std::pair<std::string, std::string>> headers() {
        std::vector<std::pair<std::string, std::string>> found;
        const json::value* value = object_.if_contains("headers");
        if (value == nullptr || value->is_null()) return found;
        if (!value->is_array()) complain("headers is no list");
        if (!value->is_array()) return found;
        for (const json::value& each : value->get_array()) {
            const json::array* pair = each.if_array();
            const bool sound =
                pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string();
            if (!sound) complain("headers: an entry is not [name, value]");
            if (sound) found.emplace_back((*pair)[0].get_string(), (*pair)[1].get_string());
        }
        return found;
    }

    const std::optional<std::string>& complaint() const { return complaint_; }

  private:
    void complain(std::string what) {
        if (!complaint_) complaint_ = std::move(what);
    }

    const json::object& object_;
    std::optional<std::string> complaint_;
};

pki::Result<Described> describe(std::string_view input) {
    boost::system::error_code error;
    json::value document = json::parse(input, error);
    if (error) return fault("the input is no JSON: " + error.message());
    if (!document.is_object()) return fault("the input is no JSON object");
    Reader reader(document.get_object());
    Described request;
    request.method = reader.text("method");
    request.target = reader.text("target");
    request.headers = reader.headers();
    request.payload_hash = reader.text("payload_hash", std::string(s3::unsigned_payload));
    request.access_key = reader.text("access_key");
    request.secret_key = reader.text("secret_key");
    request.session_token = reader.text("session_token", "");
    request.region = reader.text("region");
    request.service = reader.text("service", "s3");
    request.date = reader.text("date");
    request.signed_headers = reader.names("signed_headers");
    request.expires = reader.number("expires", 3600);
    const std::string mode = reader.text("mode", "header");
    if (reader.complaint()) return fault(*reader.complaint());
    if (mode != "header" && mode != "query") return fault("mode is neither header nor query");
    request.in_query = mode == "query";
    return request;
}

/// Those that a signer makes itself.
void add_own_headers(Described& request) {
    const std::pair<std::string_view, const std::string*> own[] = {
        {"x-amz-date", &request.date},
        {"x-amz-content-sha256", &request.payload_hash},
        {"x-amz-security-token", &request.session_token},
    };
    for (const auto& [name, value] : own) {
        const bool is_signed = std::ranges::any_of(
            request.signed_headers, [&](const auto& each) { return s3::same_name(each, name); });
        const bool is_there = std::ranges::any_of(
            request.headers, [&](const auto& each) { return s3::same_name(each.first, name); });
        if (is_signed && !is_there) request.headers.emplace_back(name, *value);
    }
}

/// What both modes share, parsed.
struct Signer {
    s3::AccessKey access_key;
    s3::SecretKey secret_key;
    std::chrono::sys_seconds time;
    s3::CredentialScope scope;
    std::vector<std::string> names;  ///< canonical
};

s3::Result<Signer> signer_of(const Described& request) {
    auto access_key = s3::AccessKey::parse(request.access_key);
    if (!access_key) return access_key.error();
    auto secret_key = s3::SecretKey::parse(request.secret_key);
    if (!secret_key) return secret_key.error();
    const auto time = s3::parse_amz_date(request.date);
    if (!time) return time.error();
    const std::vector<std::string_view> given(request.signed_headers.begin(), request.signed_headers.end());
    auto names = s3::canonical_header_names(given);
    if (!names) return names.error();
    s3::CredentialScope scope = s3::scope_at(*time, request.region);
    scope.service = request.service;
    return Signer{std::move(*access_key), std::move(*secret_key), *time, std::move(scope), std::move(*names)};
}

s3::Result<json::object> stages_of(const Described& request) {
    const auto signer = signer_of(request);
    if (!signer) return signer.error();
    std::vector<s3::HeaderField> headers;
    for (const auto& [name, value] : request.headers)
        headers.push_back({name, value});
    std::string target = request.target;
    if (request.in_query) {
        const auto query = s3::query_to_sign(target, signer->names,
                                             {signer->access_key, signer->scope, request.session_token,
                                              signer->time, std::chrono::seconds(request.expires)});
        if (!query) return query.error();
        target = target.substr(0, target.find('?')) + '?' + *query;
    }
    const auto canonical =
        s3::canonical_request({request.method, target, headers, request.payload_hash}, signer->names);
    if (!canonical) return canonical.error();
    const std::string to_sign = s3::string_to_sign(signer->time, signer->scope, *canonical);
    const std::string signature = s3::signature(s3::SigningKey(signer->secret_key, signer->scope), to_sign);
    json::object answer{
        {"canonical_request", *canonical}, {"string_to_sign", to_sign}, {"signature", signature}};
    if (request.in_query) {
        answer["query"] = target.substr(target.find('?') + 1) + "&X-Amz-Signature=" + signature;
    } else {
        answer["authorization"] =
            s3::authorization_header({signer->access_key, signer->scope, signer->names, signature});
    }
    return answer;
}

}  // namespace

pki::Result<std::string> sigv4_stages(std::string_view input) {
    auto request = describe(input);
    if (!request) return request.error();
    if (!request->in_query) add_own_headers(*request);
    const auto stages = stages_of(*request);
    if (!stages) return fault(stages.error().message);
    return json::serialize(*stages) + "\n";
}

}  // namespace sallyport::gateway
