// The part of the index that knows certificates.

#include "pki/tool/index.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr std::string_view select_certificates =
    "SELECT c.serial, c.issuer, c.kind, c.name, c.subject, c.lineage, c.not_before, c.not_after, c.der,"
    " r.reason, r.revoked_at, r.invalid_since, c.partition, c.batch, c.key_digest FROM certificates c"
    " LEFT JOIN revocations r ON r.issuer = c.issuer AND r.partition = c.partition AND r.serial = c.serial ";

CertificateRecord read_record(const Statement& row) {
    CertificateRecord record{row.blob(0),
                             row.text(1),
                             static_cast<CertificateKind>(row.integer(2)),
                             row.text(3),
                             row.text(4),
                             row.blob(5),
                             {row.time(6), row.time(7)},
                             row.blob(8),
                             row.blob(14),
                             std::nullopt,
                             static_cast<unsigned>(row.integer(12)),
                             row.text(13)};
    if (!row.is_null(9)) {
        record.revocation = Revocation{static_cast<CrlReason>(row.integer(9)), row.time(10)};
        if (!row.is_null(11)) record.revocation->invalid_since = row.time(11);
    }
    return record;
}

Result<std::vector<CertificateRecord>> read_records(Statement& statement) {
    std::vector<CertificateRecord> records;
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return records;
        records.push_back(read_record(statement));
    }
}

/// The condition of a state in SQL; ?1 is the present.
std::string_view condition_of(CertificateState state) {
    switch (state) {
        case CertificateState::valid:
            return " AND r.reason IS NULL AND c.not_before <= ?1 AND c.not_after >= ?1";
        case CertificateState::not_yet_valid:
            return " AND r.reason IS NULL AND c.not_before > ?1";
        case CertificateState::expired:
            return " AND r.reason IS NULL AND c.not_after < ?1";
        case CertificateState::on_hold:
            return " AND r.reason = 6";
        case CertificateState::revoked:
            return " AND r.reason <> 6";
    }
    throw std::logic_error("unknown state of a certificate");
}

Statement prepare_filtered(Database& database, const CertificateFilter& filter) {
    // Each parameter is bound whether its condition stands there or not: ?1 to ?8 in the order of binding.
    std::string sql(select_certificates);
    sql +=
        "WHERE ?1 = ?1 AND ?2 = ?2 AND ?3 = ?3 AND ?4 = ?4 AND ?5 = ?5 AND ?6 = ?6 AND ?7 = ?7 AND ?8 = ?8";
    if (filter.state) sql += condition_of(*filter.state);
    if (filter.kind) sql += " AND c.kind = ?2";
    if (!filter.issuer.empty()) sql += " AND c.issuer = ?3";
    if (!filter.batch.empty()) sql += " AND c.batch = ?4";
    if (!filter.text.empty()) {
        sql += " AND (instr(lower(c.name), lower(?5)) > 0 OR instr(lower(c.subject), lower(?5)) > 0)";
    }
    if (filter.issued_before) sql += " AND c.not_before < ?6";
    if (filter.expires_before) sql += " AND c.not_after < ?7";
    if (!filter.name.empty()) sql += " AND c.name = ?8";
    auto statement = database.prepare(sql + " ORDER BY c.id");
    statement.bind_time(filter.now)
        .bind(filter.kind ? static_cast<std::int64_t>(*filter.kind) : 0)
        .bind_text(filter.issuer)
        .bind_text(filter.batch)
        .bind_text(filter.text)
        .bind_time(filter.issued_before.value_or(std::chrono::sys_seconds{}))
        .bind_time(filter.expires_before.value_or(std::chrono::sys_seconds{}))
        .bind_text(filter.name);
    return statement;
}

}  // namespace

Result<void> Index::insert_certificate(const CertificateRecord& record) {
    auto insert = database_.prepare(
        "INSERT INTO certificates (serial, issuer, partition, kind, name, device_id, subject, lineage,"
        " not_before, not_after, batch, key_digest, der) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    return insert.bind_blob(record.serial)
        .bind_text(record.issuer)
        .bind(record.partition)
        .bind(static_cast<std::int64_t>(record.kind))
        .bind_text(record.name)
        .bind_optional_text(record.kind == CertificateKind::device ? record.name : std::string())
        .bind_text(record.subject)
        .bind_blob(record.lineage)
        .bind_time(record.validity.not_before)
        .bind_time(record.validity.not_after)
        .bind_optional_text(record.batch)
        .bind_blob(record.key_digest)
        .bind_blob(record.der)
        .run();
}

Result<void> Index::add_certificates(std::span<const CertificateRecord> records, const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    for (const CertificateRecord& record : records) {
        if (const auto done = insert_certificate(record); !done) return done.error();
        const std::string_view action = record.lineage == record.serial ? "issued" : "renewed";
        if (const auto done = log(action, record.issuer, record.serial, record.subject, occasion); !done)
            return done.error();
    }
    return transaction->commit();
}

Result<std::optional<CertificateRecord>> Index::find_certificate(std::string_view issuer,
                                                                 std::string_view serial) {
    auto all = find_serial(serial);
    if (!all) return all.error();
    const auto found = std::ranges::find(*all, issuer, &CertificateRecord::issuer);
    if (found == all->end()) return std::optional<CertificateRecord>();
    return std::optional(std::move(*found));
}

Result<std::optional<CertificateRecord>> Index::find_certificate_of(const AuthorityRecord& authority,
                                                                    std::string_view serial) {
    auto all = find_serial(serial);
    if (!all) return all.error();
    const auto found = std::ranges::find_if(*all, [&](const CertificateRecord& record) {
        return record.kind == CertificateKind::authority && record.name == authority.name;
    });
    if (found == all->end()) return std::optional<CertificateRecord>();
    return std::optional(std::move(*found));
}

Result<std::vector<CertificateRecord>> Index::find_serial(std::string_view serial) {
    auto statement = database_.prepare(std::string(select_certificates) + "WHERE c.serial = ? ORDER BY c.id");
    statement.bind_blob(serial);
    return read_records(statement);
}

Result<std::vector<CertificateRecord>> Index::find_device(std::string_view device_id) {
    auto statement =
        database_.prepare(std::string(select_certificates) + "WHERE c.device_id = ? ORDER BY c.id");
    statement.bind_text(device_id);
    return read_records(statement);
}

Result<std::vector<CertificateRecord>> Index::find_key(std::string_view digest) {
    auto statement =
        database_.prepare(std::string(select_certificates) + "WHERE c.key_digest = ? ORDER BY c.id");
    statement.bind_blob(digest);
    return read_records(statement);
}

Result<void> Index::visit_certificates(const CertificateFilter& filter,
                                       const std::function<void(const CertificateRecord&)>& visit) {
    auto statement = prepare_filtered(database_, filter);
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return {};
        visit(read_record(statement));
    }
}

Result<std::uint64_t> Index::count_fleet(std::chrono::sys_seconds now) {
    auto statement = database_.prepare(
        "SELECT count(DISTINCT c.device_id) FROM certificates c"
        " LEFT JOIN revocations r ON r.issuer = c.issuer AND r.partition = c.partition AND r.serial = "
        "c.serial"
        " WHERE c.kind = ? AND c.not_after >= ? AND (r.reason IS NULL OR r.reason = 6)");
    const auto row = statement.bind(static_cast<std::int64_t>(CertificateKind::device)).bind_time(now).step();
    if (!row) return row.error();
    return static_cast<std::uint64_t>(statement.integer(0));
}

}  // namespace sallyport::pki
