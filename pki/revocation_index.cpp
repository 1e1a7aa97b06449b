#include "pki/revocation_index.h"

#include <algorithm>
#include <map>

namespace sallyport::pki {
namespace {

using Status = RevocationAnswer::Status;

/// The rungs from best to worst.
int severity(CrlState state) noexcept {
    switch (state) {
        case CrlState::fresh:
            return 0;
        case CrlState::due:
            return 1;
        case CrlState::grace:
            return 2;
        case CrlState::not_yet:
            return 3;
        case CrlState::closed:
            return 4;
    }
    return 4;
}

std::string_view higher_number(std::string_view a, std::string_view b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b) ? b : a;  // decimal without leading zeros
}

}  // namespace

std::string_view to_string(Status status) noexcept {
    switch (status) {
        case Status::good:
            return "good";
        case Status::revoked:
            return "revoked";
        case Status::crl_missing:
            return "crl_missing";
        case Status::crl_expired:
            return "crl_expired";
        case Status::crl_scope:
            return "crl_scope";
    }
    return "?";
}

RevocationAnswer RevocationIndex::ask(const IssuerId& issuer, Bytes serial, std::span<const PointId> points,
                                      Subject subject, std::chrono::sys_seconds now) const noexcept {
    const CrlScope other = subject == Subject::user ? CrlScope::authorities_only : CrlScope::users_only;
    RevocationAnswer answer{Status::crl_missing};
    for (const RevocationList& list : lists_) {
        const CrlFacts& facts = list.newest();
        if (facts.issuer != issuer || facts.scope == other) continue;
        if (const auto found = list.find(serial)) {
            return {Status::revoked,      found->reason, found->revoked_at,
                    found->invalid_since, found->crl,    &list};
        }
        if (answer.status == Status::good) continue;
        if (!facts.points.empty() && !share_a_point(points, facts.points)) {
            if (answer.status == Status::crl_missing) answer = {Status::crl_scope};
            continue;
        }
        const CrlState age = state(list, now);
        if (is_enforced(age)) {
            answer = {Status::good};
        } else if (age == CrlState::closed) {
            answer = {Status::crl_expired};
        } else {
            continue;
        }
        answer.crl = &facts;
        answer.list = &list;
    }
    return answer;
}

std::chrono::sys_seconds RevocationIndex::enforced_until(const RevocationList& list) const noexcept {
    return list.next_update() + ladder_.grace;
}

std::vector<const CrlFacts*> RevocationIndex::crls() const {
    std::vector<const CrlFacts*> facts;
    for (const RevocationList& list : lists_) {
        facts.push_back(&list.complete()->facts);
        if (list.delta()) facts.push_back(&list.delta()->facts);
    }
    return facts;
}

std::vector<IssuerStatus> RevocationIndex::issuers(std::chrono::sys_seconds now) const {
    std::map<std::string, IssuerStatus> by_name;
    for (const RevocationList& list : lists_) {
        const CrlFacts& newest = list.newest();
        const auto next_update = list.next_update();
        const auto [at, is_new] = by_name.try_emplace(
            newest.issuer_name,
            IssuerStatus{
                newest.issuer_name, newest.number, 0, newest.this_update, next_update, state(list, now), {}});
        IssuerStatus& status = at->second;
        status.number = higher_number(status.number, newest.number);
        status.entries += list.size();
        status.this_update = std::min(status.this_update, newest.this_update);
        status.next_update = std::min(status.next_update, next_update);
        if (severity(state(list, now)) > severity(status.state)) status.state = state(list, now);
        status.sha256.push_back(list.complete()->facts.sha256);
        if (list.delta()) status.sha256.push_back(list.delta()->facts.sha256);
    }
    std::vector<IssuerStatus> all;
    for (auto& [name, status] : by_name)
        all.push_back(std::move(status));
    return all;
}

}  // namespace sallyport::pki
