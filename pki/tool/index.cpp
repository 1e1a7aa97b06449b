#include "pki/tool/index.h"

#include <unistd.h>

namespace sallyport::pki {
namespace {

constexpr std::int64_t schema_version = 1;

constexpr const char* schema = R"sql(
PRAGMA application_id = 1397771081;
PRAGMA user_version = 1;

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE authorities (
    name TEXT PRIMARY KEY,
    crl_number INTEGER NOT NULL DEFAULT 0,          -- the last one taken
    revision INTEGER NOT NULL DEFAULT 1,            -- grows with each change of its revocations
    published_revision INTEGER NOT NULL DEFAULT 0   -- what the published CRL shows
) STRICT;
CREATE TRIGGER crl_number_only_grows BEFORE UPDATE OF crl_number ON authorities
    WHEN NEW.crl_number <= OLD.crl_number BEGIN SELECT RAISE(ABORT, 'a CRL number only grows'); END;

CREATE TABLE certificates (
    id INTEGER PRIMARY KEY,
    serial BLOB NOT NULL UNIQUE,
    issuer TEXT NOT NULL REFERENCES authorities(name),
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    device_id TEXT,
    subject TEXT NOT NULL,
    lineage BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    der BLOB NOT NULL
) STRICT;
CREATE INDEX certificates_of_device ON certificates(device_id) WHERE device_id IS NOT NULL;
CREATE TRIGGER certificates_stay BEFORE DELETE ON certificates
    BEGIN SELECT RAISE(ABORT, 'an issued certificate stays in the index'); END;
CREATE TRIGGER certificates_do_not_change BEFORE UPDATE ON certificates
    BEGIN SELECT RAISE(ABORT, 'an issued certificate does not change'); END;

CREATE TABLE revocations (
    issuer TEXT NOT NULL REFERENCES authorities(name),
    serial BLOB NOT NULL REFERENCES certificates(serial),
    reason INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    final_crl INTEGER,  -- number of the first CRL after its expiry that listed it: later ones leave it out
    PRIMARY KEY (issuer, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_revocations ON revocations(issuer, not_after) WHERE final_crl IS NULL;
CREATE TRIGGER only_a_hold_is_lifted BEFORE DELETE ON revocations WHEN OLD.reason <> 6
    BEGIN SELECT RAISE(ABORT, 'a revocation is for ever'); END;
CREATE TRIGGER only_a_hold_changes BEFORE UPDATE OF issuer, serial, reason, revoked_at ON revocations
    WHEN OLD.reason <> 6 BEGIN SELECT RAISE(ABORT, 'a revocation is for ever'); END;
CREATE TRIGGER an_unexpired_entry_stays BEFORE UPDATE OF final_crl ON revocations
    WHEN NEW.final_crl IS NOT NULL AND NEW.not_after >= (
        SELECT this_update FROM crls WHERE issuer = NEW.issuer AND number = NEW.final_crl)
    BEGIN SELECT RAISE(ABORT, 'an unexpired entry stays in the CRL'); END;

CREATE TABLE crls (
    issuer TEXT NOT NULL REFERENCES authorities(name),
    number INTEGER NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    sha256 BLOB,  -- NULL until it is in its place
    PRIMARY KEY (issuer, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    user INTEGER NOT NULL,
    action TEXT NOT NULL,
    authority TEXT NOT NULL,
    serial BLOB,
    detail TEXT
) STRICT;
CREATE INDEX events_of_certificate ON events(serial) WHERE serial IS NOT NULL;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_do_not_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
)sql";

constexpr std::string_view select_certificates =
    "SELECT c.serial, c.issuer, c.kind, c.name, c.subject, c.lineage, c.not_before, c.not_after, c.der,"
    " r.reason, r.revoked_at FROM certificates c"
    " LEFT JOIN revocations r ON r.issuer = c.issuer AND r.serial = c.serial ";

CertificateRecord read_record(const Statement& row) {
    CertificateRecord record{row.blob(0),
                             row.text(1),
                             static_cast<CertificateKind>(row.integer(2)),
                             row.text(3),
                             row.text(4),
                             row.blob(5),
                             {row.time(6), row.time(7)},
                             row.blob(8),
                             std::nullopt};
    if (!row.is_null(9)) {
        record.revocation = Revocation{static_cast<CrlReason>(row.integer(9)), row.time(10)};
    }
    return record;
}

}  // namespace

std::string_view to_string(CertificateKind kind) noexcept {
    switch (kind) {
        case CertificateKind::authority:
            return "authority";
        case CertificateKind::server:
            return "server";
        case CertificateKind::device:
            return "device";
    }
    return "unknown";
}

Result<CertificateRecord> record_of(const X509& certificate, std::string_view issuer, CertificateKind kind,
                                    std::string_view name) {
    const auto dates = validity(certificate);
    if (!dates) return dates.error();
    unsigned char* data = nullptr;
    const int size = i2d_X509(&certificate, &data);
    const BufferPtr owned(data);
    if (size <= 0) return Error{Fault::runtime, take_openssl_errors("cannot encode a certificate")};
    const std::string serial = serial_octets(certificate);
    return CertificateRecord{serial,
                             std::string(issuer),
                             kind,
                             std::string(name),
                             name_text(*X509_get_subject_name(&certificate)),
                             serial,
                             *dates,
                             std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)),
                             std::nullopt};
}

Result<Index> Index::create(const std::filesystem::path& path, const DepotSettings& settings) {
    auto database = Database::open(path);
    if (!database) return database.error();
    auto transaction = Transaction::begin(*database);
    if (!transaction) return transaction.error();
    if (const auto made = database->execute(schema); !made) return made.error();
    const std::pair<std::string_view, std::string_view> values[] = {{"organization", settings.organization},
                                                                    {"crl_url", settings.crl_url}};
    for (const auto& [name, value] : values) {
        auto insert = database->prepare("INSERT INTO settings VALUES (?, ?)");
        if (const auto done = insert.bind_text(name).bind_text(value).run(); !done) return done.error();
    }
    if (const auto committed = transaction->commit(); !committed) return committed.error();
    return Index(std::move(*database));
}

Result<Index> Index::open(const std::filesystem::path& path) {
    auto database = Database::open(path);
    if (!database) return database.error();
    std::int64_t version = 0;
    {
        auto statement = database->prepare("PRAGMA user_version");
        const auto row = statement.step();
        if (!row) return row.error();
        version = statement.integer(0);
    }
    if (version != schema_version) {
        return Error{Fault::input, path.string() + ": schema version " + std::to_string(version) +
                                       "; this program knows version " + std::to_string(schema_version)};
    }
    return Index(std::move(*database));
}

Result<DepotSettings> Index::settings() {
    DepotSettings settings;
    auto statement = database_.prepare("SELECT name, value FROM settings");
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return settings;
        if (statement.text(0) == "organization") settings.organization = statement.text(1);
        if (statement.text(0) == "crl_url") settings.crl_url = statement.text(1);
    }
}

Result<std::vector<std::string>> Index::authorities() {
    std::vector<std::string> names;
    auto statement = database_.prepare("SELECT name FROM authorities ORDER BY rowid");
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return names;
        names.push_back(statement.text(0));
    }
}

Result<void> Index::log(std::string_view action, std::string_view authority, std::string_view serial,
                        std::string_view detail, std::chrono::sys_seconds now) {
    auto insert = database_.prepare(
        "INSERT INTO events (at, user, action, authority, serial, detail)"
        " VALUES (?, ?, ?, ?, iif(length(?5) = 0, NULL, ?5), ?)");
    return insert.bind_time(now)
        .bind(static_cast<std::int64_t>(::getuid()))
        .bind_text(action)
        .bind_text(authority)
        .bind_blob(serial)
        .bind_optional_text(detail)
        .run();
}

Result<void> Index::insert_certificate(const CertificateRecord& record) {
    auto insert = database_.prepare(
        "INSERT INTO certificates (serial, issuer, kind, name, device_id, subject, lineage, not_before, "
        "not_after,"
        " der) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    return insert.bind_blob(record.serial)
        .bind_text(record.issuer)
        .bind(static_cast<std::int64_t>(record.kind))
        .bind_text(record.name)
        .bind_optional_text(record.kind == CertificateKind::device ? record.name : std::string())
        .bind_text(record.subject)
        .bind_blob(record.lineage)
        .bind_time(record.validity.not_before)
        .bind_time(record.validity.not_after)
        .bind_blob(record.der)
        .run();
}

Result<void> Index::add_authority(const CertificateRecord& record, std::chrono::sys_seconds now) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto insert = database_.prepare("INSERT INTO authorities (name) VALUES (?)");
    if (const auto done = insert.bind_text(record.name).run(); !done) return done.error();
    if (const auto done = insert_certificate(record); !done) return done.error();
    if (const auto done = log("created", record.name, record.serial, record.subject, now); !done)
        return done.error();
    return transaction->commit();
}

Result<void> Index::add_certificate(const CertificateRecord& record, std::chrono::sys_seconds now) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (const auto done = insert_certificate(record); !done) return done.error();
    const std::string_view action = record.lineage == record.serial ? "issued" : "renewed";
    if (const auto done = log(action, record.issuer, record.serial, record.subject, now); !done)
        return done.error();
    return transaction->commit();
}

Result<std::optional<CertificateRecord>> Index::find_serial(std::string_view serial) {
    auto statement = database_.prepare(std::string(select_certificates) + "WHERE c.serial = ?");
    const auto row = statement.bind_blob(serial).step();
    if (!row) return row.error();
    if (!*row) return std::optional<CertificateRecord>();
    return std::optional(read_record(statement));
}

Result<std::vector<CertificateRecord>> Index::find_device(std::string_view device_id) {
    std::vector<CertificateRecord> records;
    auto statement =
        database_.prepare(std::string(select_certificates) + "WHERE c.device_id = ? ORDER BY c.id");
    statement.bind_text(device_id);
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return records;
        records.push_back(read_record(statement));
    }
}

Result<void> Index::visit_certificates(const std::function<void(const CertificateRecord&)>& visit) {
    auto statement = database_.prepare(std::string(select_certificates) + "ORDER BY c.id");
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return {};
        visit(read_record(statement));
    }
}

Result<std::vector<Event>> Index::events_of(std::string_view serial) {
    std::vector<Event> events;
    auto statement =
        database_.prepare("SELECT at, user, action, detail FROM events WHERE serial = ? ORDER BY id");
    statement.bind_blob(serial);
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return events;
        events.push_back({statement.time(0), statement.integer(1), statement.text(2), statement.text(3)});
    }
}

}  // namespace sallyport::pki
