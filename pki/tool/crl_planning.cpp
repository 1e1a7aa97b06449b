#include "pki/tool/crl_planning.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

/// A delta CRL that is longer gives way to a complete one.
constexpr std::uint64_t max_delta_entries = 10'000;
/// A writer that waited for the lock has an older `now` than the one that it waited for.
constexpr std::chrono::minutes clock_tolerance{1};

struct Dates {
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    bool clock_went_back;
};

Dates dates_of(const CrlRecord& previous, std::chrono::hours lifetime, CrlOccasion why,
               std::chrono::sys_seconds now) {
    const bool clock_went_back = now + clock_tolerance < previous.this_update;
    const auto this_update = clock_went_back ? now : std::max(now, previous.this_update);
    std::chrono::sys_seconds next_update = this_update + lifetime;
    // A revocation must not shorten how long an operator may go without fetching.
    // Unless that came from a clock that was ahead.
    if (why != CrlOccasion::refresh && !clock_went_back)
        next_update = std::max(next_update, previous.next_update);
    return {this_update, next_update, clock_went_back};
}

}  // namespace

std::filesystem::path crl_path(const Depot& depot, const AuthorityRecord& authority, const CrlPlan& plan) {
    const auto form = plan.base ? CrlForm::delta : CrlForm::complete;
    return depot.paths().crl(crl_name(plan.scope, authority.partitions, form));
}

Result<std::vector<PublishedCrl>> plan_scope(Depot& depot, const AuthorityRecord& authority,
                                             const CrlScopeId& scope, const CrlSettings& settings,
                                             CrlOccasion why, std::optional<std::chrono::hours> lifetime,
                                             std::chrono::sys_seconds now) {
    const auto previous = depot.index().newest_crl(scope);
    if (!previous) return previous.error();
    // Not one that was begun and never came out: then the delta beside it, which may have come out, would
    // stay.
    const auto base = depot.index().newest_complete_crl(scope);
    if (!base) return base.error();
    Dates dates = dates_of(*previous, lifetime.value_or(settings.lifetime), why, now);
    // A base that a clock made which was ahead is in force nowhere yet, and so is what is added to it.
    const bool can_add = settings.delta && base->number > 0 && base->this_update <= now + clock_tolerance;
    std::uint64_t changes = 0;
    if (can_add) {
        const auto counted = depot.index().count_changes(scope, base->number);
        if (!counted) return counted.error();
        changes = *counted;
    }
    const bool delta = can_add && changes <= max_delta_entries;
    const bool delta_will_do =
        delta && why == CrlOccasion::revocation && base->next_update > dates.this_update;
    std::vector<PublishedCrl> plans;
    const auto add = [&](std::optional<std::uint64_t> of_base) {
        const CrlPlan plan{scope, of_base, dates.this_update, dates.next_update};
        plans.push_back({plan, crl_path(depot, authority, plan), dates.clock_went_back});
    };
    // A delta is no good beyond the list that it is added to.
    if (delta_will_do) dates.next_update = base->next_update;
    if (delta) add(base->number);
    if (!delta_will_do) add(std::nullopt);
    return plans;
}

}  // namespace sallyport::pki
