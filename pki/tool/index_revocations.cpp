// The part of the index that knows who is revoked.

#include "pki/time.h"
#include "pki/tool/index.h"

namespace sallyport::pki {
namespace {

Statement& bind_scope(Statement& statement, const CrlScopeId& scope) {
    return statement.bind_text(scope.authority).bind(scope.partition);
}

std::string describe(const RevocationRequest& request) {
    std::string text(to_string(request.reason));
    if (request.invalid_since) {
        text += ", invalid since " + rfc3339(*request.invalid_since);
    }
    return text;
}

Result<void> insert_revocation(Database& database, const CrlScopeId& scope, const RevokedCertificate& entry,
                               std::chrono::sys_seconds not_after) {
    // A hold that becomes a revocation keeps its date. The number after the last one is the first CRL that
    // can show it.
    auto insert = database.prepare(
        "INSERT INTO revocations (issuer, partition, serial, reason, revoked_at, invalid_since, not_after,"
        " since) VALUES (?1, ?2, ?3, ?4, ?5, iif(?6, ?7, NULL), ?8,"
        " (SELECT crl_number + 1 FROM authorities WHERE name = ?1))"
        " ON CONFLICT DO UPDATE SET reason = excluded.reason, invalid_since = excluded.invalid_since,"
        " since = excluded.since");
    return bind_scope(insert, scope)
        .bind_blob(entry.serial)
        .bind(static_cast<std::int64_t>(entry.reason))
        .bind_time(entry.revoked_at)
        .bind(entry.invalid_since ? 1 : 0)
        .bind_time(entry.invalid_since.value_or(std::chrono::sys_seconds{}))
        .bind_time(not_after)
        .run();
}

}  // namespace

Revocation revocation_of(const CrlEntry& entry) {
    const CrlReason reason = entry.reason == CrlReason::none ? CrlReason::unspecified : entry.reason;
    return {reason, entry.revoked_at, entry.invalid_since};
}

std::string adoption_detail(CrlReason reason, std::chrono::sys_seconds revoked_at) {
    return std::string(to_string(reason)) + ", since " + rfc3339(revoked_at);
}

Result<void> Index::change_scope(std::string_view authority, unsigned partition) {
    auto update =
        database_.prepare("UPDATE scopes SET revision = revision + 1 WHERE issuer = ? AND partition = ?");
    return update.bind_text(authority).bind(partition).run();
}

Result<void> Index::record(std::span<const CertificateRecord> unrecorded, const Occasion& occasion) {
    for (const CertificateRecord& certificate : unrecorded) {
        if (const auto done = insert_certificate(certificate); !done) return done.error();
        const auto logged =
            log("recorded", certificate.issuer, certificate.serial, certificate.subject, occasion);
        if (!logged) return logged.error();
    }
    return {};
}

Result<void> Index::revoke(std::span<const CertificateRecord> records,
                           std::span<const CertificateRecord> unrecorded, const RevocationRequest& request,
                           const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (const auto done = record(unrecorded, occasion); !done) return done.error();
    const std::string_view action = request.reason == CrlReason::certificate_hold ? "held" : "revoked";
    for (const CertificateRecord& record : records) {
        const CrlScopeId scope{record.issuer, record.partition};
        const RevokedCertificate entry{record.serial, occasion.now, request.reason, request.invalid_since};
        const auto done = insert_revocation(database_, scope, entry, record.validity.not_after);
        if (!done) return done.error();
        auto forget =
            database_.prepare("DELETE FROM releases WHERE issuer = ? AND partition = ? AND serial = ?");
        if (const auto gone = bind_scope(forget, scope).bind_blob(record.serial).run(); !gone)
            return gone.error();
        if (const auto changed = change_scope(record.issuer, record.partition); !changed)
            return changed.error();
        const auto logged = log(action, record.issuer, record.serial, describe(request), occasion);
        if (!logged) return logged.error();
    }
    return transaction->commit();
}

Result<void> Index::release(std::span<const CertificateRecord> records,
                            std::span<const CertificateRecord> unrecorded, const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (const auto done = record(unrecorded, occasion); !done) return done.error();
    for (const CertificateRecord& record : records) {
        const CrlScopeId scope{record.issuer, record.partition};
        auto remember = database_.prepare(
            "INSERT INTO releases (issuer, partition, serial, held_at, since)"
            " SELECT issuer, partition, serial, revoked_at,"
            " (SELECT crl_number + 1 FROM authorities WHERE name = ?1) FROM revocations"
            " WHERE issuer = ?1 AND partition = ?2 AND serial = ?3"
            " ON CONFLICT DO UPDATE SET since = excluded.since, held_at = excluded.held_at");
        if (const auto done = bind_scope(remember, scope).bind_blob(record.serial).run(); !done)
            return done.error();
        auto remove =
            database_.prepare("DELETE FROM revocations WHERE issuer = ? AND partition = ? AND serial = ?");
        if (const auto done = bind_scope(remove, scope).bind_blob(record.serial).run(); !done)
            return done.error();
        if (const auto changed = change_scope(record.issuer, record.partition); !changed)
            return changed.error();
        const auto logged = log("released", record.issuer, record.serial, {}, occasion);
        if (!logged) return logged.error();
    }
    return transaction->commit();
}

Result<std::optional<Revocation>> Index::find_revocation(const CrlScopeId& scope, std::string_view serial) {
    auto known = database_.prepare(
        "SELECT reason, revoked_at, invalid_since FROM revocations"
        " WHERE issuer = ? AND partition = ? AND serial = ?");
    const auto row = bind_scope(known, scope).bind_blob(serial).step();
    if (!row) return row.error();
    if (!*row) return std::optional<Revocation>();
    Revocation found{static_cast<CrlReason>(known.integer(0)), known.time(1)};
    if (!known.is_null(2)) found.invalid_since = known.time(2);
    return std::optional(found);
}

Result<bool> Index::adopt_revocation(const CrlScopeId& scope, const FoundRevocation& entry,
                                     const Occasion& occasion) {
    const Revocation& found = entry.revocation;
    const auto known = find_revocation(scope, entry.serial);
    if (!known) return known.error();
    if (*known && (!(*known)->on_hold() || found.on_hold())) return false;
    const auto certificate = find_certificate(scope.authority, entry.serial);
    if (!certificate) return certificate.error();
    // Of a certificate that nobody remembers the expiry is not known either: it stays listed for ever.
    constexpr std::chrono::sys_seconds never{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};
    const auto not_after = *certificate ? (*certificate)->validity.not_after : never;
    const RevokedCertificate row{entry.serial, found.revoked_at, found.reason, found.invalid_since};
    if (const auto done = insert_revocation(database_, scope, row, not_after); !done) return done.error();
    if (const auto changed = change_scope(scope.authority, scope.partition); !changed) return changed.error();
    const auto logged = log("adopted", scope.authority, entry.serial,
                            adoption_detail(found.reason, found.revoked_at), occasion);
    if (!logged) return logged.error();
    return true;
}

Result<std::uint64_t> Index::adopt(const CrlScopeId& scope, std::span<const FoundRevocation> entries,
                                   const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    std::uint64_t adopted = 0;
    for (const FoundRevocation& entry : entries) {
        const auto done = adopt_revocation(scope, entry, occasion);
        if (!done) return done.error();
        adopted += *done ? 1 : 0;
    }
    if (const auto committed = transaction->commit(); !committed) return committed.error();
    return adopted;
}

Result<std::vector<std::string>> Index::lost_revocations(const AuthorityRecord& authority) {
    auto events = database_.prepare(
        "SELECT serial FROM events e WHERE authority = ? AND length(serial) > 0"
        " AND action IN ('revoked', 'held', 'adopted') AND NOT EXISTS (SELECT 1 FROM events l"
        "     WHERE l.serial = e.serial AND l.authority = e.authority AND l.action = 'released' AND l.id > "
        "e.id)");
    events.bind_text(authority.name);
    auto row_of =
        database_.prepare("SELECT 1 FROM revocations WHERE issuer = ? AND partition = ? AND serial = ?");
    std::vector<std::string> lost;
    for (;;) {
        const auto event = events.step();
        if (!event) return event.error();
        if (!*event) return lost;
        const std::string serial = events.blob(0);
        const CrlScopeId scope{authority.name, partition_of(serial, authority.partitions)};
        const auto row = bind_scope(row_of.again(), scope).bind_blob(serial).step();
        if (!row) return row.error();
        if (!*row) lost.push_back(serial);
    }
}

}  // namespace sallyport::pki
