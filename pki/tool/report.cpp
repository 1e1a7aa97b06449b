#include "pki/tool/report.h"

#include "pki/digest.h"
#include "pki/time.h"
#include "pki/tool/names.h"

#include <array>
#include <iomanip>
#include <map>
#include <sstream>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

std::string fingerprint(const std::string& der) {
    const auto digest = sha256(der);
    return digest ? hex(*digest) : std::string();
}

json::object to_json(const CertificateRecord& record, std::chrono::sys_seconds now) {
    json::object object{{"serial", hex(record.serial)},
                        {"kind", to_string(record.kind)},
                        {"name", record.name},
                        {"subject", record.subject},
                        {"issuer", record.issuer},
                        {"not_before", rfc3339(record.validity.not_before)},
                        {"not_after", rfc3339(record.validity.not_after)},
                        {"status", to_string(state_of(record, now))},
                        {"lineage", hex(record.lineage)},
                        {"sha256", fingerprint(record.der)}};
    if (record.kind == CertificateKind::device) object["device_id"] = record.name;
    if (!record.batch.empty()) object["batch"] = record.batch;
    if (record.revocation) {
        object["reason"] = to_string(record.revocation->reason);
        object["revoked_at"] = rfc3339(record.revocation->revoked_at);
        if (record.revocation->invalid_since)
            object["invalid_since"] = rfc3339(*record.revocation->invalid_since);
    }
    return object;
}

constexpr std::array<const char*, 5> columns{"SERIAL", "KIND", "NAME", "VALID UNTIL", "STATUS"};

void write_row(std::ostream& out, const std::array<std::string, columns.size()>& cells) {
    constexpr std::array<int, columns.size()> widths{34, 9, 24, 20, 0};
    for (std::size_t i = 0; i + 1 < cells.size(); ++i)
        out << std::left << std::setw(widths[i]) << cells[i] << "  ";
    out << cells.back() << '\n';
}

std::string status_with_reason(const CertificateRecord& record, std::chrono::sys_seconds now) {
    std::string text(to_string(state_of(record, now)));
    if (record.revocation && !record.revocation->on_hold()) {
        text += " (" + std::string(to_string(record.revocation->reason)) + ", " +
                rfc3339(record.revocation->revoked_at) + ")";
    }
    return text;
}

void write_details(std::ostream& out, const CertificateRecord& record, const std::vector<Event>& events,
                   std::chrono::sys_seconds now) {
    const std::pair<const char*, std::string> lines[] = {
        {"serial", hex(record.serial)},
        {"kind", std::string(to_string(record.kind))},
        {"name", record.name},
        {"subject", record.subject},
        {"issuer", record.issuer.empty() ? "(outside of this depot)" : record.issuer},
        {"valid from", rfc3339(record.validity.not_before)},
        {"valid until", rfc3339(record.validity.not_after)},
        {"status", status_with_reason(record, now)},
        {"lineage", hex(record.lineage)},
        {"sha256", fingerprint(record.der)},
    };
    for (const auto& [name, value] : lines)
        out << std::left << std::setw(12) << name << value << '\n';
    for (const Event& event : events) {
        out << std::left << std::setw(12) << "event" << rfc3339(event.at) << ' ' << event.action;
        if (!event.detail.empty()) out << ' ' << event.detail;
        out << " by " << event.who;
        if (!event.why.empty()) out << ": " << event.why;
        out << '\n';
    }
}

json::array to_json(const std::vector<Event>& events) {
    json::array array;
    for (const Event& event : events) {
        array.push_back(json::object{{"at", rfc3339(event.at)},
                                     {"who", event.who},
                                     {"action", event.action},
                                     {"detail", event.detail},
                                     {"why", event.why}});
    }
    return array;
}

Result<std::vector<CertificateRecord>> find(Depot& depot, const std::string& id_or_serial) {
    if (is_device_id(id_or_serial)) return depot.index().find_device(id_or_serial);
    const auto serial = parse_serial(id_or_serial);
    if (!serial) {
        return Error{Fault::input,
                     "'" + id_or_serial + "' is neither a device ID nor a serial number in hexadecimal"};
    }
    return depot.index().find_serial(*serial);
}

}  // namespace

Result<Answer> list(Depot& depot, const CertificateFilter& filter, ReportForm form, std::ostream& out) {
    Result<void> visited;
    if (form == ReportForm::json) {
        const char* separator = "[";
        visited = depot.index().visit_certificates(filter, [&](const CertificateRecord& record) {
            out << separator << '\n' << json::serialize(to_json(record, filter.now));
            separator = ",";
        });
        out << (*separator == '[' ? "[]\n" : "\n]\n");
    } else {
        std::array<std::string, columns.size()> header;
        std::ranges::copy(columns, header.begin());
        write_row(out, header);
        visited = depot.index().visit_certificates(filter, [&](const CertificateRecord& record) {
            write_row(out, {hex(record.serial), std::string(to_string(record.kind)), record.name,
                            rfc3339(record.validity.not_after), status_with_reason(record, filter.now)});
        });
    }
    if (!visited) return visited.error();
    out.flush();
    if (!out) return Error{Fault::runtime, "cannot write the list to standard output"};
    return Answer{};
}

Result<Answer> show(Depot& depot, const std::string& id_or_serial, ReportForm form,
                    std::chrono::sys_seconds now) {
    const auto records = find(depot, id_or_serial);
    if (!records) return records.error();
    if (records->empty()) return no(id_or_serial + ": no such certificate in this depot");
    std::ostringstream text;
    json::array array;
    for (const CertificateRecord& record : *records) {
        const auto events = depot.index().events_of(record);
        if (!events) return events.error();
        if (form == ReportForm::json) {
            json::object object = to_json(record, now);
            object["events"] = to_json(*events);
            array.push_back(std::move(object));
        } else {
            if (&record != &records->front()) text << '\n';
            write_details(text, record, *events, now);
        }
    }
    if (form == ReportForm::json) text << json::serialize(array) << '\n';
    return Answer{true, text.str()};
}

Result<Answer> stats(Depot& depot, std::chrono::sys_seconds now) {
    std::map<std::string, std::map<std::string, std::uint64_t>> counts;
    constexpr std::chrono::days soon{30};
    std::uint64_t expiring = 0;
    const auto visited = depot.index().visit_certificates({.now = now}, [&](const CertificateRecord& record) {
        const CertificateState state = state_of(record, now);
        ++counts[std::string(to_string(record.kind))][std::string(to_string(state))];
        if (state == CertificateState::valid && record.validity.not_after < now + soon) ++expiring;
    });
    if (!visited) return visited.error();
    std::ostringstream text;
    json::object certificates;
    for (const auto& [kind, states] : counts) {
        json::object by_state;
        for (const auto& [state, count] : states) {
            text << std::left << std::setw(10) << kind << "  " << std::setw(14) << state << "  " << count
                 << '\n';
            by_state[state] = count;
        }
        certificates[kind] = std::move(by_state);
    }
    text << expiring << " of the valid ones expire within " << soon.count() << " days\n";
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    json::array described;
    for (const AuthorityRecord& authority : *authorities) {
        const auto crl = depot.index().newest_crl({authority.name, 0});
        if (!crl) return crl.error();
        text << authority.name << ": CRL number " << crl->number << ", next update by "
             << rfc3339(crl->next_update) << (authority.retired ? ", retired" : "") << '\n';
        described.push_back({{"name", authority.name},
                             {"role", to_string(authority.role)},
                             {"retired", authority.retired},
                             {"partitions", authority.partitions},
                             {"crl_number", crl->number},
                             {"next_update", rfc3339(crl->next_update)}});
    }
    Answer answer{true, text.str()};
    answer.json = {{"certificates", std::move(certificates)},
                   {"expiring_within_30_days", expiring},
                   {"authorities", std::move(described)}};
    return answer;
}

}  // namespace sallyport::pki
