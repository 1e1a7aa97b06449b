#include "pki/tool/revocation.h"

#include "pki/time.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

namespace sallyport::pki {
namespace {

using Records = std::vector<CertificateRecord>;

std::string label(const CertificateRecord& record) {
    return hex(record.serial) + " (" + record.name + ")";
}

std::string subject_of(const Selection& selection) {
    return selection.serial.empty() ? selection.device_id : "serial " + selection.serial;
}

Result<Records> find(Depot& depot, const Selection& selection) {
    if (selection.serial.empty()) {
        if (!is_device_id(selection.device_id)) {
            return Error{Fault::input, "'" + selection.device_id +
                                           "' is not a device ID: 8 hexadecimal digits, upper case"};
        }
        return depot.index().find_device(selection.device_id);
    }
    const auto serial = parse_serial(selection.serial);
    if (!serial)
        return Error{Fault::input, "'" + selection.serial + "' is not a serial number in hexadecimal"};
    auto record = depot.index().find_serial(*serial);
    if (!record) return record.error();
    Records records;
    if (*record) records.push_back(std::move(**record));
    if (!records.empty() && records.front().name == root_authority) {
        return Error{
            Fault::input,
            "a root cannot be revoked by its own CRL; take it out of the gateways' trust files instead"};
    }
    return records;
}

/// Named by serial, an expired certificate is meant too; named by device, only those that still count.
Records select(const Records& records, const Selection& selection, std::chrono::sys_seconds now,
               const std::function<bool(const CertificateRecord&)>& condition) {
    Records selected;
    for (const CertificateRecord& record : records) {
        const bool counts = !selection.serial.empty() || record.validity.not_after >= now;
        if (counts && condition(record)) selected.push_back(record);
    }
    return selected;
}

bool is_revoked(const CertificateRecord& record) {
    return record.revocation && !record.revocation->on_hold();
}
bool is_on_hold(const CertificateRecord& record) {
    return record.revocation && record.revocation->on_hold();
}
bool is_free(const CertificateRecord& record) {
    return !record.revocation;
}

void note_clock(const PublishedCrl& crl, std::string& notes) {
    if (!crl.clock_went_back) return;
    notes += "warning: the clock is behind the previous " + crl.authority +
             " CRL; gateways may refuse the new one until it has caught up\n";
}

/// Publishes the CRL of each authority concerned and says so for each certificate.
Result<Answer> publish_for(Depot& depot, const Records& records, std::string_view action,
                           std::chrono::sys_seconds now) {
    Answer answer;
    std::map<std::string, PublishedCrl> published;
    for (const CertificateRecord& record : records) {
        if (published.contains(record.issuer)) continue;
        auto crl = publish_crl(depot, record.issuer, std::nullopt, now);
        if (!crl) {
            return Error{crl.error().fault, std::string(action) + " " + label(record) +
                                                " in the index, but the " + record.issuer +
                                                " CRL is not published: " + crl.error().message +
                                                "; run sallyport-pki crl when this is mended"};
        }
        note_clock(*crl, answer.notes);
        published.emplace(record.issuer, std::move(*crl));
    }
    for (const CertificateRecord& record : records) {
        answer.text +=
            std::string(action) + " " + label(record) + ", " + describe(published.at(record.issuer)) + "\n";
    }
    return answer;
}

Result<Answer> already(Depot& depot, const Records& records, std::string_view state) {
    Answer answer;
    for (const CertificateRecord& record : records) {
        const auto crl = depot.index().newest_crl(record.issuer);
        if (!crl) return crl.error();
        answer.text += label(record) + " is already " + std::string(state) + " (" +
                       std::string(to_string(record.revocation->reason)) + ", " +
                       rfc3339(record.revocation->revoked_at) + "), " + record.issuer + " CRL number " +
                       std::to_string(crl->number) + " is in " + depot.paths().crl(record.issuer).string() +
                       "\n";
    }
    return answer;
}

Answer none_in_force(const Selection& selection, const Records& known) {
    if (known.empty()) return no(subject_of(selection) + ": no such certificate in this depot");
    return no(subject_of(selection) + ": expired at " + rfc3339(known.back().validity.not_after));
}

}  // namespace

Result<Answer> revoke(Depot& depot, const Selection& selection, CrlReason reason,
                      std::chrono::sys_seconds now) {
    const auto known = find(depot, selection);
    if (!known) return known.error();
    const Records targets = select(*known, selection, now, std::not_fn(is_revoked));
    if (!targets.empty()) {
        if (const auto marked = depot.index().revoke(targets, reason, now); !marked) return marked.error();
        return publish_for(depot, targets, "revoked", now);
    }
    Records revoked;
    std::ranges::copy_if(*known, std::back_inserter(revoked), is_revoked);
    if (revoked.empty()) return none_in_force(selection, *known);
    return already(depot, revoked, "revoked");
}

Result<Answer> hold(Depot& depot, const Selection& selection, std::chrono::sys_seconds now) {
    const auto known = find(depot, selection);
    if (!known) return known.error();
    const Records targets = select(*known, selection, now, is_free);
    if (!targets.empty()) {
        const auto marked = depot.index().revoke(targets, CrlReason::certificate_hold, now);
        if (!marked) return marked.error();
        return publish_for(depot, targets, "held", now);
    }
    const Records held = select(*known, selection, now, is_on_hold);
    if (!held.empty()) return already(depot, held, "on hold");
    const Records revoked = select(*known, selection, now, is_revoked);
    if (!revoked.empty()) return no(label(revoked.back()) + " is revoked, which is for ever");
    return none_in_force(selection, *known);
}

Result<Answer> unhold(Depot& depot, const Selection& selection, std::chrono::sys_seconds now) {
    const auto known = find(depot, selection);
    if (!known) return known.error();
    Records targets;
    std::ranges::copy_if(*known, std::back_inserter(targets), is_on_hold);
    if (!targets.empty()) {
        if (const auto released = depot.index().release(targets, now); !released) return released.error();
        return publish_for(depot, targets, "released", now);
    }
    const Records revoked = select(*known, selection, now, is_revoked);
    if (!revoked.empty()) return no(label(revoked.back()) + " is revoked, which is for ever");
    const Records free = select(*known, selection, now, is_free);
    if (!free.empty()) return no(label(free.back()) + " is not on hold");
    return none_in_force(selection, *known);
}

Result<Answer> publish_crls(Depot& depot, const std::string& authority,
                            std::optional<std::chrono::days> lifetime, std::chrono::sys_seconds now) {
    auto names = depot.index().authorities();
    if (!names) return names.error();
    if (!authority.empty()) {
        if (std::ranges::find(*names, authority) == names->end()) {
            return Error{Fault::input, "--ca: '" + authority + "' is none of root, device-ca and server-ca"};
        }
        names->assign(1, authority);
    }
    Answer answer;
    for (const std::string& name : *names) {
        const auto crl = publish_crl(depot, name, lifetime, now);
        if (!crl) return crl.error();
        answer.text += describe(*crl) + ", next update by " + rfc3339(crl->next_update) + "\n";
        note_clock(*crl, answer.notes);
    }
    return answer;
}

}  // namespace sallyport::pki
