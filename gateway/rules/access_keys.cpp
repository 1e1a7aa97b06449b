#include "gateway/rules/access_keys.h"

#include "gateway/rules/words.h"
#include "s3/authorization.h"
#include "s3/uri.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_keys_of_a_device = 16;

Denial refused(unsigned status, std::string_view code, std::string_view message, std::string detail) {
    const Reason reason = status == 403 ? Reason::access_key : Reason::malformed;
    return {reason, status, code, message, std::move(detail)};
}

bool is_presigned(std::string_view query) {
    const auto parameters = s3::parse_query(query);
    return parameters && std::ranges::any_of(*parameters, [](const s3::QueryParameter& parameter) {
               return s3::is_signature_parameter(parameter.name);
           });
}

Result<s3::AccessKey> key_in_field(std::string_view value) {
    if (value.starts_with("AWS ")) {
        return refused(400, "InvalidRequest",
                       "The authorization mechanism you have provided is not supported. Please use "
                       "AWS4-HMAC-SHA256.",
                       "signed with Signature Version 2");
    }
    auto authorization = s3::parse_authorization(value);
    if (!authorization) {
        return refused(400, "AuthorizationHeaderMalformed",
                       "The authorization header that you provided is not valid.",
                       authorization.error().message);
    }
    return std::move(authorization->access_key);
}

Result<s3::AccessKey> claimed_key(const RequestHead& head) {
    const auto question = std::min(head.target.find('?'), head.target.size());
    const std::string_view query = head.target.substr(std::min(question + 1, head.target.size()));
    const HeaderField* field = head.find("Authorization");
    const bool presigned = is_presigned(query);
    if (field != nullptr && presigned) {
        return refused(400, "InvalidArgument", "Only one auth mechanism allowed",
                       "an Authorization field and a presigned query at once");
    }
    if (field != nullptr) return key_in_field(field->value);
    if (!presigned)
        return refused(403, "AccessDenied", "Access Denied", "not signed, but access_keys asks for a key");
    auto claims = s3::parse_presigned_query(query);
    if (!claims) {
        return refused(400, "AuthorizationQueryParametersError",
                       "The query parameters of the signature are not valid.", claims.error().message);
    }
    return std::move(claims->authorization.access_key);
}

bool may_use(const AccessKeys& keys, const Client& client, const std::string& key) {
    switch (client.kind) {
        case ClientKind::devices: {
            const auto own = keys.devices.find(client.name);
            return own != keys.devices.end() ? own->second.contains(key) : keys.fleet.contains(key);
        }
        case ClientKind::operators:
            return !keys.operators || keys.operators->contains(key);
        case ClientKind::credentials:
            break;
    }
    return keys.known.contains(key);
}

}  // namespace

pki::Result<DeviceKeys> parse_device_keys(std::string_view text,
                                          const std::function<bool(std::string_view)>& is_device) {
    DeviceKeys devices;
    const auto fault = [](std::string what) { return pki::Error{pki::Fault::input, std::move(what)}; };
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = next_line(text);
        line = line.substr(0, line.find('#'));
        const std::string_view id = next_word(line);
        if (id.empty()) continue;
        const std::string place = std::to_string(number) + ": ";
        if (!is_device(id))
            return fault(place + "'" + std::string(id) + "' does not match devices.identity.pattern");
        const auto [entry, is_new] = devices.try_emplace(std::string(id));
        if (!is_new)
            return fault(place + "device " + std::string(id) + " stands twice; put its keys in one line");
        for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
            const auto key = s3::AccessKey::parse(word);
            if (!key)
                return fault(place + "an access key of " + std::string(id) + ": " + key.error().message);
            entry->second.emplace(key->text());
        }
        if (entry->second.empty()) return fault(place + "device " + std::string(id) + " has no access key");
        if (entry->second.size() > max_keys_of_a_device)
            return fault(place + "device " + std::string(id) + " has more than 16 access keys");
    }
    return devices;
}

std::optional<Denial> check_access_key(const AccessKeys& keys, const Client& client,
                                       const RequestHead& head) {
    if (!keys.bound || (client.kind == ClientKind::operators && !keys.operators)) return std::nullopt;
    const auto key = claimed_key(head);
    if (!key) return key.error();
    if (may_use(keys, client, key->text())) return std::nullopt;
    return refused(403, "InvalidAccessKeyId",
                   "The AWS Access Key Id you provided does not exist in our records.",
                   "access key " + key->text() + " is not one of " +
                       (client.name.empty() ? "this fleet" : std::string(client.name)));
}

}  // namespace sallyport::gateway
