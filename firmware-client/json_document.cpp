#include "firmware-client/json_document.h"

#include <algorithm>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace sallyport::device {
namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 32;

json::parse_options strict_options() {
    json::parse_options options;
    options.max_depth = max_depth;
    return options;
}

/// Watches a document go by and stops at the second of two equal keys in one object. The library's own
/// container silently keeps the last one.
struct DuplicateKeyWatch {
    static constexpr std::size_t max_object_size = 65536;
    static constexpr std::size_t max_array_size = 65536;
    static constexpr std::size_t max_key_size = 4096;
    static constexpr std::size_t max_string_size = 1024 * 1024;

    std::vector<std::set<std::string>> open_objects;
    std::string key;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        open_objects.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) {
        open_objects.pop_back();
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& failure) {
        key.append(part.data(), part.size());
        if (!open_objects.back().insert(key).second) {
            failure = json::error::syntax;
            return false;
        }
        key.clear();
        return true;
    }
    bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    bool on_double(double, json::string_view, json::error_code&) { return true; }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

/// "file:line:column" of a byte.
std::string position(std::string_view text, std::size_t at, std::string_view origin) {
    const std::string_view before = text.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return std::string{origin} + ':' + std::to_string(line) + ':' + std::to_string(at - line_start + 1);
}

}  // namespace

Result<json::object> parse_json_object(std::string_view text, std::string_view origin) {
    json::basic_parser<DuplicateKeyWatch> watch(strict_options());
    json::error_code failure;
    const std::size_t read = watch.write_some(false, text.data(), text.size(), failure);
    if (failure || read != text.size()) {
        const std::string& twice = watch.handler().key;
        const std::string why = !failure        ? "something follows the document"
                                : twice.empty() ? "not JSON: " + failure.message()
                                                : "the key '" + twice + "' stands there twice";
        return Error{Fault::configuration, position(text, read, origin) + ": " + why};
    }
    json::value document = json::parse(text, failure, {}, strict_options());
    if (failure || !document.is_object()) {
        return Error{Fault::configuration, std::string{origin} + ": not one JSON object"};
    }
    return std::move(document.get_object());
}

JsonReader::JsonReader(const json::object& object, std::string origin, std::string path)
    : object_(object), origin_(std::move(origin)), path_(std::move(path)) {}

const json::value* JsonReader::find(std::string_view key) {
    known_.emplace(key);
    const json::value* const value = object_.if_contains(key);
    if (value == nullptr) fail(key, "is missing");
    return value;
}

std::string JsonReader::text(std::string_view key, std::size_t min, std::size_t max) {
    const json::value* const value = find(key);
    if (value == nullptr) return {};
    const json::string* const found = value->if_string();
    if (found == nullptr) {
        fail(key, "is not a string");
        return {};
    }
    if (found->size() < min || found->size() > max) {
        fail(key, "is not " + std::to_string(min) + " to " + std::to_string(max) + " characters long");
        return {};
    }
    return {found->data(), found->size()};
}

std::int64_t JsonReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
    const json::value* const value = find(key);
    if (value == nullptr) return min;
    const std::int64_t* const found = value->if_int64();
    if (found == nullptr || *found < min || *found > max) {
        fail(key, "is not a whole number from " + std::to_string(min) + " to " + std::to_string(max));
        return min;
    }
    return *found;
}

JsonReader JsonReader::object(std::string_view key) {
    static const json::object nothing;
    const std::string path = path_.empty() ? std::string{key} : path_ + '.' + std::string{key};
    const json::value* const value = find(key);
    const json::object* const found = value == nullptr ? nullptr : value->if_object();
    JsonReader inner(found == nullptr ? nothing : *found, origin_, path);
    if (value != nullptr && found == nullptr) fail(key, "is not an object");
    inner.fault_ = fault_;  // a fault of the outer object comes first
    return inner;
}

const json::array* JsonReader::array(std::string_view key) {
    const json::value* const value = find(key);
    const json::array* const found = value == nullptr ? nullptr : value->if_array();
    if (value != nullptr && found == nullptr) fail(key, "is not an array");
    return found;
}

void JsonReader::fail(std::string_view key, std::string_view why) {
    if (!fault_.empty()) return;
    const std::string dot = path_.empty() || key.empty() ? "" : ".";
    fault_ = origin_ + ": " + path_ + dot + std::string{key} + ": " + std::string{why};
}

Result<void> JsonReader::check() const {
    if (!fault_.empty()) return Error{Fault::configuration, fault_};
    return {};
}

Result<void> JsonReader::finish() {
    for (const auto& member : object_) {
        if (!known_.contains(std::string_view{member.key()})) fail(member.key(), "is not a known key");
    }
    return check();
}

}  // namespace sallyport::device
