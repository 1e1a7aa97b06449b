#include "gateway/ladder_watch.h"

namespace sallyport::gateway {
namespace {

Log::Level level_of(pki::CrlState state) {
    switch (state) {
        case pki::CrlState::fresh:
            return Log::Level::info;
        case pki::CrlState::due:
            return Log::Level::warning;
        default:
            return Log::Level::error;
    }
}

std::string_view advice_for(pki::CrlState state) {
    switch (state) {
        case pki::CrlState::not_yet:
            return "its thisUpdate lies in the future: compare the clocks of CA and gateway";
        case pki::CrlState::fresh:
            return "in force";
        case pki::CrlState::due:
            return "in force; publish the next CRL";
        case pki::CrlState::grace:
            return "expired, still enforced; publish the next CRL before the grace is over";
        case pki::CrlState::closed:
            return "expired beyond its grace: devices of this issuer are refused";
    }
    return "";
}

}  // namespace

void LadderWatch::update(const Snapshot& snapshot, std::chrono::sys_seconds now) {
    std::map<std::string, pki::CrlState> seen;
    bool changed = false;
    for (const pki::RevocationList& list : snapshot.revocation.lists()) {
        const pki::CrlFacts& crl = list.newest();
        const pki::CrlState state = snapshot.revocation.state(list, now);
        const std::string key = list.complete()->facts.sha256 + crl.sha256;
        seen[key] = state;
        const auto before = states_.find(key);
        if (before != states_.end() && before->second == state) continue;
        changed = true;
        log_.audited(level_of(state), "crl",
                     {{"issuer", crl.issuer_name},
                      {"number", crl.number},
                      {"base", crl.base},
                      {"distribution_point", crl.point_text},
                      {"entries", list.size()},
                      {"state", pki::to_string(state)},
                      {"origin", crl.origin},
                      {"detail", advice_for(state)}});
    }
    if (changed) metrics_.crl_states(snapshot.revocation.issuers(now));
    states_ = std::move(seen);
}

}  // namespace sallyport::gateway
