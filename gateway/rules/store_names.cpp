#include "gateway/rules/store_names.h"

#include "s3/uri.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace sallyport::gateway {
namespace {

enum class Named { bucket, key, plain_key, location, token, message, hidden };
constexpr std::size_t named_count = static_cast<std::size_t>(Named::hidden) + 1;

struct Element {
    std::string_view path;
    Named named;
};

/// In DeleteResult keys are never encoded.
constexpr Element elements[] = {
    {"ListBucketResult/Name", Named::bucket},
    {"ListBucketResult/Prefix", Named::key},
    {"ListBucketResult/Marker", Named::key},
    {"ListBucketResult/NextMarker", Named::key},
    {"ListBucketResult/StartAfter", Named::key},
    {"ListBucketResult/ContinuationToken", Named::token},
    {"ListBucketResult/NextContinuationToken", Named::token},
    {"ListBucketResult/Contents/Key", Named::key},
    {"ListBucketResult/CommonPrefixes/Prefix", Named::key},
    {"ListVersionsResult/Name", Named::bucket},
    {"ListVersionsResult/Prefix", Named::key},
    {"ListVersionsResult/KeyMarker", Named::key},
    {"ListVersionsResult/NextKeyMarker", Named::key},
    {"ListVersionsResult/Version/Key", Named::key},
    {"ListVersionsResult/DeleteMarker/Key", Named::key},
    {"ListVersionsResult/CommonPrefixes/Prefix", Named::key},
    {"ListMultipartUploadsResult/Bucket", Named::bucket},
    {"ListMultipartUploadsResult/Prefix", Named::key},
    {"ListMultipartUploadsResult/KeyMarker", Named::key},
    {"ListMultipartUploadsResult/NextKeyMarker", Named::key},
    {"ListMultipartUploadsResult/Upload/Key", Named::key},
    {"ListMultipartUploadsResult/CommonPrefixes/Prefix", Named::key},
    {"ListPartsResult/Bucket", Named::bucket},
    {"ListPartsResult/Key", Named::key},
    {"InitiateMultipartUploadResult/Bucket", Named::bucket},
    {"InitiateMultipartUploadResult/Key", Named::plain_key},
    {"CompleteMultipartUploadResult/Bucket", Named::bucket},
    {"CompleteMultipartUploadResult/Key", Named::plain_key},
    {"CompleteMultipartUploadResult/Location", Named::location},
    {"DeleteResult/Deleted/Key", Named::plain_key},
    {"DeleteResult/Error/Key", Named::plain_key},
    {"DeleteResult/Error/Message", Named::message},
};

s3::Error foreign(std::string_view what) {
    return {s3::Fault::malformed, "the store names " + std::string(what) + " that was not asked for"};
}

s3::Result<std::string> client_key(std::string_view key, const ClientNames& names, bool is_encoded) {
    const auto of_client = without_prefix(key, names.mapping.prefix, is_encoded);
    if (!of_client) return foreign("a key");
    return std::string(*of_client);
}

s3::Result<std::string> renamed(Named named, std::string_view text, const ClientNames& names) {
    const std::string& bucket = names.mapping.from;
    switch (named) {
        case Named::bucket:
            if (text != names.mapping.bucket) return foreign("a bucket");
            return bucket;
        case Named::key:
            return client_key(text, names, names.is_encoded);
        case Named::plain_key:
            return client_key(text, names, false);
        case Named::location:
            return names.location + "/" + bucket + "/" + s3::uri_encode(names.key, s3::Slash::keep);
        case Named::token:
            return token_for_client(text, names.mapping.prefix);
        case Named::hidden:
            return std::string();
        case Named::message:
            return std::string("The store refused it.");  // its own words may name whom and what
    }
    return std::string(text);
}

/// Nothing: it passes as it is.
std::optional<Named> named_in(std::string_view path) {
    // An answer that began as a success may end as an error, of which only the code is the client's matter.
    constexpr std::string_view error = "Error/";
    if (path.starts_with(error)) {
        path.remove_prefix(error.size());
        if (path == "Code" || path == "RequestId") return std::nullopt;
        return path == "Message" ? Named::message : Named::hidden;
    }
    const auto found = std::ranges::find(elements, path, &Element::path);
    return found == std::end(elements) ? std::nullopt : std::optional(found->named);
}

}  // namespace

bool names_objects(std::string_view action) noexcept {
    constexpr std::string_view naming[] = {
        "ListObjects", "ListObjectsV2",         "ListObjectVersions",      "ListMultipartUploads",
        "ListParts",   "CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects",
        "CopyObject",  "UploadPartCopy",  // which may end as an error that does
    };
    return std::ranges::find(naming, action) != std::end(naming);
}

std::unique_ptr<s3::XmlTexts> answer_for_client(ClientNames names) {
    const auto known = std::make_shared<const ClientNames>(std::move(names));
    std::array<s3::TextChange, named_count> changes;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        changes[i] = [known, named = static_cast<Named>(i)](std::string_view text) {
            return renamed(named, text, *known);
        };
    }
    return std::make_unique<s3::XmlTexts>(
        [changes = std::move(changes)](std::string_view path) -> s3::Result<const s3::TextChange*> {
            const auto named = named_in(path);
            return named ? &changes[static_cast<std::size_t>(*named)] : nullptr;
        });
}

}  // namespace sallyport::gateway
