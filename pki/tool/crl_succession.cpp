#include "pki/tool/crl_succession.h"

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/tool/crl_departure.h"

namespace sallyport::pki {
namespace {

constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;
/// Enough for an operator to see how bad it is; each of them is looked up in the index.
constexpr std::uint64_t most_missing = 1000;

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void CrlSuccession::Predecessor::advance() {
    do {
        const auto more = entries.next(next);
        ended = !more || !*more;
    } while (!ended && next.reason == CrlReason::remove_from_crl);
}

void CrlSuccession::after(const std::filesystem::path& file, const X509& issuer) {
    auto text = read_file(file, max_crl_bytes);
    if (!text) return;
    auto crls = split_crl_file(std::move(*text));
    if (!crls || crls->size() != 1) return;
    // On the heap first: a view points into the bytes, and a short text moves with its object.
    auto before = std::make_unique<Predecessor>(file.string(), std::move(crls->front()), CrlView{});
    const auto view =
        parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(before->der.data()), before->der.size()));
    if (!view || !verify_crl(*view, issuer)) return;
    if (plan_.base && view->delta && decimal(view->base_number) != std::to_string(*plan_.base)) return;
    before->entries = CrlEntries(*view);
    before->advance();
    before_.push_back(std::move(before));
}

Result<void> CrlSuccession::note_missing(Predecessor& before) {
    if (before.missing == most_missing) return {};
    const std::string_view serial = text_of(before.next.serial);
    // A list that was not made from this index may stand in another order.
    const auto known = index_.find_revocation(plan_.scope, serial);
    if (!known) return known.error();
    if (*known) return {};
    const auto may = may_depart(index_, plan_.scope.authority, serial,
                                {before.next.reason, before.next.revoked_at}, plan_.this_update);
    if (!may) return may.error();
    if (*may) return {};
    if (before.missing++ == 0) before.example = hex(serial);
    return {};
}

Result<void> CrlSuccession::listed(std::string_view serial) {
    for (const auto& before : before_) {
        while (!before->ended && text_of(before->next.serial) <= serial) {
            if (text_of(before->next.serial) != serial) {
                if (const auto noted = note_missing(*before); !noted) return noted;
            }
            before->advance();
        }
    }
    return {};
}

Result<void> CrlSuccession::finish() {
    for (const auto& before : before_) {
        for (; !before->ended; before->advance()) {
            if (const auto noted = note_missing(*before); !noted) return noted;
        }
        if (before->missing == 0) continue;
        const bool many = before->missing == most_missing;
        return Error{Fault::runtime,
                     plan_.scope.authority + ": the new CRL would not list " + (many ? "at least " : "") +
                         std::to_string(before->missing) + " unexpired certificate(s) that " + before->path +
                         " revokes, e.g. " + before->example +
                         ": the index has lost them, and nothing was put in the place of that file. Look at "
                         "sallyport-pki doctor; restore a backup, or take them over with: sallyport-pki crl "
                         "adopt " +
                         before->path + " --ca " + plan_.scope.authority};
    }
    before_.clear();
    return {};
}

}  // namespace sallyport::pki
