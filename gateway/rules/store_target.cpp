#include "gateway/rules/store_target.h"

#include "gateway/rules/addressing.h"
#include "s3/uri.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_key_bytes = 1024;
constexpr std::string_view copy_source_field = "x-amz-copy-source";

/// Of those that act on a bucket, what stays right when only a part of it is ours.
constexpr std::string_view of_a_part[] = {"ListObjects",          "ListObjectsV2", "ListObjectVersions",
                                          "ListMultipartUploads", "HeadBucket",    "GetBucketLocation",
                                          "DeleteObjects"};
/// The same when all of a bucket is mapped, under another name. Others have documents that name buckets.
constexpr std::string_view of_a_bucket[] = {"CreateBucket", "DeleteBucket", "GetBucketVersioning",
                                            "PutBucketVersioning"};

/// Of requests that are signed with the store's credentials, what no client may ask for.
constexpr std::string_view never[] = {
    "CreateSession",           // would hand out credentials of the store
    "WriteGetObjectResponse",  // is for a host of its own
};
/// What RGW and MinIO do not take for buckets.
constexpr std::string_view reserved[] = {"admin", "minio", "swift"};

template <std::size_t count>
bool is_one_of(std::string_view name, const std::string_view (&names)[count]) {
    return std::ranges::find(names, name) != std::end(names);
}

Denial not_mapped(const std::string& bucket) {
    return {Reason::action_denied, 404, "NoSuchBucket", "The specified bucket does not exist",
            "bucket '" + bucket + "' is not in store.resign.buckets"};
}

std::optional<Denial> check_action(const S3Operation& operation, const StoreAddressing& addressing) {
    const auto denied = [](std::string why) { return access_denied(Reason::action_denied, std::move(why)); };
    const std::string action(operation.action);
    const s3::ObjectAddress& address = operation.address;
    if (is_one_of(action, never)) return denied(action + " is not possible with signing: resign");
    if (addressing.buckets.empty()) {
        if (!is_one_of(address.bucket, reserved)) return std::nullopt;
        return denied("'" + address.bucket + "' is no bucket, but the store's own, to some stores");
    }
    // The document of RestoreObject may name another bucket.
    if (action == unknown_action || action == rename_object || action == "RestoreObject" ||
        address.bucket.empty())
        return denied(action + " is not possible with store.resign.buckets");
    const BucketMapping* mapping = addressing.buckets.find(address.bucket);
    if (mapping == nullptr) return not_mapped(address.bucket);
    if (!address.key.empty() || is_one_of(action, of_a_part)) return std::nullopt;
    if (mapping->prefix.empty() && is_one_of(action, of_a_bucket)) return std::nullopt;
    if (action == "CreateBucket") {
        // What clients hear that make sure of their bucket, and go on.
        return Denial{Reason::action_denied, 409, "BucketAlreadyOwnedByYou",
                      "Your previous request to create the named bucket succeeded and you already own it.",
                      "CreateBucket of a bucket that is mapped to a prefix"};
    }
    return denied(action + " would act on more of the store's bucket than is mapped");
}

Result<s3::ObjectAddress> address_in_store(const s3::ObjectAddress& address, const BucketMap& buckets) {
    if (buckets.empty()) return address;
    const BucketMapping* mapping = buckets.find(address.bucket);
    if (mapping == nullptr) return not_mapped(address.bucket);
    if (address.key.empty()) return s3::ObjectAddress{mapping->bucket, ""};
    if (mapping->prefix.size() + address.key.size() > max_key_bytes) {
        return Denial{Reason::too_large, 400, "KeyTooLongError", "Your key is too long",
                      "the key is over 1024 bytes below the prefix of store.resign.buckets"};
    }
    return s3::ObjectAddress{mapping->bucket, mapping->prefix + address.key};
}

/// What a list begins with, and where it goes on, as keys of the store.
bool holds_key(std::string_view action, std::string_view parameter) {
    if (!has_prefix(action)) return false;
    if (parameter == "prefix") return true;
    if (action == "ListObjects") return parameter == "marker";
    if (action == "ListObjectsV2") return parameter == "start-after";
    return parameter == "key-marker";
}

bool is_field_value(std::string_view value) {
    return !value.starts_with(' ') && !value.ends_with(' ') &&
           std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

/// The query of a request, parameter by parameter.
class QueryForStore {
  public:
    QueryForStore(const RequestHead& head, std::string_view action, const BucketMapping* mapping)
        : head_(head), action_(action), prefix_(mapping == nullptr ? "" : mapping->prefix) {}

    std::optional<Denial> rewrite(std::string_view query, StoreTarget& target) {
        while (!query.empty()) {
            const std::string_view raw = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(raw.size() + 1, query.size()));
            if (auto denial = take(raw, target)) return denial;
        }
        if (!prefix_.empty() && has_prefix(action_) && !has_prefix_)
            add("prefix=" + s3::uri_encode(prefix_, s3::Slash::encode));
        if (!written_.empty()) target.target += '?' + written_;
        return std::nullopt;
    }

  private:
    std::optional<Denial> take(std::string_view raw, StoreTarget& target) {
        const auto equals = std::min(raw.find('='), raw.size());
        const std::string_view name = raw.substr(0, equals);
        if (is_signature_parameter(name)) return std::nullopt;
        const auto value = s3::percent_decode(raw.substr(std::min(equals + 1, raw.size())));
        if (!value) return bad_request(Reason::malformed, "query: " + value.error().message);
        if (name.starts_with("x-amz-")) return take_field(name, *value, target);
        if (!prefix_.empty() && name == "continuation-token") {
            const auto token = token_for_store(*value, prefix_);
            if (!token) return bad_request(Reason::malformed, "a continuation token that was not given out");
            add("continuation-token=" + s3::uri_encode(*token, s3::Slash::encode));
            return std::nullopt;
        }
        if (prefix_.empty() || !holds_key(action_, name)) {
            add(raw);
            return std::nullopt;
        }
        has_prefix_ = has_prefix_ || name == "prefix";
        if (name == "prefix" && !value->empty() && !is_plain_key(*value))
            return bad_request(Reason::ambiguous_path, std::string(name) + " is read in different ways");
        // A list that begins nowhere begins with the prefix.
        if (!value->empty() || name == "prefix")
            add(std::string(name) + '=' + s3::uri_encode(prefix_ + *value, s3::Slash::encode));
        return std::nullopt;
    }

    /// A presigned URL carries in its query what is a field to a signature in a field.
    std::optional<Denial> take_field(std::string_view name, const std::string& value, StoreTarget& target) {
        if (head_.find(name) != nullptr)
            return bad_request(Reason::malformed, std::string(name) + " stands in the query and in a field");
        if (!is_field_value(value))
            return bad_request(Reason::malformed, std::string(name) + " is no value of a field");
        target.fields.push_back({std::string(name), value});
        return std::nullopt;
    }

    void add(std::string_view parameter) {
        if (!written_.empty()) written_ += '&';
        written_ += parameter;
    }

    const RequestHead& head_;
    std::string_view action_;
    std::string prefix_;
    std::string written_;
    bool has_prefix_ = false;
};

}  // namespace

Result<StoreTarget> target_in_store(const RequestHead& head, const S3Operation& operation,
                                    const StoreAddressing& addressing) {
    if (auto denial = check_action(operation, addressing)) return *denial;
    const auto address = address_in_store(operation.address, addressing.buckets);
    if (!address) return address.error();
    StoreTarget target;
    target.mapping = addressing.buckets.find(operation.address.bucket);
    const bool in_host = addressing.virtual_hosted && !address->bucket.empty();
    target.host = in_host ? address->bucket + '.' + addressing.host : addressing.host;
    target.target =
        s3::request_path(*address, in_host ? s3::RequestStyle::virtual_hosted : s3::RequestStyle::path);
    const auto query = split_target(head.target).query;
    if (auto denial = QueryForStore(head, operation.action, target.mapping).rewrite(query, target))
        return *denial;
    if (operation.copy_source) {
        const auto source = address_in_store(*operation.copy_source, addressing.buckets);
        if (!source) return source.error();
        target.fields.push_back(
            {std::string(copy_source_field), s3::request_path(*source, s3::RequestStyle::path)});
    }
    return target;
}

}  // namespace sallyport::gateway
