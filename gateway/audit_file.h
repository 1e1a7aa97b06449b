#pragma once

#include "gateway/log_file.h"
#include "gateway/rules/audit_chain.h"
#include "pki/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace sallyport::gateway {

/// The file of an audit log: takes up the chain where the last process left it, and carries it into a new
/// file after a rotation. One process has it at a time (flock). Not thread-safe.
class AuditFile {
  public:
    /// Looked at for the end of the chain: so many files beside this one, the newest.
    static constexpr std::size_t max_rotated_files = 512;

    /// A file that is not there, or has no line yet, takes up the chain where it goes on furthest: of all
    /// regular files NAME.* and NAME-*, whatever rotation or restoration named them, the one whose last line
    /// has the highest number. Of several that is the newest, and `Found::fork` names one that ends
    /// otherwise. What is compressed or no audit log is passed over. Errors: it cannot be opened, another
    /// process has it or the one whose chain it takes up, it is none of ours.
    static pki::Result<AuditFile> open(const std::string& path);

    /// Why `open` would fail, but for a process that has it; empty when it would succeed. Changes nothing.
    static std::string why_unusable(const std::string& path);

    /// How it was found.
    struct Found {
        std::uint64_t number = 0;      ///< of the last line; 0: there is none, a new chain begins
        std::string event;             ///< of the last line
        std::string continues;         ///< name of the rotated file that the last line was read from
        std::string fork;              ///< of another whose last line has that number, but another hash
        bool line_had_no_end = false;  ///< the last line is whole but for its end: a process was killed
    };
    const Found& found() const { return state_.found; }

    /// What is no line and stands behind the last one: a process was killed, or a full disk took a part of a
    /// line and would not let go of it. While there is any, the first record of `append` must be the one that
    /// tells of it (`torn_line_event`).
    const std::optional<std::string>& torn() const { return state_.torn; }

    struct Written {
        std::size_t records;
        std::string failed;  ///< why not all
    };
    /// Chains the records, appends and syncs them. Each is a JSON object of one line.
    Written append(std::span<const std::string> records);

    bool is_moved() const { return file_.is_moved(); }
    bool is_removed() const { return file_.is_removed(); }
    /// Goes on in the file that has the name now; its first line should be written soon. After an error the
    /// old one stays in use.
    pki::Result<void> reopen();

  private:
    /// Where the chain stands.
    struct State {
        AuditHead head;
        Found found;
        std::optional<std::string> torn;
        bool needs_line_end = false;
        bool before_is_being_written = false;  ///< the file that is continued
    };
    AuditFile(LogFile file, State state) : file_(std::move(file)), state_(std::move(state)) {}

    static pki::Result<State> read_state(int file, const std::string& path);

    LogFile file_;
    State state_;
};

}  // namespace sallyport::gateway
