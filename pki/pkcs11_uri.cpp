#include "pki/pkcs11_uri.h"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

namespace sallyport::pki {
namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::string_view file_scheme = "file:";

Error wrong(std::string what) {
    return {Fault::input, "the pkcs11: URI of a key: " + std::move(what)};
}

constexpr std::string_view path_attributes[] = {
    "token",  "manufacturer", "model", "serial", "slot-id", "slot-manufacturer", "slot-description",
    "object", "id",           "type"};
constexpr std::string_view query_attributes[] = {"module-path", "pin-source", "pin-value"};

/// p11-kit passes over vendors' attributes and takes the last of several of one name; both could be a key
/// that was not meant. The empty text has no attributes.
Result<void> check_names(std::string_view text, char separator, std::span<const std::string_view> known) {
    std::set<std::string_view> seen;
    while (!text.empty()) {
        const std::string_view attribute = text.substr(0, text.find(separator));
        const std::string_view name = attribute.substr(0, attribute.find('='));
        if (std::ranges::find(known, name) == known.end()) {
            return wrong("the attribute '" + std::string(name) + "' is not known here");
        }
        if (!seen.insert(name).second) return wrong("two attributes " + std::string(name));
        text.remove_prefix(std::min(attribute.size() + 1, text.size()));
    }
    return {};
}

/// The path that a pin-source names, empty when it is none. RFC 8089: file:/path and file:///path.
std::string pin_path(std::string_view source) {
    if (source.starts_with(file_scheme)) {
        source.remove_prefix(file_scheme.size());
        if (source.starts_with("//")) source.remove_prefix(2);
    }
    return source.starts_with('/') ? std::string(source) : "";
}

}  // namespace

Result<Pkcs11Uri> Pkcs11Uri::parse(const std::string& text) {
    const auto query = std::min(text.find('?'), text.size());
    const std::string_view path = std::string_view(text).substr(0, query);
    if (auto sound = check_names(path.substr(std::min(path.size(), scheme.size())), ';', path_attributes);
        !sound) {
        return sound.error();
    }
    if (query < text.size()) {
        auto sound = check_names(std::string_view(text).substr(query + 1), '&', query_attributes);
        if (!sound) return sound.error();
    }
    Pkcs11Uri uri(text);
    if (!uri.uri_) return Error{Fault::runtime, "no memory for a pkcs11: URI"};
    constexpr auto known = static_cast<P11KitUriType>(P11_KIT_URI_FOR_OBJECT_ON_TOKEN | P11_KIT_URI_FOR_SLOT);
    // The text is not repeated in errors before it is known to hold no PIN.
    const int parsed = p11_kit_uri_parse(text.c_str(), known, uri.uri_.get());
    if (parsed != P11_KIT_URI_OK) return wrong(p11_kit_uri_message(parsed));
    if (auto sound = uri.check(); !sound) return sound.error();
    return uri;
}

Result<void> Pkcs11Uri::check() const {
    const P11KitUri* uri = uri_.get();
    if (p11_kit_uri_get_pin_value(uri) != nullptr) {
        return wrong("pin-value is refused: command lines and logs would show the PIN; use pin-source");
    }
    const char* path = p11_kit_uri_get_module_path(uri);
    if (path != nullptr && *path != '/') return wrong("module-path must be absolute");
    const char* source = p11_kit_uri_get_pin_source(uri);
    if (source != nullptr && pin_path(source).empty()) {
        return wrong("pin-source must be the absolute path of a file (file:/path)");
    }
    const CK_ATTRIBUTE* type = p11_kit_uri_get_attribute(uri_.get(), CKA_CLASS);
    if (type != nullptr && *static_cast<const CK_OBJECT_CLASS*>(type->pValue) != CKO_PRIVATE_KEY) {
        return wrong("its type is not private");
    }
    return {};
}

std::string Pkcs11Uri::module_path() const {
    const char* path = p11_kit_uri_get_module_path(uri_.get());
    return path != nullptr ? path : SALLYPORT_P11_KIT_PROXY;
}

std::optional<std::string> Pkcs11Uri::pin_file() const {
    const char* source = p11_kit_uri_get_pin_source(uri_.get());
    if (source == nullptr) return std::nullopt;
    return pin_path(source);
}

std::string Pkcs11Uri::attribute(CK_ATTRIBUTE_TYPE type) const {
    const CK_ATTRIBUTE* found = p11_kit_uri_get_attribute(uri_.get(), type);
    if (found == nullptr || found->pValue == nullptr) return "";
    return {static_cast<const char*>(found->pValue), found->ulValueLen};
}

bool Pkcs11Uri::fits_slot(CK_SLOT_ID id, const CK_SLOT_INFO& info) const {
    constexpr auto any = static_cast<CK_SLOT_ID>(-1);
    const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri_.get());
    return (wanted == any || wanted == id) && p11_kit_uri_match_slot_info(uri_.get(), &info) == 1;
}

bool Pkcs11Uri::fits_token(const CK_TOKEN_INFO& info) const {
    return p11_kit_uri_match_token_info(uri_.get(), &info) == 1;
}

bool Pkcs11Uri::fits_key(const std::string& key_label, const std::string& key_id) const {
    return (label().empty() || label() == key_label) && (id().empty() || id() == key_id);
}

}  // namespace sallyport::pki
