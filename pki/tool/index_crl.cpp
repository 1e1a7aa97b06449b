// The half of the index that CRLs are made from: revocations, CRL numbers, publications.

#include "pki/tool/index.h"

namespace sallyport::pki {
namespace {

Result<void> change_revision(Database& database, std::string_view authority) {
    auto update = database.prepare("UPDATE authorities SET revision = revision + 1 WHERE name = ?");
    return update.bind_text(authority).run();
}

}  // namespace

Result<void> Index::revoke(const std::vector<CertificateRecord>& records, CrlReason reason,
                           std::chrono::sys_seconds now) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    const std::string_view action = reason == CrlReason::certificate_hold ? "held" : "revoked";
    for (const CertificateRecord& record : records) {
        auto insert = database_.prepare(
            "INSERT INTO revocations (issuer, serial, reason, revoked_at, not_after) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET reason = excluded.reason");
        const auto done = insert.bind_text(record.issuer)
                              .bind_blob(record.serial)
                              .bind(static_cast<std::int64_t>(reason))
                              .bind_time(now)
                              .bind_time(record.validity.not_after)
                              .run();
        if (!done) return done.error();
        if (const auto changed = change_revision(database_, record.issuer); !changed) return changed.error();
        const auto logged = log(action, record.issuer, record.serial, to_string(reason), now);
        if (!logged) return logged.error();
    }
    return transaction->commit();
}

Result<void> Index::release(const std::vector<CertificateRecord>& records, std::chrono::sys_seconds now) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    for (const CertificateRecord& record : records) {
        auto remove = database_.prepare("DELETE FROM revocations WHERE issuer = ? AND serial = ?");
        const auto done = remove.bind_text(record.issuer).bind_blob(record.serial).run();
        if (!done) return done.error();
        if (const auto changed = change_revision(database_, record.issuer); !changed) return changed.error();
        const auto logged = log("released", record.issuer, record.serial, "", now);
        if (!logged) return logged.error();
    }
    return transaction->commit();
}

Result<std::uint64_t> Index::take_crl_number(std::string_view authority, std::chrono::sys_seconds this_update,
                                             std::chrono::sys_seconds next_update) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    std::int64_t number = 0;
    {
        auto update = database_.prepare(
            "UPDATE authorities SET crl_number = crl_number + 1 WHERE name = ? RETURNING crl_number");
        update.bind_text(authority);
        const auto row = update.step();
        if (!row) return row.error();
        if (!*row) return Error{Fault::input, std::string(authority) + ": no such authority in this depot"};
        number = update.integer(0);
        if (const auto done = update.run(); !done) return done.error();
    }
    auto insert =
        database_.prepare("INSERT INTO crls (issuer, number, this_update, next_update) VALUES (?, ?, ?, ?)");
    const auto done =
        insert.bind_text(authority).bind(number).bind_time(this_update).bind_time(next_update).run();
    if (!done) return done.error();
    if (const auto committed = transaction->commit(); !committed) return committed.error();
    return static_cast<std::uint64_t>(number);
}

Result<void> Index::visit_revoked(std::string_view authority,
                                  const std::function<Result<void>(const RevokedCertificate&)>& visit) {
    auto statement = database_.prepare(
        "SELECT serial, revoked_at, reason FROM revocations WHERE issuer = ? AND final_crl IS NULL"
        " ORDER BY serial");
    statement.bind_text(authority);
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return {};
        const std::string serial = statement.blob(0);
        const auto visited = visit({serial, statement.time(1), static_cast<CrlReason>(statement.integer(2))});
        if (!visited) return visited;
    }
}

Result<void> Index::crl_published(std::string_view authority, std::uint64_t number, std::string_view sha256,
                                  std::chrono::sys_seconds now) {
    const auto crl = static_cast<std::int64_t>(number);
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto published = database_.prepare("UPDATE crls SET sha256 = ? WHERE issuer = ? AND number = ?");
    if (const auto done = published.bind_blob(sha256).bind_text(authority).bind(crl).run(); !done)
        return done.error();
    auto revision = database_.prepare("UPDATE authorities SET published_revision = revision WHERE name = ?");
    if (const auto done = revision.bind_text(authority).run(); !done) return done.error();
    auto expired = database_.prepare(
        "UPDATE revocations SET final_crl = ?1 WHERE issuer = ?2 AND final_crl IS NULL AND not_after <"
        " (SELECT this_update FROM crls WHERE issuer = ?2 AND number = ?1)");
    if (const auto done = expired.bind(crl).bind_text(authority).run(); !done) return done.error();
    const auto logged = log("crl", authority, "", "number " + std::to_string(number), now);
    if (!logged) return logged.error();
    return transaction->commit();
}

Result<CrlRecord> Index::newest_crl(std::string_view authority) {
    auto statement = database_.prepare(
        "SELECT c.number, c.this_update, c.next_update, c.sha256,"
        " a.revision = a.published_revision AND c.sha256 IS NOT NULL"
        " FROM crls c JOIN authorities a ON a.name = c.issuer WHERE a.name = ? ORDER BY c.number DESC LIMIT "
        "1");
    const auto row = statement.bind_text(authority).step();
    if (!row) return row.error();
    if (!*row) return CrlRecord{0, {}, {}, {}, false};
    return CrlRecord{static_cast<std::uint64_t>(statement.integer(0)), statement.time(1), statement.time(2),
                     statement.blob(3), statement.integer(4) != 0};
}

}  // namespace sallyport::pki
