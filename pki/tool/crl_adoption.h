#pragma once

#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/tool/depot.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sallyport::pki {

struct AdoptedCrls {
    std::uint64_t number = 0;   ///< the highest one
    std::uint64_t entries = 0;  ///< that the index did not know
};

/// What was published after a backup was made, as gateways and repositories have it.
struct Adoption {
    std::vector<std::filesystem::path> files;  ///< complete and delta CRLs of one authority, DER or PEM
    bool no_delta = false;                     ///< the operator says that there was no delta CRL
};

/// Takes the entries of published CRLs into the index, and goes on behind their numbers. An authority of a
/// restored depot may sign CRLs again after that, when nothing is left out: the complete CRL of each of its
/// partitions, and the delta CRL of each where it makes some. A removeFromCRL is not taken over: what is held
/// here stays so until somebody says otherwise. Errors (input, nothing is changed): not one CRL that the
/// authority signed, or of no partition of this depot; where it was restored, also one that is older than the
/// depot's own, and one that is missing.
Result<AdoptedCrls> adopt_crls(Depot& depot, const AuthorityRecord& authority, const Adoption& adoption,
                               const Occasion& occasion);

/// The same for an authority that is taken over with its newest complete CRL.
Result<AdoptedCrls> adopt_imported_crl(Index& index, const AuthorityRecord& authority,
                                       const X509& certificate, const std::filesystem::path& path,
                                       const Occasion& occasion);

}  // namespace sallyport::pki
