#pragma once

#include "pki/certificate.h"
#include "pki/crl_writer.h"
#include "pki/issue.h"
#include "pki/result.h"
#include "pki/tool/database.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

enum class CertificateKind { authority, server, device };
std::string_view to_string(CertificateKind kind) noexcept;

struct Revocation {
    CrlReason reason;
    std::chrono::sys_seconds revoked_at;

    bool on_hold() const noexcept { return reason == CrlReason::certificate_hold; }
};

/// One issued certificate. Its private key is never in the index.
struct CertificateRecord {
    std::string serial;  ///< minimal INTEGER octets
    std::string issuer;  ///< name of the authority: root, device-ca, server-ca
    CertificateKind kind;
    std::string name;     ///< of the authority, the server's folder, or the device ID
    std::string subject;  ///< RFC 2253 text
    std::string lineage;  ///< serial of the first certificate; renewals keep it
    Validity validity;
    std::string der;
    std::optional<Revocation> revocation;
};

/// What the index records of a certificate that begins a lineage.
Result<CertificateRecord> record_of(const X509& certificate, std::string_view issuer, CertificateKind kind,
                                    std::string_view name);

struct Event {
    std::chrono::sys_seconds at;
    std::int64_t user;  ///< numeric user id
    std::string action;
    std::string detail;
};

struct DepotSettings {
    std::string organization;
    std::string crl_url;  ///< folder URL of the published CRLs; empty: none
};

/// What the index knows of an authority's newest CRL.
struct CrlRecord {
    std::uint64_t number;  ///< 0: none was ever begun
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    std::string sha256;  ///< of the published file; empty when publishing did not finish
    bool current;        ///< it was published and no revocation changed since
};

/// The memory of a depot, `index.sqlite`: what was issued, what is revoked, which CRL numbers are used, and
/// a log of events. Every change is one durable transaction with its event. The schema itself refuses to
/// lose an entry: events and certificates cannot be changed, CRL numbers cannot fall, and only a hold can
/// be lifted. Callers hold the depot's lock while they write.
class Index {
  public:
    /// Makes the tables in an empty file.
    static Result<Index> create(const std::filesystem::path& path, const DepotSettings& settings);
    static Result<Index> open(const std::filesystem::path& path);

    Result<DepotSettings> settings();
    Result<std::vector<std::string>> authorities();

    /// Records an authority together with its certificate; its CRL numbers start after 0.
    Result<void> add_authority(const CertificateRecord& record, std::chrono::sys_seconds now);
    /// Records a certificate. Error: its serial was used before.
    Result<void> add_certificate(const CertificateRecord& record, std::chrono::sys_seconds now);

    Result<std::optional<CertificateRecord>> find_serial(std::string_view serial);
    /// All certificates of a device, oldest first.
    Result<std::vector<CertificateRecord>> find_device(std::string_view device_id);
    /// Calls `visit` for every certificate, oldest first.
    Result<void> visit_certificates(const std::function<void(const CertificateRecord&)>& visit);
    Result<std::vector<Event>> events_of(std::string_view serial);

    /// Marks certificates as revoked, or as held; a held one becomes revoked and keeps the date of the hold.
    Result<void> revoke(const std::vector<CertificateRecord>& records, CrlReason reason,
                        std::chrono::sys_seconds now);
    /// Lifts the hold of certificates.
    Result<void> release(const std::vector<CertificateRecord>& records, std::chrono::sys_seconds now);

    /// Takes the authority's next CRL number. It is used up from here on, whatever happens to the CRL.
    Result<std::uint64_t> take_crl_number(std::string_view authority, std::chrono::sys_seconds this_update,
                                          std::chrono::sys_seconds next_update);
    /// Calls `visit` for each entry of the authority's next CRL, in the order of serials: every revoked
    /// certificate that has not expired, and an expired one until a CRL issued after its expiry listed it
    /// (RFC 5280 3.3). Ends with the first error of `visit`.
    Result<void> visit_revoked(std::string_view authority,
                               const std::function<Result<void>(const RevokedCertificate&)>& visit);
    /// The CRL with this number is in its place; `sha256` is of the file.
    Result<void> crl_published(std::string_view authority, std::uint64_t number, std::string_view sha256,
                               std::chrono::sys_seconds now);
    Result<CrlRecord> newest_crl(std::string_view authority);

  private:
    explicit Index(Database database) : database_(std::move(database)) {}
    Result<void> insert_certificate(const CertificateRecord& record);
    Result<void> log(std::string_view action, std::string_view authority, std::string_view serial,
                     std::string_view detail, std::chrono::sys_seconds now);
    Result<std::vector<CertificateRecord>> select(std::string_view condition, std::string_view value,
                                                  bool blob);

    Database database_;
};

}  // namespace sallyport::pki
