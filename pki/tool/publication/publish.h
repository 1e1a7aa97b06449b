#pragma once

#include "pki/openssl.h"
#include "pki/revoked_serials.h"
#include "pki/tool/publication/repository.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sallyport::pki {

/// A CRL that is to be where others fetch it.
struct CrlFile {
    std::string name;   ///< see `is_published_name`; "manifest.json" is taken
    std::string bytes;  ///< one CRL, DER or PEM
    /// Who signed it. A file that is in a repository already counts only when this authority signed it, too;
    /// null: whatever can be read as a CRL of the same issuer counts.
    const X509* issuer = nullptr;
    /// The name of this authority, for `MayLeave`.
    std::string authority = {};
    /// Of a complete CRL: the name of the delta CRL that may lie beside it, whose entries it must not forget;
    /// empty: there is none.
    std::string delta_name = {};
};

/// May this entry of an older CRL be missing in `ours`, which is newer? True when its certificate has
/// expired, or when its hold was lifted (RFC 5280 5.3.1). Called by several threads at once.
using MayLeave = std::function<bool(const CrlFile& ours, Bytes serial, const RevokedSerials::Entry& entry)>;

enum class Placement {
    written,       ///< and read back, byte for byte
    unchanged,     ///< the repository had the same bytes
    rollback,      ///< the repository has a CRL with a higher number: left alone
    would_shrink,  ///< the CRL there revokes certificates that ours does not: left alone
    foreign,       ///< the file there is the CRL of another issuer or list: left alone
    failed,        ///< not written, or not what was written when it was read back
};
std::string_view to_string(Placement placement) noexcept;

struct FileOutcome {
    std::string name = {};
    Placement placement = Placement::failed;
    /// For people: what happened and what to do. Also beside `written`, when something damaged was replaced.
    std::string detail = {};
    std::size_t missing = 0;  ///< with `would_shrink`: so many certificates

    bool in_place() const noexcept {
        return placement == Placement::written || placement == Placement::unchanged;
    }
};

struct RepositoryOutcome {
    std::string repository;               ///< `Repository::describe`
    std::vector<FileOutcome> files = {};  ///< in the order of the files given
    FileOutcome manifest = {};

    bool in_place() const noexcept;
};

/// What the repositories have now: each file is `unchanged`, or `failed` with what is there instead. Writes
/// nothing; all repositories at once. Errors: as of publish().
Result<std::vector<RepositoryOutcome>> inspect(std::span<const CrlFile> files,
                                               std::span<const std::unique_ptr<Repository>> repositories);

/// Puts the files into every repository, all repositories at once and each on a thread of its own, so that
/// one that stalls or fails holds up no other. Each file: read what is there, keep it if it is the same or if
/// ours must not replace it, write, read back, compare; complete CRLs before the delta CRLs that build upon
/// them. Then the manifest, which describes what was found to
/// be there: our files, the CRLs that were left alone, and nothing for files that nobody could read. `files`
/// are all that the repository shall offer: the manifest forgets others. Errors: `files` that are no CRLs, or
/// two of one name. Between reading and writing nothing keeps another publisher away: one depot publishes at
/// a time.
Result<std::vector<RepositoryOutcome>> publish(std::span<const CrlFile> files,
                                               std::span<const std::unique_ptr<Repository>> repositories,
                                               const MayLeave& may_leave);

}  // namespace sallyport::pki
