#include "pki/revocation_list.h"

#include <algorithm>
#include <cstring>

#include <openssl/sha.h>

namespace sallyport::pki {
namespace {

using Entry = RevokedSerials::Entry;

bool is_removal(const Entry& entry) noexcept {
    return entry.reason == CrlReason::remove_from_crl;
}

/// What adding `delta` does to the number of revoked certificates.
std::size_t size_with(const LoadedCrl& complete, const LoadedCrl& delta) {
    std::size_t size = complete.serials.size();
    delta.serials.for_each([&](Bytes serial, const Entry& entry) {
        const bool listed = complete.serials.find(serial).has_value();
        if (is_removal(entry) && listed) --size;
        if (!is_removal(entry) && !listed) ++size;
    });
    return size;
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

int compare_numbers(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    return std::memcmp(a.data(), b.data(), a.size());
}

RevocationList::RevocationList(std::shared_ptr<const LoadedCrl> complete,
                               std::shared_ptr<const LoadedCrl> delta)
    : complete_(std::move(complete)),
      delta_(std::move(delta)),
      size_(delta_ ? size_with(*complete_, *delta_) : complete_->serials.size()) {}

bool RevocationList::fits(const LoadedCrl& complete, const LoadedCrl& delta) noexcept {
    return complete.facts.same_list_as(delta.facts) && !complete.number_octets.empty() &&
           compare_numbers(complete.number_octets, delta.base_octets) >= 0 &&
           compare_numbers(complete.number_octets, delta.number_octets) < 0;
}

std::optional<Entry> RevocationList::entry(Bytes serial) const noexcept {
    if (delta_) {
        if (const auto changed = delta_->serials.find(serial))
            return is_removal(*changed) ? std::nullopt : changed;
    }
    return complete_->serials.find(serial);
}

std::optional<RevocationList::Found> RevocationList::find(Bytes serial) const noexcept {
    const LoadedCrl* lists_it = complete_.get();
    std::optional<Entry> entry;
    if (delta_) {
        entry = delta_->serials.find(serial);
        if (entry && is_removal(*entry)) return std::nullopt;
        if (entry) lists_it = delta_.get();
    }
    if (!entry) entry = complete_->serials.find(serial);
    if (!entry) return std::nullopt;
    Found found{entry->reason, entry->revoked_at, std::nullopt, &lists_it->facts};
    if (const auto since = lists_it->invalid_since.find(serial)) found.invalid_since = since->revoked_at;
    return found;
}

std::chrono::sys_seconds RevocationList::next_update() const noexcept {
    const auto complete = complete_->facts.next_update;
    return delta_ ? std::max(complete, delta_->facts.next_update) : complete;
}

CrlState RevocationList::state(const CrlLadder& ladder, std::chrono::sys_seconds now) const noexcept {
    const CrlLifetime complete = complete_->facts.lifetime();
    return delta_ ? state_of(complete, delta_->facts.lifetime(), ladder, now)
                  : state_of(complete, ladder, now);
}

RevocationList::Dropped RevocationList::dropped_by(const RevocationList& newer,
                                                   const std::function<bool(const Entry&)>& may_go) const {
    Dropped dropped;
    const auto weigh = [&](Bytes serial, const Entry& old) {
        if (newer.entry(serial) || may_go(old)) return;
        const bool removed = newer.delta_ && newer.delta_->serials.find(serial);
        ++(removed || complete_ == newer.complete_ ? dropped.by_delta : dropped.by_complete);
    };
    if (complete_ != newer.complete_) {
        complete_->serials.for_each_missing_in(newer.complete_->serials, [&](Bytes serial, const Entry& old) {
            const bool weighed_below = delta_ && delta_->serials.find(serial);
            if (!weighed_below) weigh(serial, old);
        });
    }
    if (delta_ && delta_ != newer.delta_) {
        delta_->serials.for_each([&](Bytes serial, const Entry& old) {
            if (!is_removal(old)) weigh(serial, old);
        });
    }
    if (newer.delta_ && newer.delta_ != delta_) {
        newer.delta_->serials.for_each([&](Bytes serial, const Entry& fresh) {
            const auto old = complete_->serials.find(serial);
            const bool weighed_above = delta_ && delta_->serials.find(serial);
            const bool missing = !newer.complete_->serials.find(serial);
            if (is_removal(fresh) && old && !weighed_above && !missing) weigh(serial, *old);
        });
    }
    return dropped;
}

}  // namespace sallyport::pki
