#pragma once

#include "pki/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace sallyport::pki {

/// A prepared SQL statement. Bind its parameters in their order, then step() or run() it once; again() before
/// another time. A failure to prepare or bind is kept and reported by step().
class Statement {
  public:
    Statement(sqlite3* database, std::string_view sql);

    Statement& bind(std::int64_t value);
    Statement& bind_time(std::chrono::sys_seconds value);
    Statement& bind_text(std::string_view value);
    Statement& bind_blob(std::string_view value);
    /// Text, or NULL for empty text.
    Statement& bind_optional_text(std::string_view value);

    /// To be bound and stepped anew.
    Statement& again();

    /// True: a row can be read. False: the statement is complete.
    Result<bool> step();
    /// Steps to the end and ignores rows.
    Result<void> run();

    // The columns of the current row, from 0. NULL reads as 0 or as empty.
    std::int64_t integer(int column) const;
    std::chrono::sys_seconds time(int column) const;
    std::string text(int column) const;
    std::string blob(int column) const;
    bool is_null(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    void note(int code) noexcept;

    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int failure_ = SQLITE_OK;
    int bound_ = 0;
};

/// A connection to an SQLite file. Committed transactions survive a power failure.
class Database {
  public:
    /// Opens an existing file for reading and writing; does not create one.
    static Result<Database> open(const std::filesystem::path& path);

    Statement prepare(std::string_view sql) { return {connection_.get(), sql}; }
    /// Runs a script of statements without parameters.
    Result<void> execute(const char* script);

  private:
    struct Close {
        void operator()(sqlite3* connection) const noexcept { sqlite3_close(connection); }
    };
    std::unique_ptr<sqlite3, Close> connection_;
};

/// One write transaction; rolled back unless it was committed. begin() takes SQLite's write lock at once.
class Transaction {
  public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    Result<void> commit();

  private:
    explicit Transaction(Database& database) noexcept : database_(&database) {}
    Database* database_;  ///< null once committed
};

}  // namespace sallyport::pki
