#include "pki/tool/database.h"

#include <utility>

namespace sallyport::pki {
namespace {

constexpr int busy_timeout_ms = 5000;

Error database_error(sqlite3* database, int code) {
    const char* file = database != nullptr ? sqlite3_db_filename(database, "main") : nullptr;
    const std::string where = file != nullptr ? file : "index";
    const std::string why = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    return {Fault::runtime, where + ": " + why};
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
    sqlite3_stmt* statement = nullptr;
    failure_ = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    statement_.reset(statement);
}

void Statement::note(int code) noexcept {
    if (failure_ == SQLITE_OK) failure_ = code;
}

Statement& Statement::bind(std::int64_t value) {
    note(sqlite3_bind_int64(statement_.get(), ++bound_, value));
    return *this;
}

Statement& Statement::bind_time(std::chrono::sys_seconds value) {
    return bind(value.time_since_epoch().count());
}

Statement& Statement::bind_text(std::string_view value) {
    note(sqlite3_bind_text(statement_.get(), ++bound_, value.data(), static_cast<int>(value.size()),
                           SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind_blob(std::string_view value) {
    note(sqlite3_bind_blob(statement_.get(), ++bound_, value.data(), static_cast<int>(value.size()),
                           SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind_optional_text(std::string_view value) {
    if (!value.empty()) return bind_text(value);
    note(sqlite3_bind_null(statement_.get(), ++bound_));
    return *this;
}

Statement& Statement::again() {
    note(sqlite3_reset(statement_.get()));
    bound_ = 0;
    return *this;
}

Result<bool> Statement::step() {
    if (failure_ != SQLITE_OK) return database_error(database_, failure_);
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    failure_ = code;
    return database_error(database_, code);
}

Result<void> Statement::run() {
    for (;;) {
        const auto row = step();
        if (!row) return row.error();
        if (!*row) return {};
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::chrono::sys_seconds Statement::time(int column) const {
    return std::chrono::sys_seconds{std::chrono::seconds{integer(column)}};
}

std::string Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return text != nullptr ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string Statement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return data != nullptr ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::filesystem::path& path) {
    sqlite3* connection = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, nullptr);
    Database database;
    database.connection_.reset(connection);
    if (code != SQLITE_OK) return Error{Fault::runtime, path.string() + ": " + sqlite3_errstr(code)};
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_timeout(connection, busy_timeout_ms);
    // EXTRA is FULL, and the folder is synced too after the rollback journal is deleted: otherwise a power
    // failure could bring the journal back and undo a committed revocation or CRL number.
    const auto prepared = database.execute(
        "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON; PRAGMA "
        "trusted_schema=OFF;");
    if (!prepared) return prepared.error();
    return database;
}

Result<void> Database::execute(const char* script) {
    const int code = sqlite3_exec(connection_.get(), script, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return database_error(connection_.get(), code);
    return {};
}

Result<Transaction> Transaction::begin(Database& database) {
    if (const auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return begun.error();
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    auto committed = database_->execute("COMMIT");
    if (committed) database_ = nullptr;
    return committed;
}

}  // namespace sallyport::pki
