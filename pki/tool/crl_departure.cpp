#include "pki/tool/crl_departure.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

/// Times alone would not do: a clock may have been wrong when the hold was set, and it may have been set,
/// lifted and set again within a second.
bool is_lifted(const std::vector<Event>& events, std::chrono::sys_seconds held_at) {
    const auto sets = [&](const Event& event) {
        return (event.action == "held" && event.at == held_at) ||
               (event.action == "adopted" &&
                event.detail == adoption_detail(CrlReason::certificate_hold, held_at));
    };
    const auto set = std::find_if(events.rbegin(), events.rend(), sets);
    if (set != events.rend())
        return std::ranges::find(set.base(), events.end(), "released", &Event::action) != events.end();
    return std::ranges::any_of(
        events, [&](const Event& event) { return event.action == "released" && event.at >= held_at; });
}

}  // namespace

Result<bool> may_depart(Index& index, std::string_view authority, std::string_view serial,
                        const RevokedSerials::Entry& entry, std::chrono::sys_seconds at) {
    const auto record = index.find_certificate(authority, serial);
    if (!record) return record.error();
    if (*record && (*record)->validity.not_after < at) return true;
    return was_lifted(index, authority, serial, entry);
}

Result<bool> was_lifted(Index& index, std::string_view authority, std::string_view serial,
                        const RevokedSerials::Entry& entry) {
    if (entry.reason != CrlReason::certificate_hold) return false;
    const auto record = index.find_certificate(authority, serial);
    if (!record) return record.error();
    if (!*record) return false;
    const auto events = index.events_of(**record);
    if (!events) return events.error();
    return is_lifted(*events, entry.revoked_at);
}

}  // namespace sallyport::pki
