#include "pki/tool/audit.h"

#include "pki/time.h"
#include "pki/tool/audit_chain.h"

#include <algorithm>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::size_t hash_digits = 64;  // SHA-256
constexpr std::string_view hex_digits = "0123456789ABCDEF";

json::object to_json(const Event& event) {
    json::object object{{"id", event.id},         {"at", rfc3339(event.at)},      {"who", event.who},
                        {"action", event.action}, {"authority", event.authority}, {"detail", event.detail},
                        {"why", event.why},       {"hash", hex(event.hash)}};
    if (!event.serial.empty()) object["serial"] = hex(event.serial);
    return object;
}

void write_line(std::ostream& out, const Event& event) {
    out << event.id << ' ' << rfc3339(event.at) << ' ' << event.action << ' ' << event.authority;
    if (!event.serial.empty()) out << ' ' << hex(event.serial);
    if (!event.detail.empty()) out << ' ' << event.detail;
    out << " by " << event.who;
    if (!event.why.empty()) out << ": " << event.why;
    out << '\n';
}

}  // namespace

Result<Answer> list_events(Depot& depot, ReportForm form, std::ostream& out) {
    const char* separator = "[";
    const auto visited = depot.index().visit_events([&](const Event& event) -> Result<void> {
        if (form == ReportForm::json) {
            out << separator << '\n' << json::serialize(to_json(event));
            separator = ",";
        } else {
            write_line(out, event);
        }
        return {};
    });
    if (!visited) return visited.error();
    if (form == ReportForm::json) out << (*separator == '[' ? "[]\n" : "\n]\n");
    out.flush();
    if (!out) return Error{Fault::runtime, "cannot write the log to standard output"};
    return Answer{};
}

Result<Answer> verify_audit(Index& index, const std::string& head) {
    std::string wanted = head;
    std::ranges::transform(wanted, wanted.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    const bool is_hash = wanted.size() == hash_digits && wanted.find_first_not_of(hex_digits) == wanted.npos;
    if (!head.empty() && !is_hash) {
        return Error{Fault::input, "--head: '" + head + "' is no hash of an event: " +
                                       std::to_string(hash_digits) + " hexadecimal digits"};
    }
    std::string previous, fault;
    std::int64_t last = 0;
    bool head_found = head.empty();
    const auto visited = index.visit_events([&](const Event& event) -> Result<void> {
        const auto hash = chained_hash(previous, event);
        if (!hash) return hash.error();
        if (fault.empty() && event.id != last + 1) {
            fault = "between event " + std::to_string(last) + " and event " + std::to_string(event.id) +
                    " something is missing";
        } else if (fault.empty() && *hash != event.hash) {
            fault =
                "event " + std::to_string(event.id) + " is not what was logged, or the one before it is not";
        }
        head_found = head_found || hex(event.hash) == wanted;
        previous = event.hash;
        last = event.id;
        return {};
    });
    if (!visited) return visited.error();
    if (!fault.empty()) return no("the audit log was changed: " + fault);
    if (!head_found) return no("the audit log was changed: no event has the hash " + wanted);
    Answer answer{true,
                  std::to_string(last) + " events, whole; the last one has the hash " + hex(previous) + "\n"};
    answer.json = {{"events", last}, {"head", hex(previous)}};
    return answer;
}

}  // namespace sallyport::pki
