#include "pki/tool/distribution.h"

#include "pki/digest.h"
#include "pki/tool/crl_departure.h"
#include "pki/tool/publication/peer.h"
#include "pki/tool/publication/publish.h"
#include "pki/tool/publication/repository.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include <boost/json.hpp>
#include <unistd.h>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::string_view older_depot =
    "this depot is older than what was published, as after a restore; take over what it lacks with: "
    "sallyport-pki crl adopt FILE --ca NAME";

using Crls = std::vector<const DistributedCrl*>;

/// Those of these authorities; of all where none is named.
Crls crls_of(std::span<const DistributedCrl> all, std::span<const std::string> authorities) {
    Crls chosen;
    for (const DistributedCrl& crl : all) {
        if (authorities.empty() || std::ranges::find(authorities, crl.authority) != authorities.end())
            chosen.push_back(&crl);
    }
    return chosen;
}

/// One digest for a set of CRLs: what a repository has, or should have.
Result<std::string> digest_of(const Crls& crls) {
    std::string all;
    for (const DistributedCrl* crl : crls) {
        const auto digest = sha256(crl->der);
        if (!digest) return digest.error();
        all += std::to_string(crl->name.size()) + ":" + crl->name + *digest;
    }
    return sha256(all);
}

void report(const RepositoryOutcome& outcome, Answer& answer, json::array& list) {
    json::array files;
    const auto add = [&](const FileOutcome& file) {
        files.push_back(
            {{"name", file.name}, {"placement", to_string(file.placement)}, {"detail", file.detail}});
        if (file.in_place()) {
            if (!file.detail.empty())
                answer.notes += "note: " + outcome.repository + ": " + file.detail + "\n";
            return;
        }
        std::string line = "not in place at " + outcome.repository + ": " + file.name + ": " + file.detail;
        const bool older = file.placement == Placement::rollback || file.placement == Placement::would_shrink;
        if (older) line += "; " + std::string(older_depot);
        answer.add_failure(line);
    };
    for (const FileOutcome& file : outcome.files)
        add(file);
    add(outcome.manifest);
    if (outcome.in_place()) answer.text += "in place at " + outcome.repository + "\n";
    list.push_back(
        {{"repository", outcome.repository}, {"in_place", outcome.in_place()}, {"files", std::move(files)}});
}

/// The files for repositories, with the certificates of their issuers.
struct Consignment {
    std::vector<CrlFile> files = {};
    std::map<std::string, CertificatePtr> issuers = {};
};

/// `last_use`: the bytes may be taken over, which for a list of millions is not small.
Result<Consignment> consign(Depot& depot, std::vector<DistributedCrl>& all, const Crls& chosen,
                            bool last_use) {
    Consignment made;
    for (const DistributedCrl* crl : chosen) {
        CertificatePtr& issuer = made.issuers[crl->authority];
        if (!issuer) {
            auto certificate = depot.certificate(crl->authority);
            if (!certificate) return certificate.error();
            issuer = std::move(*certificate);
        }
        DistributedCrl& own = all[static_cast<std::size_t>(crl - all.data())];
        made.files.push_back(
            {own.name, last_use ? std::move(own.der) : own.der, issuer.get(), own.authority, own.delta_name});
    }
    return made;
}

Result<void> distribute_to(Depot& depot, std::span<const CrlFile> files, const std::string& digest,
                           const std::vector<const RepositorySettings*>& repositories, Answer& answer,
                           json::array& list, const Occasion& occasion) {
    std::vector<std::unique_ptr<Repository>> opened;
    for (const RepositorySettings* settings : repositories) {
        auto repository = open_repository(*settings);
        if (repository) {
            opened.push_back(std::move(*repository));
        } else {  // the others get what is theirs
            answer.add_failure("not in place: " + repository.error().message);
        }
    }

    std::mutex index_mutex;
    const auto may_leave = [&](const CrlFile& ours, Bytes serial, const RevokedSerials::Entry& entry) {
        const std::lock_guard lock(index_mutex);
        const std::string_view octets(reinterpret_cast<const char*>(serial.data()), serial.size());
        const auto may = may_depart(depot.index(), ours.authority, octets, entry, occasion.now);
        return may && *may;
    };
    const auto outcomes = publish(files, opened, may_leave);
    if (!outcomes) return outcomes.error();
    for (const RepositoryOutcome& outcome : *outcomes) {
        report(outcome, answer, list);
        if (!outcome.in_place()) continue;
        const auto noted = depot.index().note_distribution(outcome.repository, digest, occasion);
        if (!noted) return noted.error();
    }
    return {};
}

bool is_taken(std::span<const PublicationPlace> places, const std::string& authority) {
    return std::ranges::any_of(places, [&](const PublicationPlace& place) {
        const auto& taken = place.authorities;
        return taken.empty() || std::ranges::find(taken, authority) != taken.end();
    });
}

/// A gateway refuses whom no CRL speaks about, or knows an old one for good: nobody would see it here.
Result<void> tell_without_place(Depot& depot, std::span<const PublicationPlace> places, const NewCrls& fresh,
                                Answer& answer) {
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        if (!fresh.authorities.contains(authority.name) || is_taken(places, authority.name)) continue;
        const std::string line = authority.name +
                                 ": no place of publication takes its CRL; see "
                                 "publish.authorities in depot.yaml";
        const bool is_about_clients =
            authority.role == AuthorityRole::devices || authority.role == AuthorityRole::operators;
        if (is_about_clients || fresh.have_changed) {
            answer.add_failure(line);
        } else {
            answer.notes += "note: " + line + "\n";
        }
    }
    return {};
}

Result<std::string> issuer_name(Depot& depot, const std::string& authority) {
    const auto certificate = depot.certificate(authority);
    if (!certificate) return certificate.error();
    return name_text(*X509_get_subject_name(certificate->get()));
}

}  // namespace

NewCrls new_crls(std::span<const PublishedCrl> crls, bool have_changed) {
    NewCrls fresh{{}, have_changed};
    for (const PublishedCrl& crl : crls)
        fresh.authorities.insert(crl.plan.scope.authority);
    return fresh;
}

Result<void> distribute_all(Depot& depot, std::span<const PublicationPlace> places, Answer& answer,
                            const Occasion& occasion) {
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    NewCrls all;
    for (const AuthorityRecord& authority : *authorities)
        all.authorities.insert(authority.name);
    return distribute(depot, places, all, answer, occasion);
}

Result<void> distribute(Depot& depot, std::span<const PublicationPlace> places, const NewCrls& fresh,
                        Answer& answer, const Occasion& occasion) {
    if (places.empty()) return {};
    if (const auto told = tell_without_place(depot, places, fresh, answer); !told) return told;
    auto crls = distributed_crls(depot);
    if (!crls) return crls.error();
    std::map<std::vector<std::string>, std::vector<const RepositorySettings*>> groups;
    for (const PublicationPlace& place : places)
        groups[place.authorities].push_back(&place.repository);
    json::array list;
    for (const auto& [authorities, repositories] : groups) {
        const Crls chosen = crls_of(*crls, authorities);
        const auto digest = digest_of(chosen);
        if (!digest) return digest.error();
        const auto consignment = consign(depot, *crls, chosen, groups.size() == 1);
        if (!consignment) return consignment.error();
        const auto done =
            distribute_to(depot, consignment->files, *digest, repositories, answer, list, occasion);
        if (!done) return done;
    }
    answer.json["repositories"] = std::move(list);
    return {};
}

Result<std::vector<std::string>> misplaced(Depot& depot) {
    std::vector<std::string> lines;
    const auto& places = depot.configuration().publication.places;
    if (places.empty()) return lines;
    auto crls = distributed_crls(depot);
    if (!crls) return crls.error();
    for (const PublicationPlace& place : places) {
        auto repository = open_repository(place.repository);
        if (!repository) {
            lines.push_back(repository.error().message);
            continue;
        }
        const auto consignment = consign(depot, *crls, crls_of(*crls, place.authorities), false);
        if (!consignment) return consignment.error();
        const auto outcomes = inspect(consignment->files, {&*repository, 1});
        if (!outcomes) return outcomes.error();
        const RepositoryOutcome& outcome = outcomes->front();
        std::vector<FileOutcome> files = outcome.files;
        files.push_back(outcome.manifest);
        for (const FileOutcome& file : files) {
            if (file.in_place()) continue;
            const bool says_where = file.detail.find(outcome.repository) != std::string::npos;
            lines.push_back((says_where ? "" : outcome.repository + ": " + file.name + ": ") + file.detail);
        }
    }
    return lines;
}

Result<bool> is_distribution_open(Depot& depot) {
    const auto& places = depot.configuration().publication.places;
    if (places.empty()) return false;
    const auto crls = distributed_crls(depot);
    if (!crls) return crls.error();
    for (const PublicationPlace& place : places) {
        const auto digest = digest_of(crls_of(*crls, place.authorities));
        if (!digest) return digest.error();
        const auto repository = open_repository(place.repository);
        if (!repository) return repository.error();
        const auto there = depot.index().distributed((*repository)->describe());
        if (!there) return there.error();
        if (*there != *digest) return true;
    }
    return false;
}

Result<GatewayWait> GatewayWait::begin(Depot& depot) {
    const auto& gateways = depot.configuration().publication.gateways;
    if (gateways.empty()) {
        return Error{Fault::input, "--wait: no gateway is configured; list them in " +
                                       depot.paths().configuration().string() + " under 'gateways'"};
    }
    std::vector<GatewaySettings> usable;
    std::vector<std::string> unusable;
    for (const GatewaySettings& gateway : gateways) {
        const auto peer = Peer::open(gateway.admin);
        if (peer) usable.push_back(gateway);
        if (!peer) unusable.push_back("gateway " + gateway.name + ": " + peer.error().message);
    }
    auto watch = GatewayWatch::begin(usable);
    if (!watch) return watch.error();
    GatewayWait wait(std::move(*watch));
    wait.unusable_ = std::move(unusable);
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        if (const auto asked = wait.ask_before(depot, authority); !asked) return asked.error();
    }
    return wait;
}

Result<void> GatewayWait::ask_before(Depot& depot, const AuthorityRecord& authority) {
    // No gateway asks for CRLs about servers. Those of a root matter only where the whole chain is checked.
    if (authority.role == AuthorityRole::servers) return {};
    if (authority.role != AuthorityRole::root) concerned_.insert(authority.name);
    if (authority.partitions > 1) return {};  // the guard of the repositories sees those
    const auto name = issuer_name(depot, authority.name);
    if (!name) return name.error();
    const WantedCrl never{*name, std::to_string(authority.crl_number + 1)};
    for (const GatewayAnswer& answer :
         watch_.wait_for(never, std::chrono::milliseconds{0}, [](const auto&) {})) {
        if (!answer.number.empty()) concerned_.insert(authority.name);
        if (answer.kind != GatewayAnswer::Kind::enforced) continue;
        ahead_.emplace(answer.gateway, "gateway " + answer.gateway + " enforces number " + answer.number +
                                           " of " + authority.name + ", and this depot's last one was " +
                                           std::to_string(authority.crl_number) + ": " +
                                           std::string(older_depot));
    }
    return {};
}

Result<void> GatewayWait::finish(Depot& depot, std::span<const PublishedCrl> crls,
                                 std::chrono::seconds patience, Answer& answer, std::ostream& err) {
    for (const std::string& line : unusable_)
        answer.add_failure("not in force: " + line);
    for (const auto& [gateway, line] : ahead_)
        answer.add_failure("not in force: " + line);
    const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
    // The operator counts from the command, not from when we began to ask.
    const auto before_wait =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
    json::array list;
    std::set<std::pair<std::string, unsigned>> asked;
    for (const PublishedCrl& crl : crls) {
        if (!concerned_.contains(crl.plan.scope.authority)) continue;
        // A complete CRL and its delta of one number are one state of the list.
        if (!asked.insert({crl.plan.scope.authority, crl.plan.scope.partition}).second) continue;
        const auto name = issuer_name(depot, crl.plan.scope.authority);
        if (!name) return name.error();
        const auto plan = depot.plan(crl.plan.scope.authority);
        if (!plan) return plan.error();
        WantedCrl wanted{*name, std::to_string(crl.plan.number)};
        if (plan->crl.partitions > 1) {
            wanted.partition = plan->crl.url + "/" +
                               crl_name(crl.plan.scope, plan->crl.partitions, CrlForm::complete) + ".crl";
        }
        const auto answers = watch_.wait_for(wanted, patience, [&](const GatewayAnswer& gateway) {
            if (on_terminal) err << describe(gateway, wanted) << '\n';
        });
        for (GatewayAnswer gateway : answers) {
            gateway.after += before_wait;
            const std::string line = describe(gateway, wanted);
            const bool is_ahead = ahead_.contains(gateway.gateway);  // of this list or another: told already
            const bool in_force = gateway.kind == GatewayAnswer::Kind::enforced && !is_ahead;
            if (in_force) answer.text += line + "\n";
            if (!in_force && !is_ahead) answer.add_failure("not in force: " + line);
            list.push_back({{"gateway", gateway.gateway},
                            {"authority", crl.plan.scope.authority},
                            {"number", crl.plan.number},
                            {"in_force", in_force},
                            {"milliseconds", gateway.after.count()},
                            {"reason", gateway.reason}});
        }
    }
    answer.json["gateways"] = std::move(list);
    return {};
}

}  // namespace sallyport::pki
