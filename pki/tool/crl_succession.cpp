#include "pki/tool/crl_succession.h"

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/tool/crl_departure.h"

namespace sallyport::pki {
namespace {

constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;

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

std::unique_ptr<CrlSuccession::Predecessor> CrlSuccession::read(const std::filesystem::path& file,
                                                                const X509& issuer,
                                                                std::string& number) const {
    auto text = read_file(file, max_crl_bytes);
    if (!text) return nullptr;
    auto crls = split_crl_file(std::move(*text));
    if (!crls || crls->size() != 1) return nullptr;
    // On the heap first: a view points into the bytes, and a short text moves with its object.
    auto before = std::make_unique<Predecessor>(file.string(), std::move(crls->front()), CrlView{});
    const auto view =
        parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(before->der.data()), before->der.size()));
    if (!view || !verify_crl(*view, issuer)) return nullptr;
    number = decimal(view->number);
    before->entries = CrlEntries(*view);
    before->advance();
    return before;
}

Result<void> CrlSuccession::after(const std::filesystem::path& file, const X509& issuer) {
    std::error_code code;
    const auto status = std::filesystem::symlink_status(file, code);
    if (status.type() == std::filesystem::file_type::not_found) return {};
    std::string number;
    auto before = read(file, issuer, number);
    if (!before) return check_index(file);
    const std::string last = std::to_string(authority_.crl_number);
    if (number.size() > last.size() || (number.size() == last.size() && number > last)) {
        return Error{Fault::runtime,
                     file.string() + " has number " + number + ", and the index knows of none after " + last +
                         ": the index is older than its lists. Take over what it lacks with: "
                         "sallyport-pki crl adopt --ca " +
                         authority_.name + " FILE..., with all lists of this authority in that folder"};
    }
    before_.push_back(std::move(before));
    return {};
}

Result<void> CrlSuccession::check_index(const std::filesystem::path& unreadable) {
    index_was_checked_ = true;
    const auto lost = index_.lost_revocations(authority_);
    if (!lost) return lost.error();
    if (lost->empty()) return {};
    return Error{
        Fault::runtime,
        unreadable.string() +
            " is not the list that belongs there, and by its audit log the index has lost " +
            std::to_string(lost->size()) + " revocation(s), e.g. " + hex(lost->front()) +
            ". Take them over from a gateway or a place with: sallyport-pki crl adopt FILE... --ca " +
            authority_.name + ", or restore a backup"};
}

Result<void> CrlSuccession::note_missing(const Predecessor& before) {
    const std::string_view serial = text_of(before.next.serial);
    // Somebody may have put the list of another partition there.
    if (partition_of(serial, authority_.partitions) != plan_.scope.partition)
        return index_was_checked_ ? Result<void>() : check_index(before.path);
    // A list that was not made from this index may stand in another order.
    const auto known = index_.find_revocation(plan_.scope, serial);
    if (!known) return known.error();
    if (*known) return {};
    const RevokedSerials::Entry entry{before.next.reason, before.next.revoked_at};
    const auto may = may_depart(index_, authority_.name, serial, entry, plan_.this_update);
    if (!may) return may.error();
    if (*may) return {};
    if (lost_.empty()) lost_from_ = before.path;
    lost_.push_back({std::string(serial), revocation_of(before.next)});
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
    }
    before_.clear();
    return {};
}

std::string CrlSuccession::describe_lost() const {
    return authority_.name + ": the index had lost " + std::to_string(lost_.size()) +
           " revocation(s), e.g. " + hex(lost_.front().serial) + "; they were taken over from " + lost_from_ +
           ", which has them. Look at sallyport-pki doctor";
}

}  // namespace sallyport::pki
