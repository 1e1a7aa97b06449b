#include "gateway/rules/audit_chain.h"

#include "pki/digest.h"

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view line_begins = R"({"seq":)";

/// Empty when there is no such text.
std::string text_member(const json::object& object, std::string_view name) {
    const json::value* const member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

bool is_hash(std::string_view text) {
    return text.size() == AuditHead().hash.size() &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string audit_digest(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hexadecimal;
    for (const char c : pki::sha256(text).value()) {
        hexadecimal += digits[static_cast<unsigned char>(c) >> 4U];
        hexadecimal += digits[static_cast<unsigned char>(c) & 15U];
    }
    return hexadecimal;
}

std::string audit_line(const AuditHead& before, std::string_view record) {
    std::string line = std::string(line_begins) + std::to_string(before.number + 1);
    line += R"(,"prev":")" + before.hash + '"';
    const std::string_view members = record.substr(1);
    if (members != "}") line += ',';
    line += members;
    return line;
}

AuditHead head_after(std::uint64_t number, std::string_view line) {
    return {number, audit_digest(line)};
}

std::optional<AuditLine> parse_audit_line(std::string_view line) {
    if (line.size() > max_audit_line_bytes) return std::nullopt;
    json::error_code error;
    const json::value value = json::parse({line.data(), line.size()}, error);
    if (error || !value.is_object()) return std::nullopt;
    const json::object& object = value.get_object();
    const json::value* const number = object.if_contains("seq");
    if (number == nullptr) return std::nullopt;
    const auto counted = number->to_number<std::uint64_t>(error);
    if (error || counted == 0) return std::nullopt;
    AuditLine parsed{counted, text_member(object, "prev"), text_member(object, "time"),
                     text_member(object, "event"), text_member(object, "torn_sha256")};
    if (!is_hash(parsed.previous) || parsed.time.empty() || parsed.event.empty()) return std::nullopt;
    return parsed;
}

/// Why this line cannot follow the head; empty when it can.
std::string AuditVerifier::fault_of(const AuditLine& line) const {
    if (lines_ == 0) {
        const bool is_at_beginning = line.number == 1;
        if (is_at_beginning == (line.previous == AuditHead().hash)) return "";
        return "number " + std::to_string(line.number) + " and what it says of the line before it do not fit";
    }
    if (line.number == 1) {
        return "a new chain begins here: the gateway found no line before it when it started, or the lines "
               "from here on are of another log";
    }
    if (line.number != head_.number + 1) {
        return "number " + std::to_string(line.number) + " follows number " + std::to_string(head_.number) +
               ": lines were removed, added, or stand in another order";
    }
    if (line.previous != head_.hash) return "the line before it was changed, or this one was";
    return "";
}

bool AuditVerifier::accept(const AuditLine& line, std::string_view text) {
    if (lines_ == 0) {
        first_number_ = line.number;
        first_time_ = line.time;
        wanted_was_found_ = line.previous == wanted_;
    }
    head_ = head_after(line.number, text);
    last_time_ = line.time;
    ++lines_;
    if (head_.hash == wanted_) wanted_was_found_ = true;
    return true;
}

bool AuditVerifier::suspect(std::string_view line, const std::string& where, const std::string& why) {
    if (!suspect_) {
        suspect_ = Suspect{where + ": " + why, std::string(line)};
        return true;
    }
    (suspect_->text += '\n') += line;
    return suspect_->text.size() <= max_torn_bytes;
}

bool AuditVerifier::take(std::string_view line, const std::string& where) {
    const auto parsed = parse_audit_line(line);
    if (!parsed) {
        // A full disk may have kept the end of a torn line from the file that another was put behind.
        const std::size_t next = line.rfind(line_begins);
        const bool is_glued = next != line.npos && next > 0 && parse_audit_line(line.substr(next));
        if (!is_glued) return suspect(line, where, "is no line of an audit log");
        return take(line.substr(0, next), where) && take(line.substr(next), where);
    }
    std::string fault = fault_of(*parsed);
    const bool tells_of_torn = parsed->event == torn_line_event;
    if (fault.empty() && !suspect_ && !tells_of_torn) return accept(*parsed, line);
    if (fault.empty() && tells_of_torn) {
        if (suspect_ && audit_digest(suspect_->text) == parsed->torn) {
            suspect_.reset();
            ++torn_lines_;
            return accept(*parsed, line);
        }
        if (!suspect_) fault = "tells of a torn line before it, which is missing";
    }
    return suspect(line, where, fault);
}

std::optional<std::string> AuditVerifier::finish() {
    if (suspect_) return suspect_->fault;
    if (lines_ == 0) return "there is no line in it";
    if (!wanted_.empty() && !wanted_was_found_)
        return "no line has the hash " + wanted_ + ": lines at the end were removed, or all were made anew";
    return std::nullopt;
}

}  // namespace sallyport::gateway
