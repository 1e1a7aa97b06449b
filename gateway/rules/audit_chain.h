#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// What a line of an audit log points back to: the line before it. At the beginning there is none: number 0,
/// and 64 zeros.
struct AuditHead {
    std::uint64_t number = 0;
    std::string hash = std::string(64, '0');  ///< SHA-256 of the line without its end, hexadecimal
};

/// The line behind `before`, without its end: `record`, a JSON object of one line, with a number and the hash
/// of the line before as first members. Whoever changes, removes, adds or swaps lines must change each that
/// follows, and so the hash of the last one, which can be kept elsewhere.
std::string audit_line(const AuditHead& before, std::string_view record);
/// The head that `line` makes.
AuditHead head_after(std::uint64_t number, std::string_view line);

/// What a torn line's record says of it: the bytes between the line before and the record, without the last
/// line end. A gateway that was killed while it wrote leaves some, and a disk that took a part of a line and
/// would not let go of it (chattr +a); they stay where they are.
/// SHA-256, hexadecimal in lower case, as sha256sum(1) prints it.
std::string audit_digest(std::string_view text);

/// One line as it was read; views of nothing.
struct AuditLine {
    std::uint64_t number;
    std::string previous;  ///< hash
    std::string time;
    std::string event;
    std::string torn;  ///< of event `torn_line`: the digest of what lies before it
};
/// No longer line is written, and none is read.
inline constexpr std::size_t max_audit_line_bytes = 256 * 1024;
/// What lies between two lines because it was torn is shorter.
inline constexpr std::size_t max_torn_bytes = 1024 * 1024;
/// Nothing: no line of an audit log.
std::optional<AuditLine> parse_audit_line(std::string_view line);
inline constexpr std::string_view torn_line_event = "torn_line";

/// Follows a chain through one or more files, line by line. It may begin anywhere in the chain: what was
/// before is not judged.
class AuditVerifier {
  public:
    /// `wanted`: a hash that must be found; empty: none.
    explicit AuditVerifier(std::string wanted = {}) : wanted_(std::move(wanted)) {}

    /// The next line, without its end; `where` names it for people. False: the chain is broken, and nothing
    /// more need be read.
    bool take(std::string_view line, const std::string& where);
    /// Nothing follows. Says where the chain is broken and why; nothing when it is whole.
    std::optional<std::string> finish();

    std::uint64_t lines() const { return lines_; }
    std::uint64_t torn_lines() const { return torn_lines_; }
    std::uint64_t first_number() const { return first_number_; }
    const AuditHead& head() const { return head_; }
    const std::string& first_time() const { return first_time_; }
    const std::string& last_time() const { return last_time_; }

  private:
    /// Lines that are none, until a record says that they were torn.
    struct Suspect {
        std::string fault;
        std::string text;
    };
    std::string fault_of(const AuditLine& line) const;
    bool accept(const AuditLine& line, std::string_view text);
    bool suspect(std::string_view line, const std::string& where, const std::string& why);

    std::string wanted_;
    bool wanted_was_found_ = false;
    AuditHead head_;
    std::uint64_t lines_ = 0;
    std::uint64_t torn_lines_ = 0;
    std::uint64_t first_number_ = 0;
    std::string first_time_;
    std::string last_time_;
    std::optional<Suspect> suspect_;
};

}  // namespace sallyport::gateway
