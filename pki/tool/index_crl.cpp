// The part of the index that CRLs are made from: their entries, numbers and places.

#include "pki/time.h"
#include "pki/tool/index.h"

namespace sallyport::pki {
namespace {

using Visitor = std::function<Result<void>(const RevokedCertificate&)>;
using Leaver = std::function<Result<void>(std::string_view)>;

/// Rows of serial, reason, date, invalidity date, and whether it is listed.
Result<void> visit_rows(Statement& statement, const Visitor& visit, const Leaver& leave = {}) {
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return {};
        const std::string serial = statement.blob(0);
        if (leave && statement.integer(4) == 0) {
            if (const auto left = leave(serial); !left) return left;
            continue;
        }
        RevokedCertificate entry{serial, statement.time(2), static_cast<CrlReason>(statement.integer(1))};
        if (!statement.is_null(3)) entry.invalid_since = statement.time(3);
        if (const auto visited = visit(entry); !visited) return visited;
    }
}

Statement& bind_scope(Statement& statement, const CrlScopeId& scope) {
    return statement.bind_text(scope.authority).bind(scope.partition);
}

}  // namespace

/// Of a number that was taken, and whose CRL is not known to have come out, the audit log would say nothing.
Result<void> Index::note_lost_number(std::string_view authority, std::int64_t number,
                                     const Occasion& occasion) {
    auto lost =
        database_.prepare("SELECT 1 FROM crls WHERE issuer = ? AND number = ? AND sha256 IS NULL LIMIT 1");
    const auto row = lost.bind_text(authority).bind(number).step();
    if (!row) return row.error();
    if (!*row) return {};
    return log("number", authority, {},
               std::to_string(number) + " was taken, and no CRL is known to have come out", occasion);
}

Result<void> Index::begin_crls(std::string_view authority, std::span<CrlPlan> plans,
                               const Occasion& occasion) {
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
    if (const auto noted = note_lost_number(authority, number - 1, occasion); !noted) return noted;
    for (CrlPlan& plan : plans) {
        auto insert = database_.prepare(
            "INSERT INTO crls (issuer, partition, number, form, base, this_update, next_update)"
            " VALUES (?1, ?2, ?3, ?4, iif(?4, ?5, NULL), ?6, ?7)");
        const auto done = bind_scope(insert, plan.scope)
                              .bind(number)
                              .bind(plan.base ? 1 : 0)
                              .bind(static_cast<std::int64_t>(plan.base.value_or(0)))
                              .bind_time(plan.this_update)
                              .bind_time(plan.next_update)
                              .run();
        if (!done) return done.error();
    }
    if (const auto committed = transaction->commit(); !committed) return committed.error();
    for (CrlPlan& plan : plans)
        plan.number = static_cast<std::uint64_t>(number);
    return {};
}

Result<void> Index::raise_crl_number(std::string_view authority, std::uint64_t number,
                                     const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto update =
        database_.prepare("UPDATE authorities SET crl_number = ?1 WHERE name = ?2 AND crl_number < ?1");
    const auto done = update.bind(static_cast<std::int64_t>(number)).bind_text(authority).run();
    if (!done) return done.error();
    const auto logged = log("number", authority, {}, "raised to " + std::to_string(number), occasion);
    if (!logged) return logged.error();
    return transaction->commit();
}

Result<void> Index::mark_restored(const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (const auto done = database_.execute("UPDATE authorities SET restored = 1"); !done)
        return done.error();
    if (const auto logged = log("restored", {}, {}, {}, occasion); !logged) return logged.error();
    return transaction->commit();
}

Result<void> Index::settle_restored(std::string_view authority, std::string_view how,
                                    const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto update = database_.prepare("UPDATE authorities SET restored = 0 WHERE name = ?");
    if (const auto done = update.bind_text(authority).run(); !done) return done.error();
    if (const auto logged = log("settled", authority, {}, how, occasion); !logged) return logged.error();
    return transaction->commit();
}

Result<bool> Index::is_restored(std::string_view authority) {
    auto statement = database_.prepare("SELECT restored FROM authorities WHERE name = ?");
    const auto row = statement.bind_text(authority).step();
    if (!row) return row.error();
    return *row && statement.integer(0) != 0;
}

Result<void> Index::visit_revoked(const CrlScopeId& scope, std::chrono::sys_seconds this_update,
                                  const Visitor& visit, const Leaver& leave) {
    auto statement = database_.prepare(
        "SELECT serial, reason, revoked_at, invalid_since, final_crl IS NULL OR not_after >= ?3"
        " FROM revocations WHERE issuer = ?1 AND partition = ?2 AND (final_crl IS NULL OR not_after >= ?3 OR"
        " (?4 AND final_crl >= (SELECT max(number) FROM crls"
        "     WHERE issuer = ?1 AND partition = ?2 AND form = 0 AND length(sha256) > 0))) ORDER BY serial");
    bind_scope(statement, scope).bind_time(this_update).bind(leave ? 1 : 0);
    return visit_rows(statement, visit, leave);
}

Result<void> Index::visit_changes(const CrlScopeId& scope, std::uint64_t base, const Visitor& visit) {
    auto statement = database_.prepare(
        "SELECT serial, reason, revoked_at, invalid_since FROM revocations"
        " WHERE issuer = ?1 AND partition = ?2 AND since > ?3"
        " UNION ALL SELECT serial, 8, held_at, NULL FROM releases"
        " WHERE issuer = ?1 AND partition = ?2 AND since > ?3 ORDER BY serial");
    bind_scope(statement, scope).bind(static_cast<std::int64_t>(base));
    return visit_rows(statement, visit);
}

Result<std::uint64_t> Index::count_changes(const CrlScopeId& scope, std::uint64_t base) {
    auto statement = database_.prepare(
        "SELECT (SELECT count(*) FROM revocations WHERE issuer = ?1 AND partition = ?2 AND since > ?3)"
        " + (SELECT count(*) FROM releases WHERE issuer = ?1 AND partition = ?2 AND since > ?3)");
    const auto row = bind_scope(statement, scope).bind(static_cast<std::int64_t>(base)).step();
    if (!row) return row.error();
    return static_cast<std::uint64_t>(statement.integer(0));
}

Result<void> Index::crl_published(const CrlPlan& plan, std::string_view sha256, const Occasion& occasion) {
    const auto number = static_cast<std::int64_t>(plan.number);
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto published = database_.prepare(
        "UPDATE crls SET sha256 = ?4 WHERE issuer = ?1 AND partition = ?2 AND number = ?3 AND form = ?5");
    const auto noted =
        bind_scope(published, plan.scope).bind(number).bind_blob(sha256).bind(plan.base ? 1 : 0).run();
    if (!noted) return noted.error();
    auto revision = database_.prepare(
        "UPDATE scopes SET published_revision = revision WHERE issuer = ? AND partition = ?");
    if (const auto done = bind_scope(revision, plan.scope).run(); !done) return done.error();
    if (!plan.base) {
        auto expired = database_.prepare(
            "UPDATE revocations SET final_crl = ?3 WHERE issuer = ?1 AND partition = ?2"
            " AND final_crl IS NULL AND not_after < ?4");
        const auto done = bind_scope(expired, plan.scope).bind(number).bind_time(plan.this_update).run();
        if (!done) return done.error();
        auto settled = database_.prepare("DELETE FROM releases WHERE issuer = ? AND partition = ?");
        if (const auto gone = bind_scope(settled, plan.scope).run(); !gone) return gone.error();
    }
    std::string detail = (plan.base ? "delta number " : "number ") + std::to_string(plan.number);
    if (plan.scope.partition != 0) detail += ", partition " + std::to_string(plan.scope.partition);
    const auto logged = log("crl", plan.scope.authority, {}, detail, occasion);
    if (!logged) return logged.error();
    return transaction->commit();
}

Result<CrlRecord> Index::newest_crl(const CrlScopeId& scope, std::optional<CrlForm> form) {
    auto statement = database_.prepare(
        "SELECT number, this_update, next_update, sha256 FROM crls"
        " WHERE issuer = ? AND partition = ? AND (?3 < 0 OR form = ?3) ORDER BY number DESC, form LIMIT 1");
    const auto row = bind_scope(statement, scope).bind(form ? static_cast<std::int64_t>(*form) : -1).step();
    if (!row) return row.error();
    if (!*row) return CrlRecord{};
    return CrlRecord{static_cast<std::uint64_t>(statement.integer(0)), statement.time(1), statement.time(2),
                     statement.blob(3)};
}

Result<CrlRecord> Index::newest_complete_crl(const CrlScopeId& scope) {
    auto statement = database_.prepare(
        "SELECT number, this_update, next_update, sha256 FROM crls"
        " WHERE issuer = ? AND partition = ? AND form = ? AND length(sha256) > 0 ORDER BY number DESC LIMIT "
        "1");
    const auto row = bind_scope(statement, scope).bind(static_cast<std::int64_t>(CrlForm::complete)).step();
    if (!row) return row.error();
    if (!*row) return CrlRecord{};
    return CrlRecord{static_cast<std::uint64_t>(statement.integer(0)), statement.time(1), statement.time(2),
                     statement.blob(3)};
}

Result<bool> Index::shows_every_revocation(const CrlScopeId& scope) {
    auto statement = database_.prepare(
        "SELECT revision = published_revision FROM scopes WHERE issuer = ? AND partition = ?");
    const auto row = bind_scope(statement, scope).step();
    if (!row) return row.error();
    return *row && statement.integer(0) != 0;
}

Result<void> Index::note_distribution(const std::string& repository, const std::string& digest,
                                      const Occasion& occasion) {
    const auto known = distributed(repository);
    if (!known) return known.error();
    if (*known == digest) return {};
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto insert = database_.prepare(
        "INSERT INTO distributions (repository, digest, at) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET digest = excluded.digest, at = excluded.at");
    const auto done = insert.bind_text(repository).bind_blob(digest).bind_time(occasion.now).run();
    if (!done) return done.error();
    if (const auto logged = log("distributed", {}, {}, repository, occasion); !logged) return logged.error();
    return transaction->commit();
}

Result<std::string> Index::distributed(const std::string& repository) {
    auto statement = database_.prepare("SELECT digest FROM distributions WHERE repository = ?");
    const auto row = statement.bind_text(repository).step();
    if (!row) return row.error();
    return *row ? statement.blob(0) : std::string();
}

}  // namespace sallyport::pki
