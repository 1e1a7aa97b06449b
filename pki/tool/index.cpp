#include "pki/tool/index.h"

#include "pki/tool/index_schema.h"

namespace sallyport::pki {
namespace {

constexpr std::string_view select_authorities =
    "SELECT name, role, issuer, partitions, retired, crl_number FROM authorities ";

AuthorityRecord read_authority(const Statement& row) {
    return {row.text(0),         static_cast<AuthorityRole>(row.integer(1)),
            row.text(2),         static_cast<unsigned>(row.integer(3)),
            row.integer(4) != 0, static_cast<std::uint64_t>(row.integer(5))};
}

}  // namespace

std::string_view to_string(AuthorityRole role) noexcept {
    switch (role) {
        case AuthorityRole::root:
            return "root";
        case AuthorityRole::devices:
            return "devices";
        case AuthorityRole::servers:
            return "servers";
        case AuthorityRole::operators:
            return "operators";
    }
    return "unknown";
}

unsigned partition_of(std::string_view serial, unsigned partitions) noexcept {
    return serial.empty() ? 0 : static_cast<unsigned char>(serial.back()) % partitions;
}

Result<Index> Index::create(const std::filesystem::path& path) {
    auto database = Database::open(path);
    if (!database) return database.error();
    auto transaction = Transaction::begin(*database);
    if (!transaction) return transaction.error();
    if (const auto made = database->execute(index_schema); !made) return made.error();
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
    if (version != index_schema_version) {
        return Error{Fault::input, path.string() + ": schema version " + std::to_string(version) +
                                       "; this program knows version " +
                                       std::to_string(index_schema_version)};
    }
    return Index(std::move(*database));
}

Result<std::vector<AuthorityRecord>> Index::authorities() {
    std::vector<AuthorityRecord> records;
    auto statement = database_.prepare(std::string(select_authorities) + "ORDER BY id");
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return records;
        records.push_back(read_authority(statement));
    }
}

Result<std::optional<AuthorityRecord>> Index::find_authority(std::string_view name) {
    auto statement = database_.prepare(std::string(select_authorities) + "WHERE name = ?");
    const auto row = statement.bind_text(name).step();
    if (!row) return row.error();
    if (!*row) return std::optional<AuthorityRecord>();
    return std::optional(read_authority(statement));
}

Result<void> Index::add_authority(const AuthorityRecord& authority, const CertificateRecord& certificate,
                                  const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto insert = database_.prepare(
        "INSERT INTO authorities (name, role, issuer, partitions, crl_number) VALUES (?, ?, ?, ?, ?)");
    const auto done = insert.bind_text(authority.name)
                          .bind(static_cast<std::int64_t>(authority.role))
                          .bind_optional_text(authority.issuer)
                          .bind(authority.partitions)
                          .bind(static_cast<std::int64_t>(authority.crl_number))
                          .run();
    if (!done) return done.error();
    for (unsigned partition = 0; partition < authority.partitions; ++partition) {
        auto scope = database_.prepare("INSERT INTO scopes (issuer, partition) VALUES (?, ?)");
        if (const auto made = scope.bind_text(authority.name).bind(partition).run(); !made)
            return made.error();
    }
    if (const auto added = insert_certificate(certificate); !added) return added.error();
    const auto logged = log("created", authority.name, certificate.serial, certificate.subject, occasion);
    if (!logged) return logged.error();
    return transaction->commit();
}

Result<void> Index::retire_authority(std::string_view name, const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    auto update = database_.prepare("UPDATE authorities SET retired = 1 WHERE name = ?");
    if (const auto done = update.bind_text(name).run(); !done) return done.error();
    if (const auto logged = log("retired", name, {}, {}, occasion); !logged) return logged.error();
    return transaction->commit();
}

Result<std::vector<std::string>> Index::integrity_faults() {
    std::vector<std::string> faults;
    for (const char* check : {"PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"}) {
        auto statement = database_.prepare(check);
        for (;;) {
            const auto row = statement.step();
            if (!row) return row.error();
            if (!*row) break;
            if (statement.text(0) != "ok") faults.push_back(statement.text(0));
        }
    }
    return faults;
}

Result<void> Index::copy_to(const std::filesystem::path& path) {
    auto statement = database_.prepare("VACUUM INTO ?");
    return statement.bind_text(path.string()).run();
}

}  // namespace sallyport::pki
