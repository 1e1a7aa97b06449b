#include "gateway/rules/s3_operation.h"

#include "gateway/rules/addressing.h"
#include "s3/uri.h"

#include <algorithm>
#include <iterator>

namespace sallyport::gateway {
namespace {

using Query = std::vector<s3::QueryParameter>;

constexpr std::string_view copy_source_field = "x-amz-copy-source";
constexpr std::string_view rename_source_field = "x-amz-rename-source";
constexpr std::string_view response_route = "/WriteGetObjectResponse";

Denial ambiguous(std::string detail) {
    return bad_request(Reason::ambiguous_path, std::move(detail));
}

bool begins_with(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

// ---- query ------------------------------------------------------------------------------------------

/// What a store could read in two ways: names that only some decode, `;` that once was a separator, a
/// parameter of which some take the first and some the last.
Result<Query> judge_query(std::string_view raw) {
    if (raw.find(';') != raw.npos) return ambiguous("a raw semicolon in the query");
    for (std::string_view rest = raw; !rest.empty();) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        if (pair.substr(0, pair.find('=')).find('%') != pair.npos)
            return ambiguous("the name of a query parameter is encoded");
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    }
    auto query = s3::parse_query(raw);
    if (!query) return ambiguous(query.error().message);
    for (std::size_t i = 0; i < query->size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if ((*query)[i].name == (*query)[j].name) return ambiguous("a query parameter stands twice");
        }
    }
    return std::move(*query);
}

bool is_visible(std::string_view value) {
    const auto visible = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; };
    return !value.empty() && std::ranges::all_of(value, visible);
}

bool is_number(std::string_view value) {
    return !value.empty() && value.size() <= 5 && value.find_first_not_of("0123456789") == value.npos;
}

/// See ApiOperation for what a parameter is written like.
bool fits(std::string_view written, const s3::QueryParameter& parameter, bool may_have_value) {
    const auto equals = written.find('=');
    if (written.substr(0, equals) != parameter.name) return false;
    if (equals == written.npos) return may_have_value || parameter.value.empty();
    const std::string_view value = written.substr(equals + 1);
    if (value == "*") return is_visible(parameter.value);
    if (value == "#") return is_number(parameter.value);
    return parameter.value == value;
}

/// Beside its selectors. SDKs repeat the operation's name as `x-id`, which is judged when it is known.
bool may_stand_beside(const ApiOperation& operation, const s3::QueryParameter& parameter) {
    if (parameter.name == "versionId") return !operation.version_name.empty();
    return parameter.name == "x-id" || is_signature_parameter(parameter.name) ||
           is_hoisted_field(operation, parameter.name) ||
           std::ranges::any_of(operation.modifiers,
                               [&](std::string_view modifier) { return fits(modifier, parameter, true); });
}

/// Is it this operation, with no parameter that says something else?
bool is_made_by(const ApiOperation& operation, const Query& query) {
    const auto selects = [&](std::string_view selector, const s3::QueryParameter& parameter) {
        return !selector.empty() && fits(selector, parameter, false);
    };
    return std::ranges::all_of(operation.selectors,
                               [&](std::string_view selector) {
                                   return selector.empty() ||
                                          std::ranges::any_of(query, [&](const auto& parameter) {
                                              return selects(selector, parameter);
                                          });
                               }) &&
           std::ranges::all_of(query, [&](const s3::QueryParameter& parameter) {
               return selects(operation.selectors[0], parameter) ||
                      selects(operation.selectors[1], parameter) || may_stand_beside(operation, parameter);
           });
}

/// Where two fit, the one with more selectors is meant.
const ApiOperation* find_operation(std::string_view method, Level level, const Query& query) {
    const auto selectors = [](const ApiOperation& operation) {
        return std::ranges::count_if(operation.selectors, [](auto name) { return !name.empty(); });
    };
    const ApiOperation* best = nullptr;
    for (const ApiOperation& operation : api_operations()) {
        if (operation.level != level || operation.method != method || !is_made_by(operation, query)) continue;
        if (best == nullptr || selectors(operation) > selectors(*best)) best = &operation;
    }
    return best;
}

const std::string* value_of(const Query& query, std::string_view name) {
    const auto found = std::ranges::find(query, name, &s3::QueryParameter::name);
    return found == query.end() ? nullptr : &found->value;
}

// ---- fields -----------------------------------------------------------------------------------------

std::string_view name_with_sources(const RequestHead& head, std::string_view name) {
    const bool renames = head.find(rename_source_field) != nullptr;
    if (renames != (name == rename_object)) return unknown_action;
    return head.find(copy_source_field) == nullptr ? name : copying_operation(name);
}

/// What goes without saying, so that nothing is asked for by saying it.
bool is_default(const HeaderField& field) {
    return equals_ignoring_case(field.name, "x-amz-acl") && field.value == "private";
}

std::vector<std::string_view> actions_of_fields(const RequestHead& head, Level level) {
    std::vector<std::string_view> actions;
    const bool writes = head.method != "GET" && head.method != "HEAD";
    for (const HeaderField& field : head.fields) {
        // Most fields are none of these; looking at their first letters costs less than at the table.
        if (!begins_with(field.name, "x-") && !begins_with(field.name, "if-")) continue;
        if (is_default(field)) continue;
        const auto found = std::ranges::find_if(field_actions(), [&](const FieldAction& known) {
            return begins_with(field.name, known.prefix) && (writes || !known.writes_only);
        });
        if (found == field_actions().end()) continue;
        const std::string_view action = level == Level::object ? found->of_object : found->of_bucket;
        if (!action.empty()) actions.push_back(action);
    }
    return actions;
}

Level level_of(const s3::ObjectAddress& address) {
    return address.bucket.empty() ? Level::service : address.key.empty() ? Level::bucket : Level::object;
}

/// The action of an operation, and what must be allowed beside it.
void name_operation(S3Operation& named, const ApiOperation& operation, const RequestHead& head,
                    const Query& query) {
    const std::string_view name = name_with_sources(head, operation.name);
    const std::string* repeated = value_of(query, "x-id");
    if (name == unknown_action || (repeated != nullptr && *repeated != name)) return;
    named.action = name;
    if (value_of(query, "versionId") != nullptr && operation.version_name != name) {
        named.action = operation.version_name;
        named.further_actions.push_back(name);
    }
    if (const ApiOperation* without = operation_without_selectors(operation))
        named.further_actions.push_back(without->name);
    std::ranges::copy(actions_of_fields(head, operation.level), std::back_inserter(named.further_actions));
}

}  // namespace

Result<S3Operation> classify(const RequestHead& head, const HostNames& virtual_hosts) {
    const auto [path, raw_query] = split_target(head.target);
    const HeaderField* host = head.find("Host");
    const bool is_route = path == response_route;
    auto reading =
        is_route ? s3::PathReading{} : judge_address(path, host == nullptr ? "" : host->value, virtual_hosts);
    if (!reading) return reading.error();
    const auto query = judge_query(raw_query);
    if (!query) return query.error();

    const Level level = is_route ? Level::route : level_of(reading->address);
    S3Operation named{unknown_action, std::move(reading->address)};
    named.ambiguity = std::move(reading->ambiguity);
    const ApiOperation* operation = find_operation(head.method, level, *query);
    if (operation == nullptr) return named;
    name_operation(named, *operation, head, *query);
    if (named.action == unknown_action) return named;
    if (head.find(copy_source_field) != nullptr) {
        auto source = judge_copy_source(head, copy_source_field);
        if (!source) return source.error();
        named.copy_source = std::move(source->address);
        named.source_ambiguity = std::move(source->ambiguity);
    }
    const std::string* prefix = value_of(*query, "prefix");
    if (prefix != nullptr && has_prefix(named.action)) named.prefix = *prefix;
    named.encodes_keys = value_of(*query, "encoding-type") != nullptr;
    return named;
}

bool has_prefix(std::string_view action) noexcept {
    constexpr std::string_view lists[] = {"ListObjects", "ListObjectsV2", "ListObjectVersions",
                                          "ListMultipartUploads"};
    return std::ranges::find(lists, action) != std::end(lists);
}

bool needs_whole_bucket(std::string_view action) noexcept {
    return action == delete_objects || action == rename_object;
}

bool is_plain_key(std::string_view key) {
    const s3::ObjectAddress address{"bucket", std::string(key)};
    const auto read = s3::split_path_style(s3::request_path(address, s3::RequestStyle::path));
    return read && *read == address;
}

}  // namespace sallyport::gateway
