#include "pki/tool/crl_departure.h"

namespace sallyport::pki {
namespace {

/// Times alone would not do: a clock may have been wrong when the hold was set.
bool was_lifted(const std::vector<Event>& events, std::chrono::sys_seconds held_at) {
    bool set = false;
    for (const Event& event : events) {
        set = set || (event.action == "held" && event.at == held_at);
        if (event.action == "released" && (set || event.at >= held_at)) return true;
    }
    return false;
}

}  // namespace

Result<bool> may_depart(Index& index, std::string_view authority, std::string_view serial,
                        const RevokedSerials::Entry& entry, std::chrono::sys_seconds at) {
    const auto record = index.find_certificate(authority, serial);
    if (!record) return record.error();
    if (!*record) return false;
    if ((*record)->validity.not_after < at) return true;
    if (entry.reason != CrlReason::certificate_hold) return false;
    const auto events = index.events_of(**record);
    if (!events) return events.error();
    return was_lifted(*events, entry.revoked_at);
}

}  // namespace sallyport::pki
