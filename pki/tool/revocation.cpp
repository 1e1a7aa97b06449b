#include "pki/tool/revocation.h"

#include "pki/time.h"
#include "pki/tool/blast_radius.h"
#include "pki/tool/change_notes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;
using Records = std::vector<CertificateRecord>;

std::string label(const CertificateRecord& record) {
    return hex(record.serial) + " (" + record.name + ")";
}

bool is_free(const CertificateRecord& record) {
    return !record.revocation;
}

Records those(const Records& records, const std::function<bool(const CertificateRecord&)>& condition) {
    Records kept;
    std::ranges::copy_if(records, std::back_inserter(kept), condition);
    return kept;
}

json::object to_json(const PublishedCrl& crl) {
    json::object object{{"authority", crl.plan.scope.authority},
                        {"partition", crl.plan.scope.partition},
                        {"number", crl.plan.number},
                        {"next_update", rfc3339(crl.plan.next_update)},
                        {"path", crl.path.string()}};
    if (crl.plan.base) object["base"] = *crl.plan.base;
    return object;
}

void note_clock(const std::vector<PublishedCrl>& crls, std::string& notes) {
    for (const PublishedCrl& crl : crls) {
        if (!crl.clock_went_back) continue;
        notes +=
            "warning: the previous " + crl.plan.scope.authority +
            " CRL was made at a later time than it is now: the clock is wrong, or was wrong then; gateways "
            "may refuse the new one until it has caught up\n";
        return;
    }
}

void take_over(Change& change, Published& published) {
    for (const std::string& line : published.warnings)
        change.answer.notes += "warning: " + line + "\n";
    note_clock(published.crls, change.answer.notes);
    std::ranges::move(published.crls, std::back_inserter(change.crls));
}

/// What the lines of a change say about one certificate's CRL: of its delta, if there is one, since that is
/// what comes into force first.
std::string crl_of(const CertificateRecord& record, const std::vector<PublishedCrl>& crls) {
    const auto found = std::ranges::find_if(crls, [&](const PublishedCrl& crl) {
        return crl.plan.scope.authority == record.issuer && crl.plan.scope.partition == record.partition;
    });
    return found == crls.end() ? std::string() : ", " + describe(*found);
}

/// Publishes the CRLs of all authorities concerned and says so for each certificate.
Result<Change> publish_for(Depot& depot, const Records& records, std::string_view action,
                           const Occasion& occasion) {
    Change change;
    std::set<std::string> authorities;
    for (const CertificateRecord& record : records)
        authorities.insert(record.issuer);
    for (const std::string& authority : authorities) {
        auto published = publish_crls_of(depot, authority, CrlOccasion::revocation, occasion);
        const auto not_published = [&](const std::string& why) {
            change.answer.add_failure(std::string(action) + " in the index, but the " + authority +
                                      " CRL is not published: " + why +
                                      "; run sallyport-pki crl when this is mended");
        };
        if (!published) {  // the others go on: each of them shuts somebody out
            not_published(published.error().message);
            continue;
        }
        std::ranges::for_each(published->failures, not_published);
        take_over(change, *published);
    }
    json::array certificates, crls;
    for (const CertificateRecord& record : records) {
        change.answer.text += std::string(action) + " " + label(record) + crl_of(record, change.crls) + "\n";
        certificates.push_back(
            {{"serial", hex(record.serial)}, {"name", record.name}, {"issuer", record.issuer}});
    }
    for (const PublishedCrl& crl : change.crls)
        crls.push_back(to_json(crl));
    change.answer.json = {
        {"action", action}, {"certificates", std::move(certificates)}, {"crls", std::move(crls)}};
    return change;
}

/// What is so already is said, with the CRLs that show it: a command that was interrupted before they were in
/// force everywhere is simply given again.
Result<Change> already(Depot& depot, const Records& records, std::string_view state) {
    Change change;
    json::array certificates;
    std::map<std::pair<std::string, unsigned>, PublishedCrl> shown;
    for (const CertificateRecord& record : records) {
        const CrlScopeId scope{record.issuer, record.partition};
        auto at = shown.find({scope.authority, scope.partition});
        if (at == shown.end()) {
            auto newest = newest_published(depot, scope);
            if (!newest) return newest.error();
            at = shown.emplace(std::pair(scope.authority, scope.partition), std::move(*newest)).first;
        }
        change.answer.text += label(record) + " is already " + std::string(state) + " (" +
                              std::string(to_string(record.revocation->reason)) + ", " +
                              rfc3339(record.revocation->revoked_at) + "), " + record.issuer +
                              " CRL number " + std::to_string(at->second.plan.number) + " is in " +
                              at->second.path.string() + "\n";
        certificates.push_back(
            {{"serial", hex(record.serial)}, {"name", record.name}, {"issuer", record.issuer}});
    }
    for (auto& [scope, crl] : shown)
        change.crls.push_back(std::move(crl));
    change.answer.json = {{"already", state}, {"certificates", std::move(certificates)}};
    return change;
}

/// Do the published CRLs show every change that concerns these certificates?
Result<bool> are_shown(Depot& depot, const Records& records) {
    for (const CertificateRecord& record : records) {
        const auto shown = depot.index().shows_every_revocation({record.issuer, record.partition});
        if (!shown) return shown.error();
        if (!*shown) return false;
    }
    return true;
}

/// What keeps a selection from being used: something in it is not there, or nothing is.
std::optional<Answer> unusable(const Selected& selected) {
    std::string text;
    for (const std::string& name : selected.unknown)
        text += (text.empty() ? "" : "\n") + name + ": no such certificate in this depot";
    for (const std::string& name : selected.expired)
        text += (text.empty() ? "" : "\n") + name;
    if (text.empty() && !selected.records.empty()) return std::nullopt;
    return no(text.empty() ? "no certificate fits" : text);
}

/// "No" for a change that is larger than the operator is likely to mean.
Result<std::optional<Answer>> too_large(Depot& depot, const Records& targets, const ChangeOptions& options,
                                        std::chrono::sys_seconds now) {
    if (options.yes_revoke) {
        if (*options.yes_revoke == targets.size()) return std::optional<Answer>();
        return std::optional(no("--yes-revoke " + std::to_string(*options.yes_revoke) + ": it would be " +
                                std::to_string(targets.size()) + " certificates; nothing was changed"));
    }
    const auto is_authority = [](const CertificateRecord& record) {
        return record.kind == CertificateKind::authority;
    };
    if (std::ranges::any_of(targets, is_authority)) {
        return std::optional(
            no("this takes an authority, and with it everybody whom it certified; nothing was changed. If "
               "you mean that, say --yes-revoke " +
               std::to_string(targets.size())));
    }
    if (targets.size() == 1) return std::optional<Answer>();  // spares a look at the whole fleet
    const auto share = fleet_share(depot, targets, now);
    if (!share) return share.error();
    const unsigned percent = depot.configuration().ask_above_percent;
    if (!share->above(percent)) return std::optional<Answer>();
    return std::optional(no("this is more than " + std::to_string(percent) + " % of the fleet (" +
                            std::to_string(share->devices) + " of " + std::to_string(share->fleet) +
                            " devices); nothing was changed. Look at --dry-run, and then say "
                            "--yes-revoke " +
                            std::to_string(targets.size())));
}

/// A change as lines say it.
struct Verb {
    std::string_view infinitive;
    std::string_view done;
};

/// Records those that the index does not know, marks all and publishes, or says what would happen.
Result<Change> carry_out(Depot& depot, const Records& targets, const Records& unrecorded,
                         const RevocationRequest& request, const Verb& verb, const ChangeOptions& options,
                         const Occasion& occasion) {
    if (options.dry_run) {
        auto answer = blast_radius(depot, verb.infinitive, targets, options.activity, options.active_within,
                                   occasion.now);
        if (!answer) return answer.error();
        return Change{std::move(*answer)};
    }
    auto refused = too_large(depot, targets, options, occasion.now);
    if (!refused) return refused.error();
    if (*refused) return Change{std::move(**refused)};
    const Records fresh = those(unrecorded, [&](const CertificateRecord& record) {
        return std::ranges::any_of(targets, [&](const CertificateRecord& target) {
            return target.serial == record.serial && target.issuer == record.issuer;
        });
    });
    const auto marked = depot.index().revoke(targets, fresh, request, occasion);
    if (!marked) return marked.error();
    return publish_for(depot, targets, verb.done, occasion);
}

Result<Change> with_notes(Result<Change> change, std::string notes) {
    if (change && change->answer.yes) change->answer.notes += notes;
    return change;
}

/// Takes certificates out of use, and says what else those who asked for it should know.
Result<Change> shut_out(Depot& depot, const Selected& selected, const Records& targets,
                        const RevocationRequest& request, const Verb& verb, const ChangeOptions& options,
                        const Occasion& occasion) {
    // The revocation first: what is only worth a note must not stand in its way.
    auto change = carry_out(depot, targets, selected.unrecorded, request, verb, options, occasion);
    const auto others = note_others_in_use(depot.index(), targets, occasion.now);
    return with_notes(std::move(change),
                      note_left_alone(selected.records, targets) +
                          (others ? *others : "warning: " + others.error().message + "\n"));
}

/// Are they all in use, and was a hold of each lifted before?
Result<bool> were_released(Depot& depot, const Records& records) {
    for (const CertificateRecord& record : records) {
        const auto events = depot.index().events_of(record);
        if (!events) return events.error();
        const bool released = std::ranges::find(*events, "released", &Event::action) != events->end();
        if (!is_free(record) || !released) return false;
    }
    return true;
}

Result<Change> already_released(Depot& depot, const Records& records) {
    Change change;
    for (const CertificateRecord& record : records) {
        auto newest = newest_published(depot, {record.issuer, record.partition});
        if (!newest) return newest.error();
        change.answer.text += label(record) + " is not on hold any more, " + describe(*newest) + "\n";
        change.crls.push_back(std::move(*newest));
    }
    change.answer.json["already"] = "released";
    return change;
}

}  // namespace

Result<Change> revoke(Depot& depot, const Selection& selection, const RevocationRequest& request,
                      const ChangeOptions& options, const Occasion& occasion) {
    const auto selected = select(depot, selection, occasion.now);
    if (!selected) return selected.error();
    if (auto answer = unusable(*selected)) return Change{std::move(*answer)};
    const Records targets = those(selected->records, std::not_fn(is_revoked));
    if (targets.empty()) {
        // Said to be revoked before, but in no CRL yet: the key was not there, or the process was killed.
        const auto shown = are_shown(depot, selected->records);
        if (!shown) return shown.error();
        if (!*shown && !options.dry_run) return publish_for(depot, selected->records, "revoked", occasion);
        return already(depot, selected->records, "revoked");
    }
    return shut_out(depot, *selected, targets, request, {"revoke", "revoked"}, options, occasion);
}

Result<Change> hold(Depot& depot, const Selection& selection, const ChangeOptions& options,
                    const Occasion& occasion) {
    const auto selected = select(depot, selection, occasion.now);
    if (!selected) return selected.error();
    if (auto answer = unusable(*selected)) return Change{std::move(*answer)};
    const Records targets = those(selected->records, is_free);
    if (!targets.empty())
        return shut_out(depot, *selected, targets, {CrlReason::certificate_hold}, {"hold", "held"}, options,
                        occasion);
    const Records held = those(selected->records, is_on_hold);
    if (!held.empty()) {
        const auto shown = are_shown(depot, held);
        if (!shown) return shown.error();
        if (!*shown && !options.dry_run) return publish_for(depot, held, "held", occasion);
        return already(depot, held, "on hold");
    }
    return Change{no(label(selected->records.back()) + " is revoked, which is for ever")};
}

Result<Change> unhold(Depot& depot, const Selection& selection, const ChangeOptions& options,
                      const Occasion& occasion) {
    const auto selected = select(depot, selection, occasion.now);
    if (!selected) return selected.error();
    if (auto answer = unusable(*selected)) return Change{std::move(*answer)};
    const Records targets = those(selected->records, is_on_hold);
    if (!targets.empty()) {
        if (options.dry_run) {
            auto answer = blast_radius(depot, "release", targets, options.activity, options.active_within,
                                       occasion.now);
            if (!answer) return answer.error();
            return Change{std::move(*answer)};
        }
        if (const auto released = depot.index().release(targets, selected->unrecorded, occasion); !released)
            return released.error();
        return with_notes(publish_for(depot, targets, "released", occasion),
                          note_left_alone(selected->records, targets));
    }
    const auto released = were_released(depot, selected->records);
    if (!released) return released.error();
    if (*released) {
        const auto shown = are_shown(depot, selected->records);
        if (!shown) return shown.error();
        if (!*shown && !options.dry_run) return publish_for(depot, selected->records, "released", occasion);
        return already_released(depot, selected->records);
    }
    const CertificateRecord& last = selected->records.back();
    return Change{
        no(label(last) + (is_revoked(last) ? " is revoked, which is for ever" : " is not on hold"))};
}

Result<Change> refresh_crls(Depot& depot, const RefreshRequest& request, const Occasion& occasion) {
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    Change change;
    bool known = request.authority.empty();
    json::array crls;
    for (const AuthorityRecord& authority : *authorities) {
        if (!request.authority.empty() && authority.name != request.authority) continue;
        known = true;
        const auto plan = depot.plan(authority.name);
        if (!plan) {
            change.answer.add_failure(plan.error().message);
            continue;
        }
        if (request.only_if_due || request.only_if_older) {
            const std::chrono::seconds limit = request.only_if_older.value_or(plan->crl.refresh_after);
            const auto due = is_due(depot, authority, limit, occasion.now);
            if (!due) return due.error();
            if (!*due) continue;
        }
        auto published =
            publish_crls_of(depot, authority.name, CrlOccasion::refresh, occasion, request.lifetime);
        if (!published) {  // a root whose key is kept elsewhere must not keep the others from it
            change.answer.add_failure(published.error().message);
            continue;
        }
        for (const std::string& failure : published->failures)
            change.answer.add_failure(failure);
        for (const PublishedCrl& crl : published->crls) {
            change.answer.text += describe(crl) + ", next update by " + rfc3339(crl.plan.next_update) + "\n";
            crls.push_back(to_json(crl));
        }
        take_over(change, *published);
    }
    if (!known)
        return Error{Fault::input, "--ca: '" + request.authority + "': no such authority in this depot"};
    if (change.crls.empty() && change.answer.failure.empty()) change.answer.text = "no CRL is due\n";
    change.answer.json["crls"] = std::move(crls);
    return change;
}

}  // namespace sallyport::pki
