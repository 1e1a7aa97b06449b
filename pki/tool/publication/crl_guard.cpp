#include "pki/tool/publication/crl_guard.h"

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/distribution_point.h"
#include "pki/revocation_list.h"
#include "s3/payload_hash.h"

#include <algorithm>
#include <utility>

namespace sallyport::pki {
namespace {

Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string issuer_text(Bytes der) {
    const unsigned char* at = der.data();
    const NamePtr name(d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size())));
    if (name) return name_text(*name);
    take_openssl_errors("");
    return "an issuer whose name cannot be read";
}

bool equal(Bytes a, Bytes b) {
    return std::ranges::equal(a, b);
}

CrlResult<RevokedSerials> read_serials(const CrlView& view) {
    RevokedSerials serials;
    serials.reserve(serial_lengths(view));
    CrlEntries entries(view);
    CrlEntry entry;
    for (;;) {
        const auto more = entries.next(entry);
        if (!more) return more.error();
        if (!*more) break;
        serials.add(entry);
    }
    serials.seal();
    return serials;
}

GuardVerdict replace(std::string why) {
    return {std::nullopt, "what was there has been replaced: " + std::move(why)};
}

/// Why `there` and ours are not two editions of one list; empty when they are.
std::string difference(const CrlView& ours, const CrlView& there) {
    if (!equal(ours.issuer, there.issuer)) return "it is the CRL of " + issuer_text(there.issuer);
    const bool other_key = !ours.authority_key_id.empty() && !there.authority_key_id.empty() &&
                           !equal(ours.authority_key_id, there.authority_key_id);
    if (other_key)
        return "it is the CRL of another authority with the same name, " + issuer_text(there.issuer);
    if (ours.scope != there.scope || !equal(ours.point_names, there.point_names))
        return "it speaks about other certificates of the issuer (distribution point or scope)";
    return "";
}

/// Does the list revoke this certificate, as of now?
bool revokes(const RevokedSerials& list, Bytes serial) {
    const auto entry = list.find(serial);
    return entry && entry->reason != CrlReason::remove_from_crl;
}

/// How many certificates `there` revokes and ours do not, though they have not expired. A delta CRL says only
/// what its base lacks (RFC 5280 5.2.4): what its complete CRL lists, and it does not take back, stays
/// revoked.
std::size_t count_missing(const PreparedCrl& ours, const PreparedCrl* complete, const RevokedSerials& there,
                          const MayLeave& may_leave) {
    std::size_t missing = 0;
    const auto count = [&](Bytes serial, const RevokedSerials::Entry& entry) {
        if (entry.reason == CrlReason::remove_from_crl) return;
        if (!may_leave || !may_leave(*ours.file, serial, entry)) ++missing;
    };
    if (!ours.crl->view.delta) {
        there.for_each_missing_in(ours.serials, count);
        return missing;
    }
    there.for_each([&](Bytes serial, const RevokedSerials::Entry& entry) {
        if (revokes(ours.serials, serial)) return;
        const bool is_taken_back = ours.serials.find(serial).has_value();
        if (complete == nullptr || is_taken_back || !revokes(complete->serials, serial)) count(serial, entry);
    });
    return missing;
}

GuardVerdict shrink(const PreparedCrl& ours, std::size_t missing, const ManifestEntry& there) {
    if (missing == 0) return {};
    return {Placement::would_shrink,
            "left alone: " + there.name + " number " + there.number + ", which is there, revokes " +
                std::to_string(missing) + " certificate(s) that ours, number " + ours.entry.number +
                ", does not; if they are to be let in again, remove the file there first",
            missing, there};
}

}  // namespace

boost::system::result<std::unique_ptr<const ReadCrl>, std::string> read_crl(std::string_view file) {
    auto crls = split_crl_file(std::string(file));
    if (!crls) return crls.error().message;
    if (crls->size() != 1) return std::string("more than one CRL");
    auto crl = std::make_unique<ReadCrl>();
    crl->der = std::move(crls->front());
    const auto view = parse_crl(as_bytes(crl->der));
    if (!view) return view.error().message;
    crl->view = *view;
    if (crl->view.number.empty()) return std::string("a CRL without a number");
    return std::unique_ptr<const ReadCrl>(std::move(crl));
}

ManifestEntry manifest_entry(std::string name, std::string_view file, const ReadCrl& crl) {
    const CrlView& view = crl.view;
    return {.name = std::move(name),
            .issuer = issuer_text(view.issuer),
            .number = decimal(view.number),
            .base_number = view.delta ? decimal(view.base_number) : "",
            .partition = view.point_names.empty() ? "" : point_text(view.point_names),
            .sha256 = s3::sha256_hex(file),
            .size = file.size(),
            .this_update = view.this_update,
            .next_update = view.next_update};
}

Result<PreparedCrl> prepare(const CrlFile& file) {
    auto crl = read_crl(file.bytes);
    if (!crl) return Error{Fault::input, file.name + ": " + crl.error()};
    auto serials = read_serials((*crl)->view);
    if (!serials) return Error{Fault::input, file.name + ": " + serials.error().message};
    if (file.issuer != nullptr) {
        if (const auto verified = verify_crl((*crl)->view, *file.issuer); !verified)
            return Error{Fault::input, file.name + ": " + verified.error().message};
    }
    auto entry = manifest_entry(file.name, file.bytes, **crl);
    return PreparedCrl{&file, std::move(*crl), std::move(*serials), std::move(entry)};
}

const PreparedCrl* complete_of(const PreparedCrl& delta, std::span<const PreparedCrl> all) {
    const auto found = std::ranges::find_if(all, [&](const PreparedCrl& one) {
        return !one.crl->view.delta && difference(delta.crl->view, one.crl->view).empty();
    });
    return found == all.end() ? nullptr : &*found;
}

GuardVerdict judge(const PreparedCrl& ours, const PreparedCrl* complete, std::string_view there,
                   const MayLeave& may_leave) {
    const auto read = read_crl(there);
    if (!read) return replace("it was no CRL (" + read.error() + ")");
    const CrlView& view = (*read)->view;
    const ManifestEntry entry = manifest_entry(ours.file->name, there, **read);
    std::string why = difference(ours.crl->view, view);
    if (why.empty() && ours.crl->view.delta != view.delta)
        why = view.delta ? "it is a delta CRL" : "it is a complete CRL";
    if (!why.empty()) {
        return {Placement::foreign, "left alone: " + why + "; remove it, or publish ours under another name",
                0, entry};
    }
    if (ours.file->issuer != nullptr) {
        const auto verified = verify_crl(view, *ours.file->issuer);
        if (!verified) return replace("it was not signed by its issuer (" + verified.error().message + ")");
    }
    // An equal number with other content is another depot's: a gateway that has seen it takes no second one.
    const int compared = compare_numbers(as_text(view.number), as_text(ours.crl->view.number));
    const bool same = view.tbs.size() == ours.crl->view.tbs.size() && equal(view.tbs, ours.crl->view.tbs);
    if (compared > 0 || (compared == 0 && !same)) {
        return {Placement::rollback,
                "left alone: number " + entry.number + " is there, ours is number " + ours.entry.number +
                    "; is this depot a copy of an older day?",
                0, entry};
    }
    const auto serials = read_serials(view);
    if (!serials) return replace("it was damaged (" + serials.error().message + ")");
    return shrink(ours, count_missing(ours, complete, *serials, may_leave), entry);
}

GuardVerdict judge_beside(const PreparedCrl& complete, std::string_view delta_there,
                          const MayLeave& may_leave) {
    const auto read = read_crl(delta_there);
    if (!read || !(*read)->view.delta) return {};
    const CrlView& view = (*read)->view;
    if (!difference(complete.crl->view, view).empty()) return {};
    if (complete.file->issuer != nullptr && !verify_crl(view, *complete.file->issuer)) return {};
    const auto serials = read_serials(view);
    if (!serials) return {};
    return shrink(complete, count_missing(complete, nullptr, *serials, may_leave),
                  manifest_entry(complete.file->delta_name, delta_there, **read));
}

}  // namespace sallyport::pki
