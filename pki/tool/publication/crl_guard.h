#pragma once

#include "pki/crl.h"
#include "pki/openssl.h"
#include "pki/revoked_serials.h"
#include "pki/tool/publication/manifest.h"
#include "pki/tool/publication/publish.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// A CRL with the bytes that its views point into. Not verified.
struct ReadCrl {
    std::string der;
    CrlView view;

    ReadCrl() = default;
    ReadCrl(const ReadCrl&) = delete;  // a short text moves with its object
};

/// A file of one CRL with a number, in DER or PEM; otherwise why it is none.
boost::system::result<std::unique_ptr<const ReadCrl>, std::string> read_crl(std::string_view file);

/// What the manifest says of `crl`, which was read from `file`.
ManifestEntry manifest_entry(std::string name, std::string_view file, const ReadCrl& crl);

/// Ours, read once for all repositories. Immutable; thread-safe.
struct PreparedCrl {
    const CrlFile* file;  ///< the caller's
    std::unique_ptr<const ReadCrl> crl;
    RevokedSerials serials;
    ManifestEntry entry;
};
Result<PreparedCrl> prepare(const CrlFile& file);

/// What becomes of a file that a repository has under the name of ours, with other bytes.
struct GuardVerdict {
    std::optional<Placement> left_alone = {};  ///< why; nothing: ours may replace it
    std::string detail = {};                   ///< for people
    std::size_t missing = 0;
    std::optional<ManifestEntry> there = {};  ///< of a CRL that is left alone
};

/// The complete CRL among `all` of the same issuer and scope as this delta CRL; null: there is none.
const PreparedCrl* complete_of(const PreparedCrl& delta, std::span<const PreparedCrl> all);

/// `complete`: the one that the repository has beside our delta CRL; null: ours is complete itself, or
/// nothing is known of one.
GuardVerdict judge(const PreparedCrl& ours, const PreparedCrl* complete, std::string_view there,
                   const MayLeave& may_leave);

/// Would our complete CRL forget what a delta CRL revokes that the repository has beside it? That
/// one is not applied any more once the complete one has the higher number. The verdict's `there` is the
/// delta's.
GuardVerdict judge_beside(const PreparedCrl& complete, std::string_view delta_there,
                          const MayLeave& may_leave);

}  // namespace sallyport::pki
