#pragma once

#include "pki/key.h"
#include "pki/request.h"
#include "pki/result.h"
#include "pki/tool/depot.h"
#include "pki/tool/identity_files.h"

#include <chrono>
#include <string>
#include <vector>

namespace sallyport::pki {

/// What is the same for all certificates that one command issues. Immutable, so that threads can share it.
struct IssuingContext {
    CertificateKind kind;
    Authority authority;
    CrlSettings crl;
    std::string organization;
    Validity validity;
    KeyAlgorithm algorithm;
    std::vector<CertificatePtr> above;           ///< of the authority, for chains
    std::vector<CertificatePtr> server_anchors;  ///< of what a device connects to
    std::string batch;
    std::string notes;  ///< for the operator, e.g. that the lifetime was cut
};

/// What the command line may say about all certificates of a command.
struct IssuingOptions {
    std::optional<std::chrono::days> lifetime = {};
    std::string authority = {};  ///< empty: the newest that issues for this kind
    std::string batch = {};
};

/// Errors: no authority for this kind, expired, revoked, or without its key.
Result<IssuingContext> issuing_context(Depot& depot, CertificateKind kind, const IssuingOptions& options,
                                       std::chrono::sys_seconds now);

/// Locks the depot after Depot::unlock(), to record what was made with `context`. Errors: another process
/// holds it for minutes; or it revoked or retired the authority meanwhile.
Result<void> lock_again(Depot& depot, const IssuingContext& context);

/// One certificate to be made.
struct LeafOrder {
    std::string name;  ///< of its folder
    std::string common_name;
    std::vector<AlternativeName> alternative_names;
    std::string lineage = {};                       ///< empty: begins one
    const CertificationRequest* request = nullptr;  ///< null: a key is made here
};

struct MadeLeaf {
    CertificateRecord record;
    IdentityFiles files;
};

/// Makes a certificate and the files that go with it, in memory. Thread-safe.
Result<MadeLeaf> make_leaf(const IssuingContext& context, const LeafOrder& order);

/// The files that go with a certificate that an authority issued before (DER), without its key.
Result<IdentityFiles> files_of(const IssuingContext& context, std::string_view der);

/// May the key of a request be certified for `name`? Errors (input): it stands in a certificate that is
/// revoked or on hold, or is that of somebody else.
Result<void> check_key(Index& index, const CertificationRequest& request, std::string_view name,
                       std::string_view origin);

/// The order for a device: CN and SAN URI are its ID. Error: `request` asks for another device.
Result<LeafOrder> device_order(const std::string& device_id, const CertificationRequest* request,
                               std::string_view origin);

}  // namespace sallyport::pki
