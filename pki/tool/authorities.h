#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <filesystem>
#include <string>

namespace sallyport::pki {

/// The files of an authority that was made elsewhere.
struct ImportedAuthority {
    std::filesystem::path certificate;  ///< PEM: its certificate, then those above it
    std::filesystem::path key;          ///< PEM; empty: where the configuration says
    std::filesystem::path crl;          ///< its newest CRL: entries and number are taken over; empty: none
    bool never_published = false;       ///< the operator says that it never made a CRL
};

/// Takes over an authority. Errors: a certificate that may not sign certificates and CRLs, is expired, or has
/// no subject key identifier; a key that is not its own; a CRL that it did not sign.
Result<void> import_authority(const DepotPaths& paths, Index& index, const AuthorityPlan& plan,
                              const ImportedAuthority& imported, const Occasion& occasion);

/// Writes DIR/private/NAME.key, encrypted where the configuration names a passphrase.
Result<void> write_key_file(const DepotPaths& paths, const AuthorityPlan& plan, const EVP_PKEY& key);

/// Makes the key and certificate of an authority as `plan` wants it, puts them into the depot and records
/// them. `issuer` is null for a root. A lifetime beyond the issuer's is cut.
Result<Authority> make_authority(const DepotPaths& paths, const DepotConfiguration& configuration,
                                 Index& index, const AuthorityPlan& plan, const Authority* issuer,
                                 const Occasion& occasion);

/// `authority add NAME`: makes an authority that the configuration describes and the depot does not have yet,
/// and publishes its first CRL. From then on it issues for its role; older ones go on revoking.
Result<Answer> add_authority(Depot& depot, const std::string& name, const Occasion& occasion);

/// `authority retire NAME`: it issues no more. Its certificates stay valid and its CRLs are still published.
Result<Answer> retire_authority(Depot& depot, const std::string& name, const Occasion& occasion);

}  // namespace sallyport::pki
