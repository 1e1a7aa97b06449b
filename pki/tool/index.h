#pragma once

#include "pki/crl_writer.h"
#include "pki/result.h"
#include "pki/tool/certificate_record.h"
#include "pki/tool/database.h"
#include "pki/tool/occasion.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// What an authority is for. A root signs authorities; the others sign certificates of one kind.
enum class AuthorityRole { root, devices, servers, operators };
std::string_view to_string(AuthorityRole role) noexcept;

struct AuthorityRecord {
    std::string name;
    AuthorityRole role;
    std::string issuer;       ///< name of the root above it; its own for a root; empty: not in this depot
    unsigned partitions = 1;  ///< of its CRL, for its whole life; 1: one complete CRL
    bool retired = false;     ///< issues no more, but its CRLs are still published
    std::uint64_t crl_number = 0;  ///< the last one taken
};

/// An event of the audit log.
struct Event {
    std::int64_t id;
    std::chrono::sys_seconds at;
    std::string who;
    std::string action;
    std::string authority;
    std::string serial;  ///< octets; empty: of no certificate
    std::string detail;
    std::string why;
    std::string hash;  ///< SHA-256 of the previous event's hash and of this event
};

/// Which partition of its issuer's CRL lists a certificate: a part of its serial, which is random.
unsigned partition_of(std::string_view serial, unsigned partitions) noexcept;

/// One CRL of an authority: of one partition (0 for an authority that has only one), complete or delta.
struct CrlScopeId {
    std::string authority;
    unsigned partition = 0;
};

enum class CrlForm { complete, delta };

/// What the index knows of a CRL.
struct CrlRecord {
    std::uint64_t number = 0;  ///< 0: none was ever begun
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    std::string sha256;  ///< of the published file; empty when publishing did not finish
};

/// An entry of a CRL, with its own serial.
struct FoundRevocation {
    std::string serial;
    Revocation revocation;
};

/// What an entry says of its certificate, which is not `remove_from_crl`.
Revocation revocation_of(const CrlEntry& entry);

/// A CRL that is about to be made.
struct CrlPlan {
    CrlScopeId scope;
    std::optional<std::uint64_t> base;  ///< of a delta CRL
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    std::uint64_t number = 0;  ///< as from Index::begin_crls()
};

/// What the audit log says of an entry that was taken over from a CRL.
std::string adoption_detail(CrlReason reason, std::chrono::sys_seconds revoked_at);

/// The memory of a depot, `index.sqlite`: what was issued, what is revoked, which CRL numbers are used, and
/// the audit log. Every change is one durable transaction with its events. The schema itself refuses to
/// lose an entry: events and certificates cannot be changed, CRL numbers cannot fall, and only a hold can
/// be lifted. Callers hold the depot's lock while they write.
class Index {
  public:
    /// Makes the tables in an empty file.
    static Result<Index> create(const std::filesystem::path& path);
    static Result<Index> open(const std::filesystem::path& path);

    // Authorities.

    Result<std::vector<AuthorityRecord>> authorities();
    Result<std::optional<AuthorityRecord>> find_authority(std::string_view name);
    /// Records an authority together with its certificate; its CRL numbers start after `crl_number`.
    Result<void> add_authority(const AuthorityRecord& authority, const CertificateRecord& certificate,
                               const Occasion& occasion);
    Result<void> retire_authority(std::string_view name, const Occasion& occasion);

    // Certificates.

    /// Records certificates, all or none. Error: a serial was used by their issuer before.
    Result<void> add_certificates(std::span<const CertificateRecord> records, const Occasion& occasion);
    Result<void> add_certificate(const CertificateRecord& record, const Occasion& occasion) {
        return add_certificates({&record, 1}, occasion);
    }
    /// What this authority issued under this serial.
    Result<std::optional<CertificateRecord>> find_certificate(std::string_view issuer,
                                                              std::string_view serial);
    /// The certificate of an authority, when its serial is this one.
    Result<std::optional<CertificateRecord>> find_certificate_of(const AuthorityRecord& authority,
                                                                 std::string_view serial);
    /// Whether a serial of this scope is revoked, known certificate or not.
    Result<std::optional<Revocation>> find_revocation(const CrlScopeId& scope, std::string_view serial);
    /// What all authorities issued under this serial, oldest first. Ours do not meet, as they are random;
    /// those of an authority that was imported may be small.
    Result<std::vector<CertificateRecord>> find_serial(std::string_view serial);
    /// All certificates of a device, oldest first.
    Result<std::vector<CertificateRecord>> find_device(std::string_view device_id);
    /// All certificates for a public key, as from key_digest(), oldest first.
    Result<std::vector<CertificateRecord>> find_key(std::string_view digest);
    /// Calls `visit` for every certificate that the filter lets through, oldest first.
    Result<void> visit_certificates(const CertificateFilter& filter,
                                    const std::function<void(const CertificateRecord&)>& visit);

    /// How many devices have a certificate that is neither expired nor revoked.
    Result<std::uint64_t> count_fleet(std::chrono::sys_seconds now);

    // Revocations.

    /// Marks certificates as revoked, or as held; a held one becomes revoked and keeps the date of the hold.
    Result<void> revoke(std::span<const CertificateRecord> records,
                        std::span<const CertificateRecord> unrecorded, const RevocationRequest& request,
                        const Occasion& occasion);
    /// Lifts the hold of certificates.
    Result<void> release(std::span<const CertificateRecord> records,
                         std::span<const CertificateRecord> unrecorded, const Occasion& occasion);
    /// Takes over entries that this index does not know, in one transaction. Their certificates may be
    /// unknown. Returns how many were new.
    Result<std::uint64_t> adopt(const CrlScopeId& scope, std::span<const FoundRevocation> entries,
                                const Occasion& occasion);
    /// Serials of what this authority revoked or holds by the audit log, and the index does not have. Reads
    /// the whole log.
    Result<std::vector<std::string>> lost_revocations(const AuthorityRecord& authority);

    // CRLs.

    /// Takes the authority's next CRL number for these CRLs, writes it into them and notes that they are
    /// begun. It is used up from here on, whatever becomes of them.
    Result<void> begin_crls(std::string_view authority, std::span<CrlPlan> plans, const Occasion& occasion);
    /// After a restore: from now on no CRL may be made until settle_restored() says that what was published
    /// after the backup is known.
    Result<void> mark_restored(const Occasion& occasion);
    Result<void> settle_restored(std::string_view authority, std::string_view how, const Occasion& occasion);
    Result<bool> is_restored(std::string_view authority);
    /// The next CRL number will be above `number`: after a restore, when others have seen that one.
    Result<void> raise_crl_number(std::string_view authority, std::uint64_t number, const Occasion& occasion);
    /// Calls `visit` for each entry of a complete CRL, in the order of serials: every revoked certificate
    /// that has not expired at `this_update`, and an expired one until a CRL issued after its expiry listed
    /// it (RFC 5280 3.3). A clock that was wrong for one CRL leaves nobody out of the next. `leave`: in the
    /// same order, serials that the CRL before listed for the last time. Ends with the first error of either.
    Result<void> visit_revoked(const CrlScopeId& scope, std::chrono::sys_seconds this_update,
                               const std::function<Result<void>(const RevokedCertificate&)>& visit,
                               const std::function<Result<void>(std::string_view)>& leave = {});
    /// The same for a delta CRL: what was revoked, or released (removeFromCRL), since the CRL `base`.
    Result<void> visit_changes(const CrlScopeId& scope, std::uint64_t base,
                               const std::function<Result<void>(const RevokedCertificate&)>& visit);
    Result<std::uint64_t> count_changes(const CrlScopeId& scope, std::uint64_t base);
    /// The CRL is in its place; `sha256` is of the file.
    Result<void> crl_published(const CrlPlan& plan, std::string_view sha256, const Occasion& occasion);
    /// The newest CRL of a scope that was begun: of any form, or of this one.
    Result<CrlRecord> newest_crl(const CrlScopeId& scope, std::optional<CrlForm> form = std::nullopt);
    /// The newest complete CRL that is known to have come out; number 0: none.
    Result<CrlRecord> newest_complete_crl(const CrlScopeId& scope);
    /// Does the published CRL of this scope, with its delta, show every revocation?
    Result<bool> shows_every_revocation(const CrlScopeId& scope);

    /// A repository has the CRLs that this digest stands for.
    Result<void> note_distribution(const std::string& repository, const std::string& digest,
                                   const Occasion& occasion);
    /// The digest of what a repository was last seen to have; empty: nothing.
    Result<std::string> distributed(const std::string& repository);

    // Audit log.

    Result<void> note(std::string_view action, std::string_view authority, std::string_view detail,
                      const Occasion& occasion);
    Result<std::vector<Event>> events_of(const CertificateRecord& certificate);
    /// Calls `visit` for events from the oldest on.
    Result<void> visit_events(const std::function<Result<void>(const Event&)>& visit);

    /// What SQLite itself finds wrong with the file; empty: nothing.
    Result<std::vector<std::string>> integrity_faults();
    /// Writes a consistent copy of the whole index.
    Result<void> copy_to(const std::filesystem::path& path);

  private:
    explicit Index(Database database) : database_(std::move(database)) {}
    Result<bool> adopt_revocation(const CrlScopeId& scope, const FoundRevocation& entry,
                                  const Occasion& occasion);
    Result<void> record(std::span<const CertificateRecord> unrecorded, const Occasion& occasion);
    Result<void> insert_certificate(const CertificateRecord& record);
    Result<void> log(std::string_view action, std::string_view authority, std::string_view serial,
                     std::string_view detail, const Occasion& occasion);
    Result<void> note_lost_number(std::string_view authority, std::int64_t number, const Occasion& occasion);
    /// A revocation of this scope changed: the CRL that is published is not current any more.
    Result<void> change_scope(std::string_view authority, unsigned partition);

    Database database_;
};

}  // namespace sallyport::pki
