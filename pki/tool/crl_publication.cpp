#include "pki/tool/crl_publication.h"

#include "pki/crl_file.h"
#include "pki/crl_writer.h"
#include "pki/digest.h"
#include "pki/file.h"
#include "pki/tool/crl_planning.h"
#include "pki/tool/crl_succession.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr unsigned public_mode = 0644;
/// A million entries take about 50 MiB.
constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;

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

/// A CRL that is to be signed.
struct Draft {
    PublishedCrl crl;
    CrlWriter entries = {};
};

/// The entries, as the index has them, held against the lists in whose place the new one comes.
Result<CrlWriter> write_entries(Depot& depot, const Authority& authority, const CrlPlan& plan,
                                CrlSuccession& succession) {
    for (const CrlForm form : {CrlForm::complete, CrlForm::delta}) {
        if (plan.base && form == CrlForm::complete) continue;
        const auto name = crl_name(plan.scope, authority.record.partitions, form);
        const auto read = succession.after(depot.paths().crl(name), *authority.certificate);
        if (!read) return read.error();
    }
    CrlWriter writer;
    const auto add = [&](const RevokedCertificate& entry) {
        const auto listed = succession.listed(entry.serial);
        return listed ? writer.add(entry) : listed;
    };
    const auto leave = [&](std::string_view serial) { return succession.listed(serial); };
    const auto visited = plan.base ? depot.index().visit_changes(plan.scope, *plan.base, add)
                                   : depot.index().visit_revoked(plan.scope, plan.this_update, add, leave);
    if (!visited) return visited.error();
    if (const auto compared = succession.finish(); !compared) return compared.error();
    return writer;
}

struct Request {
    CrlOccasion why;
    std::optional<std::chrono::hours> lifetime;
    const CrlSettings& settings;
};

/// All CRLs of one scope, or none: nothing is in its place yet, and no number is taken. What the index has
/// lost is taken over from the lists that still have it.
Result<std::vector<Draft>> draft_scope(Depot& depot, const Authority& authority, const CrlScopeId& scope,
                                       const Request& request, std::vector<std::string>& warnings,
                                       const Occasion& occasion) {
    const auto planned = plan_scope(depot, authority.record, scope, request.settings, request.why,
                                    request.lifetime, occasion.now);
    if (!planned) return planned.error();
    std::vector<Draft> drafts;
    for (const PublishedCrl& crl : *planned) {
        CrlSuccession succession(depot.index(), authority.record, crl.plan);
        auto entries = write_entries(depot, authority, crl.plan, succession);
        if (!entries) return entries.error();
        if (!succession.lost().empty()) {
            if (const auto adopted = depot.index().adopt(scope, succession.lost(), occasion); !adopted)
                return adopted.error();
            warnings.push_back(succession.describe_lost());
            return draft_scope(depot, authority, scope, request, warnings, occasion);
        }
        drafts.push_back({crl, std::move(*entries)});
    }
    return drafts;
}

Result<void> put_in_place(Depot& depot, const Authority& authority, const CrlSettings& settings, Draft draft,
                          const Occasion& occasion) {
    const CrlPlan& plan = draft.crl.plan;
    CrlProfile profile{plan.number, plan.this_update, plan.next_update, plan.base};
    const auto url = [&](CrlForm form) {
        return settings.url + "/" + crl_name(plan.scope, authority.record.partitions, form) + ".crl";
    };
    // Complete and delta speak for the same distribution point (RFC 5280 5.2.4).
    if (authority.record.partitions > 1) profile.point_url = url(CrlForm::complete);
    if (settings.delta && !plan.base && !settings.url.empty()) profile.delta_url = url(CrlForm::delta);
    std::string pem;
    {
        const auto der = std::move(draft.entries).sign(profile, authority.signer());
        if (!der) return der.error();
        pem = write_crl_pem(*der);
    }
    const auto digest = sha256(pem);
    if (!digest) return digest.error();
    if (const auto written = replace_file(draft.crl.path, pem, public_mode); !written) return written.error();
    return depot.index().crl_published(plan, *digest, occasion);
}

/// Which scopes of an authority need a CRL.
Result<std::vector<CrlScopeId>> wanted_scopes(Depot& depot, const AuthorityRecord& authority,
                                              CrlOccasion why) {
    std::vector<CrlScopeId> scopes;
    for (unsigned partition = 0; partition < authority.partitions; ++partition) {
        const CrlScopeId scope{authority.name, partition};
        const auto wanted = is_wanted(depot, authority, scope, why);
        if (!wanted) return wanted.error();
        if (*wanted) scopes.push_back(scope);
    }
    return scopes;
}

}  // namespace

std::string describe(const PublishedCrl& crl) {
    return crl.plan.scope.authority + (crl.plan.base ? " delta" : "") + " CRL number " +
           std::to_string(crl.plan.number) + " written to " + crl.path.string();
}

Result<Published> publish_crls_of(Depot& depot, std::string_view name, CrlOccasion why,
                                  const Occasion& occasion, std::optional<std::chrono::hours> lifetime) {
    const auto plan = depot.plan(name);
    if (!plan) return plan.error();
    const auto record = depot.index().find_authority(name);
    if (!record) return record.error();
    if (!*record) return Error{Fault::input, std::string(name) + ": no such authority in this depot"};
    Published published;
    const auto scopes = wanted_scopes(depot, **record, why);
    if (!scopes) return scopes.error();
    if (scopes->empty()) return published;
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

    std::vector<Draft> drafts;
    for (const CrlScopeId& scope : *scopes) {
        auto of_scope =
            draft_scope(depot, *authority, scope, {why, lifetime, plan->crl}, published.warnings, occasion);
        if (!of_scope) {  // the others go on: each of them shuts somebody out
            published.failures.push_back(of_scope.error().message);
            continue;
        }
        std::ranges::move(*of_scope, std::back_inserter(drafts));
    }
    if (drafts.empty()) return published;
    std::vector<CrlPlan> plans;
    for (const Draft& draft : drafts)
        plans.push_back(draft.crl.plan);
    if (const auto begun = depot.index().begin_crls(name, plans, occasion); !begun) return begun.error();
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        drafts[i].crl.plan = plans[i];
        published.crls.push_back(drafts[i].crl);
        const auto placed = put_in_place(depot, *authority, plan->crl, std::move(drafts[i]), occasion);
        if (placed) continue;
        published.crls.pop_back();
        published.failures.push_back(placed.error().message);
    }
    return published;
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
    return PublishedCrl{plan, crl_path(depot, **authority, plan), false};
}

Result<Published> repair_publications(Depot& depot, const Occasion& occasion) {
    Published repaired;
    if (const auto removed = remove_unfinished_files(depot.paths().crls()); !removed) return removed.error();
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        auto published = publish_crls_of(depot, authority.name, CrlOccasion::repair, occasion);
        if (!published) {  // one authority without its key must not keep the others from it
            repaired.failures.push_back(published.error().message);
            continue;
        }
        std::ranges::move(published->crls, std::back_inserter(repaired.crls));
        std::ranges::move(published->failures, std::back_inserter(repaired.failures));
        std::ranges::move(published->warnings, std::back_inserter(repaired.warnings));
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
