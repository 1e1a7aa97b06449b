#include "pki/revocation_index.h"

#include "pki/certificate.h"

#include <algorithm>
#include <cstring>

#include <openssl/sha.h>

namespace sallyport::pki {
namespace {

/// Clocks of a CA and of a gateway differ; a CRL from a CA that is a little ahead must not lock out a fleet.
constexpr std::chrono::minutes clock_tolerance{5};

std::string as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Orders CRL numbers (RFC 5280 5.2.3: non-negative, up to 20 octets); none is below any.
int compare_numbers(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    return std::memcmp(a.data(), b.data(), a.size());
}

/// Of two CRLs of one scope: the higher number, then the later thisUpdate (RFC 5280 5.2.3).
bool is_newer(std::string_view number, std::chrono::sys_seconds this_update, std::string_view than_number,
              std::chrono::sys_seconds than_update) noexcept {
    const int order = compare_numbers(number, than_number);
    return order > 0 || (order == 0 && this_update > than_update);
}

}  // namespace

IssuerId issuer_id(const X509& authority) {
    IssuerId id{};
    unsigned char* encoded = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&authority), &encoded);
    const BufferPtr owned(encoded);
    if (size <= 0) return id;  // no key: matches no CRL, so nobody is let in by it
    SHA256(encoded, static_cast<std::size_t>(size), id.data());
    // The hash of the canonical form (RFC 5280 7.1): equal names may be encoded differently.
    const unsigned long name =
        X509_NAME_hash_ex(X509_get_subject_name(&authority), nullptr, nullptr, nullptr);
    for (std::size_t i = 0; i < 4; ++i)
        id[SHA256_DIGEST_LENGTH + i] = static_cast<std::uint8_t>(name >> (8 * i));
    return id;
}

std::string_view to_string(CrlState state) noexcept {
    switch (state) {
        case CrlState::not_yet:
            return "not_yet";
        case CrlState::fresh:
            return "fresh";
        case CrlState::due:
            return "due";
        case CrlState::grace:
            return "grace";
        case CrlState::closed:
            return "closed";
    }
    return "?";
}

bool is_enforced(CrlState state) noexcept {
    return state == CrlState::fresh || state == CrlState::due || state == CrlState::grace;
}

CrlState RevocationIndex::state(const CrlFacts& crl, std::chrono::sys_seconds now) const noexcept {
    if (now + clock_tolerance < crl.this_update) return CrlState::not_yet;
    if (now > crl.next_update) {
        return now <= crl.next_update + ladder_.grace ? CrlState::grace : CrlState::closed;
    }
    const auto due_at = crl.this_update + (crl.next_update - crl.this_update) * ladder_.due_percent / 100;
    return now < due_at ? CrlState::fresh : CrlState::due;
}

RevocationAnswer RevocationIndex::ask(const IssuerId& issuer, Bytes serial, Subject subject,
                                      std::chrono::sys_seconds now) const noexcept {
    using Status = RevocationAnswer::Status;
    const CrlScope other = subject == Subject::user ? CrlScope::authorities_only : CrlScope::users_only;
    RevocationAnswer answer{Status::crl_missing};
    for (const auto& section : sections_) {
        if (section->facts.issuer != issuer || section->facts.scope == other) continue;
        if (const auto entry = section->serials.find(serial)) {
            return {Status::revoked, entry->reason, entry->revoked_at, &section->facts};
        }
        const CrlState age = state(section->facts, now);
        if (is_enforced(age)) {
            answer = {Status::good, CrlReason::none, {}, &section->facts};
        } else if (answer.status == Status::crl_missing && age == CrlState::closed) {
            answer = {Status::crl_expired, CrlReason::none, {}, &section->facts};
        }
    }
    return answer;
}

std::vector<const CrlFacts*> RevocationIndex::crls() const {
    std::vector<const CrlFacts*> facts;
    for (const auto& section : sections_)
        facts.push_back(&section->facts);
    return facts;
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

CrlResult<RevocationIndexBuilder::Added> RevocationIndexBuilder::add(std::string_view origin, Bytes der) {
    const auto view = parse_crl(der);
    if (!view) return view.error();
    const auto signer = signer_of(*view);
    if (!signer) return signer.error();

    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(der.data(), der.size(), digest);
    const std::string sha256 = hex(digest);
    const IssuerId issuer = issuer_id(**signer);
    if (const auto old = previous_section(issuer, view->scope)) {
        if (old->facts.sha256 == sha256) {
            keep(old);
            return Added{CrlLoad::unchanged};
        }
        if (is_newer(old->number_octets, old->facts.this_update, as_text(view->number), view->this_update)) {
            older_.push_back({std::string(origin), old});
            return Added{CrlLoad::unchanged};
        }
    }

    auto section = std::make_shared<Section>();
    CrlEntries entries(*view);
    for (;;) {
        const auto entry = entries.next();
        if (!entry) return entry.error();
        if (!*entry) break;
        section->serials.add(**entry);
    }
    section->serials.seal();
    section->number_octets = as_text(view->number);
    section->facts = {issuer,
                      name_text(*X509_get_subject_name(*signer)),
                      std::string(origin),
                      view->number.empty() ? "" : decimal(view->number),
                      sha256,
                      view->this_update,
                      view->next_update,
                      view->scope,
                      section->serials.size()};
    keep(std::move(section));
    return Added{CrlLoad::loaded};
}

CrlResult<void> RevocationIndexBuilder::check_shrink(const Section& old, const Section& fresh) const {
    if (guard_.accepted.contains(fresh.facts.sha256)) return {};
    // A hold may be released (RFC 5280 5.3.1), and what has expired may leave the list (5.1.2.6).
    const auto forgotten_before = fresh.facts.this_update - guard_.longest_lifetime;
    const std::size_t dropped =
        old.serials.count_dropped(fresh.serials, [&](const RevokedSerials::Entry& entry) {
            return entry.reason == CrlReason::certificate_hold || entry.revoked_at < forgotten_before;
        });
    if (dropped == 0) return {};
    return CrlError{CrlLoad::shrink,
                    "number " + fresh.facts.number + " would un-revoke " + std::to_string(dropped) +
                        " certificate(s) that number " + old.facts.number +
                        " revokes; if that is meant, run sallyport-gateway accept-crl (SHA-256 " +
                        fresh.facts.sha256 + ")"};
}

void RevocationIndexBuilder::keep(std::shared_ptr<const Section> section) {
    const auto same_list = [&](const auto& other) {
        return other->facts.issuer == section->facts.issuer && other->facts.scope == section->facts.scope;
    };
    const auto found = std::ranges::find_if(index_.sections_, same_list);
    if (found == index_.sections_.end()) {
        index_.sections_.push_back(std::move(section));
        return;
    }
    if (is_newer(section->number_octets, section->facts.this_update, (*found)->number_octets,
                 (*found)->facts.this_update)) {
        *found = std::move(section);
    }
}

std::shared_ptr<const RevocationIndex::Section> RevocationIndexBuilder::previous_section(
    const IssuerId& issuer, CrlScope scope) const {
    if (previous_ == nullptr) return nullptr;
    for (const auto& section : previous_->sections_) {
        if (section->facts.issuer == issuer && section->facts.scope == scope) return section;
    }
    return nullptr;
}

RevocationIndexBuilder::Finished RevocationIndexBuilder::finish() {
    Finished finished;
    const auto same_list_as = [](const CrlFacts& facts) {
        return [&facts](const auto& section) {
            return section->facts.issuer == facts.issuer && section->facts.scope == facts.scope;
        };
    };
    for (auto& section : index_.sections_) {
        const auto old = previous_section(section->facts.issuer, section->facts.scope);
        if (!old || old == section) continue;
        if (auto checked = check_shrink(*old, *section); !checked) {
            finished.refused.push_back({section->facts.origin, checked.error()});
            section = old;
        }
    }
    for (const Older& older : older_) {
        if (std::ranges::any_of(index_.sections_, same_list_as(older.in_force->facts))) continue;
        finished.refused.push_back(
            {older.origin, CrlError{CrlLoad::rollback, "older than the CRL in force (number " +
                                                           older.in_force->facts.number +
                                                           "); an older list could un-revoke devices"}});
    }
    if (previous_ != nullptr) {
        for (const auto& old : previous_->sections_) {
            const auto of_old = [&](const X509* authority) {
                return issuer_id(*authority) == old->facts.issuer;
            };
            if (std::ranges::none_of(index_.sections_, same_list_as(old->facts)) &&
                std::ranges::any_of(authorities_, of_old)) {
                index_.sections_.push_back(old);
            }
        }
    }
    finished.index = std::move(index_);
    return finished;
}

}  // namespace sallyport::pki
