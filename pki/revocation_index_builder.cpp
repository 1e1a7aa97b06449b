#include "pki/revocation_index_builder.h"

#include "pki/certificate.h"

#include <algorithm>

#include <openssl/sha.h>

namespace sallyport::pki {
namespace {

std::string as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Of two CRLs of one scope: the higher number, then the later thisUpdate (RFC 5280 5.2.3).
bool is_newer(const LoadedCrl& crl, const LoadedCrl& than) noexcept {
    const int order = compare_numbers(crl.number_octets, than.number_octets);
    return order > 0 || (order == 0 && crl.facts.this_update > than.facts.this_update);
}

/// All but the entries.
std::shared_ptr<LoadedCrl> load_frame(std::string_view origin, Bytes der, const CrlView& view,
                                      const X509& signer) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(der.data(), der.size(), digest);
    auto crl = std::make_shared<LoadedCrl>();
    crl->number_octets = as_text(view.number);
    crl->base_octets = as_text(view.base_number);
    crl->facts = {issuer_id(signer),
                  name_text(*X509_get_subject_name(&signer)),
                  std::string(origin),
                  view.number.empty() ? "" : decimal(view.number),
                  hex(digest),
                  view.this_update,
                  view.next_update,
                  view.scope,
                  point_ids(view.point_names),
                  view.point_names.empty() ? "" : point_text(view.point_names),
                  view.delta ? decimal(view.base_number) : "",
                  0};
    return crl;
}

CrlResult<void> load_entries(LoadedCrl& crl, const CrlView& view) {
    crl.serials.reserve(serial_lengths(view));
    CrlEntries entries(view);
    for (CrlEntry entry{};;) {  // one for all: there may be millions
        const auto read = entries.next(entry);
        if (!read) return read.error();
        if (!*read) break;
        crl.serials.add(entry);
        if (entry.invalid_since) crl.invalid_since.add({entry.serial, entry.reason, *entry.invalid_since});
    }
    crl.serials.seal();
    crl.invalid_since.seal();
    crl.facts.entries = crl.serials.size();
    return {};
}

bool is_known_by(const std::vector<X509*>& authorities, const IssuerId& issuer) {
    return std::ranges::any_of(authorities,
                               [&](const X509* authority) { return issuer_id(*authority) == issuer; });
}

}  // namespace

RevocationIndexBuilder::RevocationIndexBuilder(std::vector<X509*> authorities, CrlLadder ladder,
                                               const RevocationIndex* previous, ShrinkGuard guard)
    : authorities_(std::move(authorities)), ladder_(ladder), guard_(std::move(guard)) {
    if (previous == nullptr) return;
    for (const auto* lists : {&previous->lists_, &previous->dormant_}) {
        for (const RevocationList& list : *lists) {
            if (is_known_by(authorities_, list.newest().issuer)) {
                candidates_of(list.complete()->facts).in_force = &list;
            } else {
                dormant_.push_back(list);
            }
        }
    }
}

RevocationIndexBuilder::Candidates& RevocationIndexBuilder::candidates_of(const CrlFacts& facts) {
    const auto found =
        std::ranges::find_if(lists_, [&](const auto& list) { return list.first.same_list_as(facts); });
    if (found != lists_.end()) return found->second;
    return lists_.emplace_back(facts, Candidates{}).second;
}

CrlResult<const X509*> RevocationIndexBuilder::signer_of(const CrlView& view) const {
    CrlError refusal{
        CrlLoad::bad_signature,
        "no certificate of its issuer is known; add it to devices.trust or devices.intermediates"};
    for (const X509* authority : authorities_) {  // several may carry one name: old and new key
        const auto verified = verify_crl(view, *authority);
        if (verified) return authority;
        const unsigned char* cursor = view.issuer.data();
        const NamePtr name(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(view.issuer.size())));
        if (name && X509_NAME_cmp(name.get(), X509_get_subject_name(authority)) == 0)
            refusal = verified.error();
    }
    return refusal;
}

std::string RevocationIndexBuilder::known_issuer(const CrlView& view) const {
    const unsigned char* cursor = view.issuer.data();
    const NamePtr name(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(view.issuer.size())));
    const auto same = [&](const X509* authority) {
        return name && X509_NAME_cmp(name.get(), X509_get_subject_name(authority)) == 0;
    };
    const auto found = std::ranges::find_if(authorities_, same);
    return found == authorities_.end() ? "" : name_text(*X509_get_subject_name(*found));
}

CrlResult<RevocationIndexBuilder::Added> RevocationIndexBuilder::add(std::string_view origin, Bytes der) {
    const auto view = parse_crl(der);
    if (!view) return view.error();
    auto added = take(origin, der, *view);
    if (added) return added;
    CrlError error = added.error();
    error.issuer = known_issuer(*view);
    return error;
}

CrlResult<RevocationIndexBuilder::Added> RevocationIndexBuilder::take(std::string_view origin, Bytes der,
                                                                      const CrlView& view) {
    const auto signer = signer_of(view);
    if (!signer) return signer.error();
    auto crl = load_frame(origin, der, view, **signer);
    if (!view.point_names.empty() && crl->facts.points.empty()) {
        return CrlError{CrlLoad::parse_error, "malformed CRL: the names of its distribution point"};
    }
    Candidates& list = candidates_of(crl->facts);
    return view.delta ? add_delta(list, std::move(crl), view) : add_complete(list, std::move(crl), view);
}

CrlResult<RevocationIndexBuilder::Added> RevocationIndexBuilder::add_complete(Candidates& list,
                                                                              std::shared_ptr<LoadedCrl> crl,
                                                                              const CrlView& view) {
    const std::string sha256 = crl->facts.sha256;
    const std::string issuer = crl->facts.issuer_name;
    Loaded loaded;
    if (list.in_force != nullptr) {
        const Loaded& old = list.in_force->complete();
        if (old->facts.sha256 == crl->facts.sha256) {
            loaded = old;
        } else if (is_newer(*old, *crl)) {
            list.older.push_back(crl->facts.origin);
            return Added{CrlLoad::unchanged, sha256, issuer};
        } else if (auto checked = check_day(*crl, old->facts); !checked) {
            return checked.error();
        } else if (auto on_time = check_time(*crl); !on_time) {
            return on_time.error();
        }
    }
    const CrlLoad result = loaded ? CrlLoad::unchanged : CrlLoad::loaded;
    if (!loaded) {
        if (auto read = load_entries(*crl, view); !read) return read.error();
        loaded = std::move(crl);
    }
    list.completes.push_back(std::move(loaded));
    return Added{result, sha256, issuer};
}

CrlResult<RevocationIndexBuilder::Added> RevocationIndexBuilder::add_delta(Candidates& list,
                                                                           std::shared_ptr<LoadedCrl> crl,
                                                                           const CrlView& view) {
    const std::string sha256 = crl->facts.sha256;
    const std::string issuer = crl->facts.issuer_name;
    const LoadedCrl* old = list.in_force != nullptr ? list.in_force->delta().get() : nullptr;
    if (old != nullptr && old->facts.sha256 == crl->facts.sha256) {
        list.unchanged_delta_offered = true;
        return Added{CrlLoad::unchanged, sha256, issuer};
    }
    if (old != nullptr && compare_numbers(crl->number_octets, old->number_octets) > 0) {
        if (auto checked = check_day(*crl, old->facts); !checked) return checked.error();
    }
    if (auto on_time = check_time(*crl); !on_time) return on_time.error();
    if (auto read = load_entries(*crl, view); !read) return read.error();
    if (crl->serials.repeats_a_serial()) {
        return CrlError{CrlLoad::parse_error, "a delta CRL says two things about one serial"};
    }
    list.deltas.push_back(std::move(crl));
    return Added{CrlLoad::loaded, sha256, issuer};
}

/// What is not valid yet must not take the place of what is: it would lock out everybody until then.
CrlResult<void> RevocationIndexBuilder::check_time(const LoadedCrl& fresh) const {
    const bool knows_time = guard_.now != std::chrono::sys_seconds::max();
    if (!knows_time || state_of(fresh.facts.lifetime(), ladder_, guard_.now) != CrlState::not_yet) return {};
    return CrlError{
        CrlLoad::scope,
        "number " + fresh.facts.number +
            " is not valid yet: compare the clocks of CA and gateway; it is taken when its time has come"};
}

/// A higher number on an earlier day: somebody's clock or counter is wrong, and the list may be an old one.
CrlResult<void> RevocationIndexBuilder::check_day(const LoadedCrl& fresh, const CrlFacts& in_force) const {
    if (fresh.facts.this_update >= in_force.this_update || guard_.accepted.contains(fresh.facts.sha256))
        return {};
    return CrlError{CrlLoad::rollback,
                    "its thisUpdate lies before that of the CRL in force (number " + in_force.number +
                        "), though its number " + fresh.facts.number +
                        " is higher; if the CA's clock was wrong, run sallyport-gateway accept-crl"};
}

CrlResult<void> RevocationIndexBuilder::check_shrink(const RevocationList& fresh,
                                                     const RevocationList* in_force) const {
    if (in_force == nullptr) return {};
    // A hold may be released (RFC 5280 5.3.1), and what has expired may leave the list (5.1.2.6).
    const auto forgotten_before = std::min(fresh.newest().this_update, guard_.now) - guard_.longest_lifetime;
    const auto dropped = in_force->dropped_by(fresh, [&](const RevokedSerials::Entry& entry) {
        return entry.reason == CrlReason::certificate_hold || entry.revoked_at < forgotten_before;
    });
    // What one CRL was accepted for does not excuse the other.
    const auto excused = [&](const Loaded& crl, const Loaded& old) {
        return crl && crl != old && guard_.accepted.contains(crl->facts.sha256);
    };
    const std::size_t complete = excused(fresh.complete(), in_force->complete()) ? 0 : dropped.by_complete;
    const std::size_t delta = excused(fresh.delta(), in_force->delta()) ? 0 : dropped.by_delta;
    if (complete + delta == 0) return {};
    const CrlFacts& culprit = delta > 0 ? fresh.newest() : fresh.complete()->facts;
    return CrlError{CrlLoad::shrink,
                    "number " + culprit.number + " would un-revoke " + std::to_string(complete + delta) +
                        " certificate(s) that number " + in_force->newest().number +
                        " revokes; if that is meant, run sallyport-gateway accept-crl (SHA-256 " +
                        culprit.sha256 + ")",
                    culprit.issuer_name};
}

/// `complete` with the newest delta that fits it and passes the shrink guard; without one when none is there
/// and `complete` passes by itself. Nothing when neither does.
std::optional<RevocationList> RevocationIndexBuilder::combine(const Candidates& list, const Loaded& complete,
                                                              Finished& finished) const {
    std::vector<Loaded> deltas = list.deltas;
    if (list.in_force != nullptr && list.in_force->delta()) deltas.push_back(list.in_force->delta());
    std::erase_if(deltas, [&](const Loaded& delta) { return !RevocationList::fits(*complete, *delta); });
    std::ranges::sort(deltas, [](const Loaded& a, const Loaded& b) { return is_newer(*a, *b); });
    std::vector<Refused> refused;
    for (const Loaded& delta : deltas) {
        const RevocationList combined(complete, delta);
        const auto checked = check_shrink(combined, list.in_force);
        if (checked) {
            finished.refused.insert(finished.refused.end(), refused.begin(), refused.end());
            return combined;
        }
        refused.push_back({delta->facts.origin, checked.error()});
    }
    const RevocationList alone(complete, nullptr);
    const auto checked = check_shrink(alone, list.in_force);
    if (checked) {
        finished.refused.insert(finished.refused.end(), refused.begin(), refused.end());
        return alone;
    }
    finished.refused.push_back({complete->facts.origin, checked.error()});
    return std::nullopt;
}

void RevocationIndexBuilder::report_older(const Candidates& list, const RevocationList& chosen,
                                          Finished& finished) const {
    const auto rollback = [&](const std::string& origin, const CrlFacts& in_force) {
        finished.refused.push_back(
            {origin, CrlError{CrlLoad::rollback,
                              "older than the CRL in force (number " + in_force.number +
                                  "); an older list could un-revoke devices",
                              in_force.issuer_name}});
    };
    if (list.completes.empty()) {
        for (const std::string& origin : list.older)
            rollback(origin, chosen.complete()->facts);
    }
    for (const Loaded& delta : list.deltas) {
        if (chosen.delta() == delta) continue;
        // What the complete CRL says already, or a newer delta, it need not say again.
        if (compare_numbers(delta->number_octets, chosen.complete()->number_octets) <= 0) continue;
        if (chosen.delta() && is_newer(*chosen.delta(), *delta)) {
            const bool newer_is_offered = list.unchanged_delta_offered || list.in_force == nullptr ||
                                          chosen.delta() != list.in_force->delta();
            if (!newer_is_offered) rollback(delta->facts.origin, chosen.delta()->facts);
            continue;
        }
        if (!RevocationList::fits(*chosen.complete(), *delta)) {
            finished.refused.push_back(
                {delta->facts.origin,
                 CrlError{CrlLoad::scope, "this delta CRL needs the complete CRL number " +
                                              delta->facts.base + " or later; in force is number " +
                                              chosen.complete()->facts.number}});
        }
    }
}

void RevocationIndexBuilder::finish_list(const Candidates& list, Finished& finished) const {
    std::vector<Loaded> completes = list.completes;
    std::ranges::stable_sort(completes, [](const Loaded& a, const Loaded& b) { return is_newer(*a, *b); });
    if (list.in_force != nullptr) completes.push_back(list.in_force->complete());
    std::optional<RevocationList> chosen;
    for (auto at = completes.begin(); !chosen && at != completes.end(); ++at)
        chosen = combine(list, *at, finished);
    if (!chosen && list.in_force != nullptr) chosen = *list.in_force;
    if (list.in_force != nullptr && list.completes.empty() && list.older.empty())
        finished.unoffered.push_back(list.in_force->complete()->facts);
    if (chosen) {
        report_older(list, *chosen, finished);
        finished.index.lists_.push_back(std::move(*chosen));
        return;
    }
    for (const Loaded& delta : list.deltas) {
        finished.refused.push_back(
            {delta->facts.origin, CrlError{CrlLoad::scope,
                                           "a delta CRL without a complete one; publish number " +
                                               delta->facts.base + " or later, too",
                                           delta->facts.issuer_name}});
    }
}

RevocationIndexBuilder::Finished RevocationIndexBuilder::finish() {
    Finished finished;
    finished.index.ladder_ = ladder_;
    finished.index.dormant_ = std::move(dormant_);
    for (const auto& [facts, list] : lists_)
        finish_list(list, finished);
    return finished;
}

}  // namespace sallyport::pki
