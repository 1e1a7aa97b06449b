#pragma once

#include <array>
#include <span>
#include <string_view>

namespace sallyport::gateway {

/// What an operation is about. `route` is not below a bucket: the answers of an S3 Object Lambda function.
enum class Level { service, bucket, object, route };

/// One operation of the S3 API: what a request for it looks like. Parameters are written as
/// `name` (selectors: without a value; modifiers: with any), `name=*` (not empty, visible), `name=#` (digits)
/// or `name=text`.
struct ApiOperation {
    std::string_view method;
    Level level;
    std::array<std::string_view, 2> selectors;  ///< parameters that make a request this operation
    std::string_view name;                      ///< in the API and in policies
    /// Parameters that refine it. None but these, and those of a signature, may stand beside the selectors.
    std::span<const std::string_view> modifiers = {};
    /// What IAM calls it when `versionId` names a version; empty: no version can be named.
    std::string_view version_name = {};
};

/// All operations that a method, a path and a query make. Source: S3 API Reference, "Actions" of "Amazon S3",
/// and the service model of the AWS SDKs, both of 2026. Left out, hence `Unknown`: the browser's form upload
/// (POST Object), whose key is in its body, S3 Control, and the extensions of other stores.
std::span<const ApiOperation> api_operations() noexcept;

/// The operation that a store makes of a request if it does not know the selectors, which some real ones do
/// not; null if all know them, or do nothing without.
const ApiOperation* operation_without_selectors(const ApiOperation& operation) noexcept;

/// What `x-amz-copy-source` turns an operation into; `unknown_action` for those that copy nothing.
std::string_view copying_operation(std::string_view name) noexcept;

/// Fields by which a request does more than its operation says, and the action that AWS asks for it.
struct FieldAction {
    std::string_view prefix;     ///< of the field's name, lower case
    std::string_view of_object;  ///< action, `unknown_action`, or empty for none
    std::string_view of_bucket;
    bool writes_only = false;  ///< without meaning, or without harm, on GET and HEAD
};
std::span<const FieldAction> field_actions() noexcept;

/// Is this a parameter of a presigned URL (S3 API, "Authenticating Requests: Using Query Parameters")?
bool is_signature_parameter(std::string_view name) noexcept;

/// Is this a field that presigned uploads carry in their query instead, and that asks for nothing more: a
/// checksum, metadata? Of others, such as an ACL, no client needs that.
bool is_hoisted_field(const ApiOperation& operation, std::string_view parameter) noexcept;

/// Is this one of the action names that a policy may use? They are the API's operations, and IAM's actions
/// where one has no operation of its own: a version of an object, a bypass of governance.
bool is_action(std::string_view name) noexcept;

/// The operations that IAM (or an older API) means by a name that is not one here; empty when it is unknown.
std::string_view operations_for_foreign_action(std::string_view name) noexcept;

inline constexpr std::string_view unknown_action = "Unknown";

}  // namespace sallyport::gateway
