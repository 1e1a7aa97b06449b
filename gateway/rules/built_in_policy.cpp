#include "gateway/rules/built_in_policy.h"

namespace sallyport::gateway {
namespace {

/// Section "S3 management" of the device's documentation: what it fetches and what it puts, and how it gets a
/// new certificate: it puts a request and fetches the answer. It never lists, deletes or copies.
std::vector<PolicyRule> canedge_device(const std::string& own) {
    std::vector<PolicyRule> rules;
    for (const char* name : {"schema-{digits:2}.{digits:2}.json", "device.json"})
        rules.push_back({{"GetObject", "HeadObject", "PutObject"}, own + name});
    // The server's configuration wins: a device brings its own only where there is none.
    const std::string configuration = own + "config-{digits:2}.{digits:2}.json";
    rules.push_back({{"GetObject", "HeadObject"}, configuration});
    rules.push_back({{"PutObject"}, configuration});
    rules.back().when_absent = true;
    for (const char* name : {"firmware.bin", "certs_server.p7b", "certs_device.p7b"})
        rules.push_back({{"GetObject", "HeadObject"}, own + name});
    rules.push_back({{"HeadObject", "PutObject"}, own + "device.csr"});  // it looks whether it is still there
    // Session, split and time of the upload; plain, compressed, encrypted, or both.
    for (const char* extension : {"MF4", "MFC", "MFE", "MFM"})
        rules.push_back({{"PutObject"}, own + "{digits:8}/{digits:8}-{hex:8}." + extension});
    return rules;
}

/// Without ACLs, which would open objects to strangers, and without locks, which nobody could undo.
std::vector<PolicyRule> prefix_owner(const std::string& bucket, const std::string& own) {
    PolicyRule objects{
        {"PutObject", "GetObject", "HeadObject", "DeleteObject", "CopyObject", "GetObjectAttributes",
         "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging", "CreateMultipartUpload", "UploadPart",
         "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"},
        own + "*"};
    PolicyRule lists{{"ListObjects", "ListObjectsV2", "ListMultipartUploads"}, bucket + "/"};
    lists.prefix = "{device}/*";
    return {std::move(objects), std::move(lists)};
}

}  // namespace

std::vector<PolicyRule> rules_of(BuiltIn policy, std::string_view bucket, ClientKind who) {
    const std::string name(bucket);
    const std::string own = name + "/{device}/";
    switch (policy) {
        case BuiltIn::canedge_device:
            return canedge_device(own);
        case BuiltIn::prefix_owner:
            return prefix_owner(name, own);
        case BuiltIn::unrestricted:
            break;
    }
    return {{{"*"}, name + "/*", who}};
}

std::optional<std::string> fault_of(BuiltIn policy, ClientKind who) {
    if (policy == BuiltIn::unrestricted && who == ClientKind::devices)
        return "use: 'unrestricted' is not for devices; say who: operator or credentials";
    if (policy != BuiltIn::unrestricted && who != ClientKind::devices)
        return "use: this policy is about devices; only 'unrestricted' is for others";
    return std::nullopt;
}

}  // namespace sallyport::gateway
