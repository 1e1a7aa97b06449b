#include "gateway/rules/store_names.h"

#include "gateway/rules/s3_operation.h"
#include "s3/uri.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace sallyport::gateway {
namespace {

enum class Named { bucket, key, plain_key, location, failed_bucket, failed_key, resource };

struct Element {
    std::string_view path;
    Named named;
};

/// In DeleteResult and in errors keys are never encoded.
constexpr Element elements[] = {
    {"ListBucketResult/Name", Named::bucket},
    {"ListBucketResult/Prefix", Named::key},
    {"ListBucketResult/Marker", Named::key},
    {"ListBucketResult/NextMarker", Named::key},
    {"ListBucketResult/StartAfter", Named::key},
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
    {"Error/BucketName", Named::failed_bucket},
    {"Error/Bucket", Named::failed_bucket},
    {"Error/Key", Named::failed_key},
    {"Error/Resource", Named::resource},
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
        case Named::failed_bucket:
            return text == names.mapping.bucket ? bucket : "(another bucket)";
        case Named::failed_key:
            return names.key;
        case Named::resource:
            return "/" + bucket + (names.key.empty() ? "" : "/" + names.key);
    }
    return std::string(text);
}

}  // namespace

bool names_objects(std::string_view action) noexcept {
    constexpr std::string_view naming[] = {
        "ListObjects", "ListObjectsV2",         "ListObjectVersions",      "ListMultipartUploads",
        "ListParts",   "CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects",
    };
    return std::ranges::find(naming, action) != std::end(naming);
}

std::unique_ptr<s3::XmlTexts> answer_for_client(ClientNames names) {
    std::array<s3::TextChange, std::size(elements)> changes;
    const auto known = std::make_shared<const ClientNames>(std::move(names));
    for (std::size_t i = 0; i < changes.size(); ++i) {
        changes[i] = [known, named = elements[i].named](std::string_view text) {
            return renamed(named, text, *known);
        };
    }
    return std::make_unique<s3::XmlTexts>([changes = std::move(changes)](
                                              std::string_view path) -> s3::Result<const s3::TextChange*> {
        const auto found = std::ranges::find(elements, path, &Element::path);
        return found == std::end(elements) ? nullptr : &changes[static_cast<std::size_t>(found - elements)];
    });
}

Result<std::string> delete_for_store(std::string_view document, const BucketMapping& mapping) {
    const s3::TextChange change = [&](std::string_view key) -> s3::Result<std::string> {
        if (!is_plain_key(key))
            return s3::Error{s3::Fault::ambiguous, "a key that stores read in different ways"};
        return mapping.prefix + std::string(key);
    };
    // Readers that pass over a namespace's prefix, or the case of letters, would see keys where we see none.
    constexpr std::string_view known[] = {
        "Delete",
        "Delete/Quiet",
        "Delete/Object",
        "Delete/Object/Key",
        "Delete/Object/VersionId",
        "Delete/Object/ETag",
        "Delete/Object/LastModifiedTime",
        "Delete/Object/Size",
    };
    s3::XmlTexts texts([&](std::string_view path) -> s3::Result<const s3::TextChange*> {
        if (std::ranges::find(known, path) == std::end(known))
            return s3::Error{s3::Fault::malformed, "it is none of the S3 API's"};
        return path == "Delete/Object/Key" ? &change : nullptr;
    });
    std::string rewritten;
    auto fault = texts.update(document, rewritten);
    if (!fault) fault = texts.finish(rewritten);
    if (!fault) return rewritten;
    return Denial{fault->fault == s3::Fault::ambiguous ? Reason::ambiguous_path : Reason::malformed, 400,
                  "MalformedXML",
                  "The XML you provided was not well-formed or did not validate against our published schema",
                  "DeleteObjects: " + fault->message};
}

}  // namespace sallyport::gateway
