#include "gateway/rules/s3_operation.h"

#include "s3/uri.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sallyport::gateway {
namespace {

enum class Level { service, bucket, object };

/// One operation: method, what it addresses, and the query parameters that select it.
struct Row {
    std::string_view method;
    Level level;
    std::array<std::string_view, 2> selectors;
    std::string_view action;
};

constexpr Row rows[] = {
    {"GET", Level::object, {}, "GetObject"},
    {"HEAD", Level::object, {}, "HeadObject"},
    {"PUT", Level::object, {}, "PutObject"},
    {"DELETE", Level::object, {}, "DeleteObject"},
    {"GET", Level::object, {"acl"}, "GetObjectAcl"},
    {"PUT", Level::object, {"acl"}, "PutObjectAcl"},
    {"GET", Level::object, {"attributes"}, "GetObjectAttributes"},
    {"GET", Level::object, {"legal-hold"}, "GetObjectLegalHold"},
    {"PUT", Level::object, {"legal-hold"}, "PutObjectLegalHold"},
    {"GET", Level::object, {"retention"}, "GetObjectRetention"},
    {"PUT", Level::object, {"retention"}, "PutObjectRetention"},
    {"GET", Level::object, {"tagging"}, "GetObjectTagging"},
    {"PUT", Level::object, {"tagging"}, "PutObjectTagging"},
    {"DELETE", Level::object, {"tagging"}, "DeleteObjectTagging"},
    {"GET", Level::object, {"torrent"}, "GetObjectTorrent"},
    {"POST", Level::object, {"restore"}, "RestoreObject"},
    {"POST", Level::object, {"select", "select-type"}, "SelectObjectContent"},
    {"POST", Level::object, {"uploads"}, "CreateMultipartUpload"},
    {"PUT", Level::object, {"partNumber", "uploadId"}, "UploadPart"},
    {"POST", Level::object, {"uploadId"}, "CompleteMultipartUpload"},
    {"DELETE", Level::object, {"uploadId"}, "AbortMultipartUpload"},
    {"GET", Level::object, {"uploadId"}, "ListParts"},
    {"GET", Level::bucket, {}, "ListObjects"},
    {"GET", Level::bucket, {"list-type"}, "ListObjectsV2"},
    {"GET", Level::bucket, {"location"}, "GetBucketLocation"},
    {"GET", Level::bucket, {"uploads"}, "ListMultipartUploads"},
    {"GET", Level::bucket, {"versions"}, "ListObjectVersions"},
    {"GET", Level::bucket, {"versioning"}, "GetBucketVersioning"},
    {"PUT", Level::bucket, {"versioning"}, "PutBucketVersioning"},
    {"GET", Level::bucket, {"acl"}, "GetBucketAcl"},
    {"PUT", Level::bucket, {"acl"}, "PutBucketAcl"},
    {"GET", Level::bucket, {"policy"}, "GetBucketPolicy"},
    {"PUT", Level::bucket, {"policy"}, "PutBucketPolicy"},
    {"DELETE", Level::bucket, {"policy"}, "DeleteBucketPolicy"},
    {"GET", Level::bucket, {"lifecycle"}, "GetBucketLifecycleConfiguration"},
    {"PUT", Level::bucket, {"lifecycle"}, "PutBucketLifecycleConfiguration"},
    {"DELETE", Level::bucket, {"lifecycle"}, "DeleteBucketLifecycle"},
    {"GET", Level::bucket, {"cors"}, "GetBucketCors"},
    {"PUT", Level::bucket, {"cors"}, "PutBucketCors"},
    {"DELETE", Level::bucket, {"cors"}, "DeleteBucketCors"},
    {"GET", Level::bucket, {"tagging"}, "GetBucketTagging"},
    {"PUT", Level::bucket, {"tagging"}, "PutBucketTagging"},
    {"DELETE", Level::bucket, {"tagging"}, "DeleteBucketTagging"},
    {"POST", Level::bucket, {"delete"}, delete_objects},
    {"HEAD", Level::bucket, {}, "HeadBucket"},
    {"PUT", Level::bucket, {}, "CreateBucket"},
    {"DELETE", Level::bucket, {}, "DeleteBucket"},
    {"GET", Level::service, {}, "ListBuckets"},
};
/// Operations that a header turns another one into.
constexpr std::string_view copying_actions[] = {"CopyObject", "UploadPartCopy"};
constexpr std::string_view copy_source_field = "x-amz-copy-source";
constexpr std::string_view header_actions[] = {"BypassGovernanceRetention"};

/// Parameters that refine an operation without turning it into another one.
constexpr std::string_view modifiers[] = {
    "x-id",
    "partNumber",
    "response-content-type",
    "response-content-language",
    "response-expires",
    "prefix",
    "delimiter",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "encoding-type",
    "max-keys",
    "marker",
    "continuation-token",
    "start-after",
    "fetch-owner",
    "key-marker",
    "version-id-marker",
    "upload-id-marker",
    "max-uploads",
    "max-parts",
    "part-number-marker",
    "list-type",
};

/// The query of a presigned request is its Authorization (S3 API, "Authenticating Requests: Query
/// Parameters").
constexpr std::string_view signature_parameters[] = {
    "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",           "X-Amz-Expires",
    "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Security-Token", "X-Amz-Content-Sha256",
};
bool is_signature(std::string_view name) {
    return std::ranges::find(signature_parameters, name) != std::end(signature_parameters);
}

/// Fields that presigned requests carry in their query instead and that ask for nothing more: checksums and
/// metadata. Of others, such as an ACL, no client needs that.
constexpr std::string_view hoisted_fields[] = {"x-amz-checksum-", "x-amz-sdk-checksum-algorithm",
                                               "x-amz-meta-"};
bool is_hoisted_field(std::string_view name) {
    return std::ranges::any_of(hoisted_fields, [&](auto prefix) { return name.starts_with(prefix); });
}

/// Header fields by which an upload does more than its operation says, and the permission that AWS asks for
/// it.
struct Extension {
    std::string_view prefix;
    std::string_view action;
};
constexpr Extension extensions[] = {
    {"x-amz-acl", "PutObjectAcl"},
    {"x-amz-grant-", "PutObjectAcl"},
    {"x-amz-tagging", "PutObjectTagging"},
    {"x-amz-object-lock-legal-hold", "PutObjectLegalHold"},
    {"x-amz-object-lock-", "PutObjectRetention"},
    {"x-amz-bypass-governance-retention", "BypassGovernanceRetention"},
    {"x-http-method", unknown_action},
    {"x-method-override", unknown_action},
    {"x-amz-website-redirect-location", "PutObjectAcl"},
};

bool begins_with(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

std::vector<std::string_view> further_actions(const RequestHead& head) {
    std::vector<std::string_view> actions;
    for (const HeaderField& field : head.fields) {
        // What every object is without asking.
        if (equals_ignoring_case(field.name, "x-amz-acl") && field.value == "private") continue;
        const auto found = std::ranges::find_if(extensions, [&](const Extension& extension) {
            return begins_with(field.name, extension.prefix);
        });
        if (found != std::end(extensions)) actions.push_back(found->action);
    }
    return actions;
}

bool is_modifier(std::string_view name) {
    return std::ranges::find(modifiers, name) != std::end(modifiers);
}

bool selects(const Row& row, std::string_view name) {
    return !name.empty() && std::ranges::find(row.selectors, name) != row.selectors.end();
}

/// The row whose selectors are all there, and without which no parameter stays unexplained.
const Row* find_row(std::string_view method, Level level, const std::vector<s3::QueryParameter>& query) {
    const auto present = [&](std::string_view name) {
        return name.empty() || std::ranges::find(query, name, &s3::QueryParameter::name) != query.end();
    };
    const Row* best = nullptr;
    std::ptrdiff_t best_selectors = -1;
    for (const Row& row : rows) {
        if (row.method != method || row.level != level || !std::ranges::all_of(row.selectors, present))
            continue;
        const bool explained = std::ranges::all_of(query, [&](const auto& parameter) {
            return selects(row, parameter.name) || is_modifier(parameter.name) ||
                   is_signature(parameter.name) || is_hoisted_field(parameter.name);
        });
        const auto selectors = std::ranges::count_if(row.selectors, [](auto name) { return !name.empty(); });
        if (explained && selectors > best_selectors) {
            best = &row;
            best_selectors = selectors;
        }
    }
    return best;
}

std::string_view copying(std::string_view action) {
    if (action == "PutObject") return copying_actions[0];
    if (action == "UploadPart") return copying_actions[1];
    return unknown_action;
}

Denial ambiguous(std::string detail) {
    return bad_request(Reason::ambiguous_path, std::move(detail));
}

/// `bucket/key` or `/bucket/key`, percent-encoded (S3 API, "CopyObject"). Stores differ in whether they cut
/// off a version, a fragment or path parameters before they decode or after, and whether `+` is a space.
Result<s3::PathReading> copy_source(const RequestHead& head) {
    const auto is_source = [](const HeaderField& field) {
        return equals_ignoring_case(field.name, copy_source_field);
    };
    if (std::ranges::count_if(head.fields, is_source) != 1) return ambiguous("two copy sources");
    const std::string_view raw = head.find(copy_source_field)->value;
    if (raw.find_first_of("?#;+") != raw.npos) return ambiguous("copy source: one of ?#;+ in the raw");
    auto source = s3::read_path_style(raw.starts_with('/') ? raw : "/" + std::string(raw));
    if (!source) return ambiguous("copy source: " + source.error().message);
    const std::string& key = source->address.key;
    if (key.empty()) return ambiguous("copy source: no object");
    if (key.find('?') != key.npos) return ambiguous("copy source: a question mark");
    if (!source->ambiguity.empty()) source->ambiguity.insert(0, "copy source: ");
    return std::move(*source);
}

}  // namespace

Result<S3Operation> classify(const RequestHead& head) {
    const auto question = std::min(head.target.find('?'), head.target.size());
    const std::string_view path = head.target.substr(0, question);
    const std::string_view raw_query = question == head.target.size() ? "" : head.target.substr(question + 1);

    auto reading = s3::read_path_style(path);
    if (!reading) return ambiguous(reading.error().message);
    s3::ObjectAddress& address = reading->address;
    // Path parameters (RFC 3986 3.3) are part of the key to S3 and cut off by some servers.
    if (path.find(';') != path.npos) return ambiguous("a raw semicolon in the path");
    const auto query = s3::parse_query(raw_query);
    if (!query) return ambiguous(query.error().message);
    for (std::size_t i = 0; i < query->size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if ((*query)[i].name == (*query)[j].name) return ambiguous("a query parameter stands twice");
        }
    }

    const Level level = address.bucket.empty() ? Level::service
                        : address.key.empty()  ? Level::bucket
                                               : Level::object;
    const Row* row = find_row(head.method, level, *query);
    const std::string_view action = row == nullptr ? unknown_action : row->action;
    S3Operation operation{action, std::move(address), further_actions(head)};
    operation.ambiguity = std::move(reading->ambiguity);
    if (head.find(copy_source_field) != nullptr) {
        operation.action = copying(action);
        if (operation.action == unknown_action) return operation;
        auto source = copy_source(head);
        if (!source) return source.error();
        operation.copy_source = std::move(source->address);
        operation.source_ambiguity = std::move(source->ambiguity);
    }
    if (has_prefix(operation.action)) {
        const auto prefix = std::ranges::find(*query, "prefix", &s3::QueryParameter::name);
        if (prefix != query->end()) operation.prefix = prefix->value;
    }
    return operation;
}

bool has_prefix(std::string_view action) noexcept {
    constexpr std::string_view lists[] = {"ListObjects", "ListObjectsV2", "ListObjectVersions",
                                          "ListMultipartUploads"};
    return std::ranges::find(lists, action) != std::end(lists);
}

bool is_plain_key(std::string_view key) {
    const s3::ObjectAddress address{"bucket", std::string(key)};
    const auto read = s3::split_path_style(s3::request_path(address, s3::RequestStyle::path));
    return read && *read == address;
}

bool is_action(std::string_view name) noexcept {
    return std::ranges::find(rows, name, &Row::action) != std::end(rows) ||
           std::ranges::find(copying_actions, name) != std::end(copying_actions) ||
           std::ranges::find(header_actions, name) != std::end(header_actions);
}

}  // namespace sallyport::gateway
