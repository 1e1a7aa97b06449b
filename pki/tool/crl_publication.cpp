#include "pki/tool/crl_publication.h"

#include "pki/crl_file.h"
#include "pki/crl_writer.h"
#include "pki/digest.h"
#include "pki/file.h"
#include "pki/tool/crl_succession.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr unsigned public_mode = 0644;
/// A million entries take about 50 MiB.
constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;
/// A delta CRL that is longer gives way to a complete one.
constexpr std::uint64_t max_delta_entries = 10'000;

std::filesystem::path path_of(const Depot& depot, const AuthorityRecord& authority, const CrlPlan& plan) {
    const auto form = plan.base ? CrlForm::delta : CrlForm::complete;
    return depot.paths().crl(crl_name(plan.scope, authority.partitions, form));
}

Result<bool> is_in_place(Depot& depot, const AuthorityRecord& authority, const CrlScopeId& scope) {
    const auto shown = depot.index().shows_every_revocation(scope);
    if (!shown) return shown.error();
    if (!*shown) return false;
    for (const CrlForm form : {CrlForm::complete, CrlForm::delta}) {
        const auto newest = depot.index().newest_crl(scope, form);
        if (!newest) return newest.error();
        if (newest->number == 0 && form == CrlForm::delta) continue;
        if (newest->sha256.empty()) return false;
        const auto file =
            read_file(depot.paths().crl(crl_name(scope, authority.partitions, form)), max_crl_bytes);
        if (!file) return false;
        const auto digest = sha256(*file);
        if (!digest) return digest.error();
        if (*digest != newest->sha256) return false;
    }
    return true;
}

/// Removes what a process left that was killed while it wrote a CRL; the caller holds the depot's lock.
Result<void> remove_unfinished_files(const std::filesystem::path& folder) {
    std::error_code code;
    for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        if (at->path().filename().string().starts_with('.')) std::filesystem::remove(at->path(), code);
    }
    if (code) return Error{Fault::runtime, folder.string() + ": " + code.message()};
    return {};
}

Result<bool> is_wanted(Depot& depot, const AuthorityRecord& authority, const CrlScopeId& scope,
                       CrlOccasion why) {
    switch (why) {
        case CrlOccasion::refresh:
            return true;
        case CrlOccasion::revocation: {
            const auto shown = depot.index().shows_every_revocation(scope);
            if (!shown) return shown.error();
            return !*shown;
        }
        case CrlOccasion::repair: {
            const auto in_place = is_in_place(depot, authority, scope);
            if (!in_place) return in_place.error();
            return !*in_place;
        }
    }
    throw std::logic_error("unknown occasion for a CRL");
}

struct Dates {
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    bool clock_went_back;
};

Dates dates_of(const CrlRecord& previous, std::chrono::hours lifetime, CrlOccasion why,
               std::chrono::sys_seconds now) {
    // A writer that waited for the lock has an older `now` than the one that it waited for.
    constexpr std::chrono::minutes tolerance{1};
    const bool clock_went_back = now + tolerance < previous.this_update;
    const auto this_update = clock_went_back ? now : std::max(now, previous.this_update);
    std::chrono::sys_seconds next_update = this_update + lifetime;
    // A revocation must not shorten how long an operator may go without fetching.
    // Unless that came from a clock that was ahead.
    if (why != CrlOccasion::refresh && !clock_went_back)
        next_update = std::max(next_update, previous.next_update);
    return {this_update, next_update, clock_went_back};
}

/// The CRLs of one scope: a complete one, a delta, or both, so that who has the list before it need not fetch
/// the new one (RFC 5280 5.2.4).
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
    const bool can_add = settings.delta && base->number > 0;
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
        plans.push_back({plan, path_of(depot, authority, plan), dates.clock_went_back});
    };
    // A delta is no good beyond the list that it is added to.
    if (delta_will_do) dates.next_update = base->next_update;
    if (delta) add(base->number);
    if (!delta_will_do) add(std::nullopt);
    return plans;
}

/// The entries, as the index has them, once it is sure that the index has lost none.
Result<CrlWriter> write_entries(Depot& depot, const Authority& authority, const CrlPlan& plan) {
    CrlSuccession succession(depot.index(), plan);
    for (const CrlForm form : {CrlForm::complete, CrlForm::delta}) {
        const auto name = crl_name(plan.scope, authority.record.partitions, form);
        if (form == CrlForm::delta || !plan.base)
            succession.after(depot.paths().crl(name), *authority.certificate);
    }
    CrlWriter writer;
    const auto add = [&](const RevokedCertificate& entry) {
        const auto listed = succession.listed(entry.serial);
        return listed ? writer.add(entry) : listed;
    };
    const auto listed = plan.base ? depot.index().visit_changes(plan.scope, *plan.base, add)
                                  : depot.index().visit_revoked(plan.scope, plan.this_update, add);
    if (!listed) return listed.error();
    if (const auto whole = succession.finish(); !whole) return whole.error();
    return writer;
}

Result<std::string> make_crl(Depot& depot, const Authority& authority, const CrlSettings& settings,
                             const CrlPlan& plan) {
    auto writer = write_entries(depot, authority, plan);
    if (!writer) return writer.error();
    CrlProfile profile{plan.number, plan.this_update, plan.next_update, plan.base};
    const auto url = [&](CrlForm form) {
        return settings.url + "/" + crl_name(plan.scope, authority.record.partitions, form) + ".crl";
    };
    // Complete and delta speak for the same distribution point (RFC 5280 5.2.4).
    if (authority.record.partitions > 1) profile.point_url = url(CrlForm::complete);
    if (settings.delta && !plan.base && !settings.url.empty()) profile.delta_url = url(CrlForm::delta);
    const auto der = std::move(*writer).sign(profile, authority.signer());
    if (!der) return der.error();
    return write_crl_pem(*der);
}

Result<void> put_in_place(Depot& depot, const Authority& authority, const CrlSettings& settings,
                          const PublishedCrl& crl, const Occasion& occasion) {
    const auto pem = make_crl(depot, authority, settings, crl.plan);
    if (!pem) return pem.error();
    const auto digest = sha256(*pem);
    if (!digest) return digest.error();
    if (const auto written = replace_file(crl.path, *pem, public_mode); !written) return written.error();
    return depot.index().crl_published(crl.plan, *digest, occasion);
}

}  // namespace

std::string describe(const PublishedCrl& crl) {
    return crl.plan.scope.authority + (crl.plan.base ? " delta" : "") + " CRL number " +
           std::to_string(crl.plan.number) + " written to " + crl.path.string();
}

Result<std::vector<PublishedCrl>> publish_crls_of(Depot& depot, std::string_view name, CrlOccasion why,
                                                  const Occasion& occasion,
                                                  std::optional<std::chrono::hours> lifetime) {
    const auto plan = depot.plan(name);
    if (!plan) return plan.error();
    const auto record = depot.index().find_authority(name);
    if (!record) return record.error();
    if (!*record) return Error{Fault::input, std::string(name) + ": no such authority in this depot"};
    std::vector<PublishedCrl> crls;
    for (unsigned partition = 0; partition < (*record)->partitions; ++partition) {
        const CrlScopeId scope{std::string(name), partition};
        const auto wanted = is_wanted(depot, **record, scope, why);
        if (!wanted) return wanted.error();
        if (!*wanted) continue;
        auto planned = plan_scope(depot, **record, scope, plan->crl, why, lifetime, occasion.now);
        if (!planned) return planned.error();
        std::ranges::move(*planned, std::back_inserter(crls));
    }
    if (crls.empty()) return crls;
    const auto restored = depot.index().is_restored(name);
    if (!restored) return restored.error();
    if (*restored) {
        return Error{Fault::runtime,
                     std::string(name) +
                         ": this depot was restored, and what was published after its backup is "
                         "not known; say so first with: sallyport-pki crl adopt FILE... --ca " +
                         std::string(name)};
    }
    const auto authority = depot.authority(name);
    if (!authority) return authority.error();

    std::vector<CrlPlan> plans;
    std::ranges::transform(crls, std::back_inserter(plans), &PublishedCrl::plan);
    if (const auto begun = depot.index().begin_crls(name, plans, occasion); !begun) return begun.error();
    for (std::size_t i = 0; i < crls.size(); ++i) {
        crls[i].plan = plans[i];
        const auto placed = put_in_place(depot, *authority, plan->crl, crls[i], occasion);
        if (!placed) return placed.error();
    }
    return crls;
}

Result<PublishedCrl> newest_published(Depot& depot, const CrlScopeId& scope) {
    const auto authority = depot.index().find_authority(scope.authority);
    if (!authority) return authority.error();
    const auto complete = depot.index().newest_crl(scope, CrlForm::complete);
    if (!complete) return complete.error();
    const auto delta = depot.index().newest_crl(scope, CrlForm::delta);
    if (!delta) return delta.error();
    const bool delta_is_newer = delta->number > complete->number;
    const CrlRecord& newest = delta_is_newer ? *delta : *complete;
    CrlPlan plan{scope, std::nullopt, newest.this_update, newest.next_update, newest.number};
    if (delta_is_newer) plan.base = complete->number;
    return PublishedCrl{plan, path_of(depot, **authority, plan), false};
}

Result<Repaired> repair_publications(Depot& depot, const Occasion& occasion) {
    Repaired repaired;
    if (const auto removed = remove_unfinished_files(depot.paths().crls()); !removed) return removed.error();
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        auto published = publish_crls_of(depot, authority.name, CrlOccasion::repair, occasion);
        if (published) {
            std::ranges::move(*published, std::back_inserter(repaired.crls));
        } else {  // one authority without its key must not keep the others from it
            repaired.failures.push_back(published.error().message);
        }
    }
    return repaired;
}

Result<bool> is_due(Depot& depot, const AuthorityRecord& authority, std::chrono::seconds refresh_after,
                    std::chrono::sys_seconds now) {
    for (unsigned partition = 0; partition < authority.partitions; ++partition) {
        const auto newest = depot.index().newest_crl({authority.name, partition}, CrlForm::complete);
        if (!newest) return newest.error();
        if (newest->sha256.empty() || newest->this_update + refresh_after <= now) return true;
        const auto shown = depot.index().shows_every_revocation({authority.name, partition});
        if (!shown) return shown.error();
        if (!*shown) return true;
        // Made by a clock that was ahead: no gateway takes it yet.
        constexpr std::chrono::minutes tolerance{5};
        if (newest->this_update > now + tolerance) return true;
    }
    return false;
}

Result<std::vector<DistributedCrl>> distributed_crls(Depot& depot) {
    std::vector<DistributedCrl> crls;
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        for (unsigned partition = 0; partition < authority.partitions; ++partition) {
            for (const CrlForm form : {CrlForm::complete, CrlForm::delta}) {
                const CrlScopeId scope{authority.name, partition};
                const auto newest = depot.index().newest_crl(scope, form);
                if (!newest) return newest.error();
                if (newest->number == 0) continue;
                // Where delta CRLs were switched off, the last one is of no use to anybody.
                const AuthorityPlan* const plan = depot.configuration().find(authority.name);
                if (form == CrlForm::delta && plan != nullptr && !plan->crl.delta) continue;
                const auto name = crl_name(scope, authority.partitions, form);
                const auto source = depot.paths().crl(name);
                std::error_code code;
                const bool came_out = !newest->sha256.empty() || std::filesystem::exists(source, code);
                if (form == CrlForm::delta && !came_out) continue;  // its process was killed
                auto pem = read_file(source, max_crl_bytes);
                if (!pem) return pem.error();
                auto der = split_crl_file(std::move(*pem));
                if (!der) return Error{Fault::input, source.string() + ": " + der.error().message};
                if (der->size() != 1) return Error{Fault::input, source.string() + ": more than one CRL"};
                crls.push_back({authority.name, name + ".crl", std::move(der->front())});
                if (form == CrlForm::complete && plan != nullptr && plan->crl.delta) {
                    crls.back().delta_name = crl_name(scope, authority.partitions, CrlForm::delta) + ".crl";
                }
            }
        }
    }
    return crls;
}

}  // namespace sallyport::pki
