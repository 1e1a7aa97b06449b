#include "pki/tool/crl_adoption.h"

#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/crl_file.h"
#include "pki/crl_writer.h"
#include "pki/file.h"
#include "pki/tool/crl_departure.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;

/// A CRL with the bytes that its view points into.
struct GivenCrl {
    std::string origin;
    std::string der;
    CrlView view = {};
    std::uint64_t number = 0;
    std::uint64_t base = 0;  ///< of a delta

    GivenCrl() = default;
    GivenCrl(const GivenCrl&) = delete;  // a short text moves with its object
};
using GivenCrls = std::vector<std::unique_ptr<const GivenCrl>>;

/// Which list it is: a partition of its authority's, complete or delta.
using Place = std::pair<unsigned, CrlForm>;

Result<std::uint64_t> number_of(Bytes octets, const std::string& origin) {
    if (octets.size() > 8 || (octets.size() == 8 && octets[0] >= 0x7F))
        return Error{Fault::input, origin + ": its CRL number is too large to go on from"};
    std::uint64_t number = 0;
    for (const std::uint8_t octet : octets)
        number = number << 8U | octet;
    return number;
}

Result<std::unique_ptr<const GivenCrl>> read_crl_of(const X509& authority,
                                                    const std::filesystem::path& path) {
    auto file = read_file(path, max_crl_bytes);
    if (!file) return file.error();
    auto crls = split_crl_file(std::move(*file));
    if (!crls) return Error{Fault::input, path.string() + ": " + crls.error().message};
    if (crls->size() != 1) return Error{Fault::input, path.string() + ": more than one CRL"};
    auto given = std::make_unique<GivenCrl>();
    given->origin = path.string();
    given->der = std::move(crls->front());
    const auto view =
        parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(given->der.data()), given->der.size()));
    if (!view) return Error{Fault::input, given->origin + ": " + view.error().message};
    if (const auto verified = verify_crl(*view, authority); !verified)
        return Error{Fault::input, given->origin + ": " + verified.error().message};
    given->view = *view;
    const auto number = number_of(view->number, given->origin);
    if (!number) return number.error();
    given->number = *number;
    if (view->delta) {
        const auto base = number_of(view->base_number, given->origin);
        if (!base) return base.error();
        given->base = *base;
    }
    return std::unique_ptr<const GivenCrl>(std::move(given));
}

/// Compares what is given with the lists that the depot has itself.
class Comparison {
  public:
    Comparison(const AuthorityRecord& authority, const GivenCrls& given, bool must_be_newest)
        : authority_(authority), given_(given), must_be_newest_(must_be_newest) {}

    Result<void> with_own(Depot& depot, const X509& certificate) {
        for (unsigned partition = 0; partition < authority_.partitions; ++partition) {
            for (const CrlForm form : {CrlForm::complete, CrlForm::delta}) {
                const auto path =
                    depot.paths().crl(crl_name({authority_.name, partition}, authority_.partitions, form));
                std::error_code code;
                if (!std::filesystem::exists(path, code)) continue;
                const auto own = read_crl_of(certificate, path);
                if (!own) return own.error();
                if (const auto compared = with(**own, {partition, form}); !compared) return compared;
            }
        }
        const auto foreign =
            std::ranges::find_if(given_, [&](const auto& crl) { return !of_depot_.contains(crl.get()); });
        if (foreign == given_.end()) return {};
        return Error{Fault::input, (*foreign)->origin +
                                       ": speaks of other certificates (distribution point) than "
                                       "the CRLs of this depot"};
    }

    Result<void> is_whole(bool with_deltas) const {
        for (unsigned partition = 0; partition < authority_.partitions; ++partition) {
            const CrlScopeId scope{authority_.name, partition};
            for (const CrlForm form : {CrlForm::complete, CrlForm::delta}) {
                if (places_.contains({partition, form})) continue;
                const std::string name = crl_name(scope, authority_.partitions, form);
                if (form == CrlForm::complete)
                    return Error{Fault::input,
                                 name + ": is missing; give all CRLs of " + authority_.name + " at once"};
                if (with_deltas)
                    return Error{Fault::input,
                                 name +
                                     ": is missing, and what was revoked last may stand there alone; "
                                     "give it too, or say --no-delta if there was none"};
            }
        }
        return {};
    }

  private:
    Result<void> with(const GivenCrl& own, Place place) {
        const auto same_point = [](const GivenCrl& a, const GivenCrl& b) {
            return std::ranges::equal(a.view.point_names, b.view.point_names);
        };
        for (const auto& crl : given_) {
            if (!same_point(*crl, own)) continue;
            if (must_be_newest_ && crl->view.delta == own.view.delta && crl->number < own.number) {
                return Error{Fault::input, crl->origin + ": number " + std::to_string(crl->number) +
                                               " is older than the one in this depot, " +
                                               std::to_string(own.number) + "; give the newest"};
            }
            if (crl->view.delta && !own.view.delta && crl->base > newest_complete(own.view.point_names)) {
                return Error{Fault::input, crl->origin + ": adds to number " + std::to_string(crl->base) +
                                               "; give this complete CRL, too"};
            }
            places_.insert({place.first, crl->view.delta ? CrlForm::delta : CrlForm::complete});
            of_depot_.insert(crl.get());
        }
        return {};
    }

    std::uint64_t newest_complete(Bytes point) const {
        std::uint64_t newest = 0;
        for (const auto& crl : given_) {
            if (!crl->view.delta && std::ranges::equal(crl->view.point_names, point))
                newest = std::max(newest, crl->number);
        }
        return newest;
    }

    const AuthorityRecord& authority_;
    const GivenCrls& given_;
    bool must_be_newest_;
    std::set<Place> places_;
    std::set<const GivenCrl*> of_depot_;
};

/// The entries of a list by partition, without the holds that were lifted here since. All are looked at
/// before anything is recorded: one that no CRL of ours could list would end them all.
Result<std::map<unsigned, std::vector<FoundRevocation>>> entries_of(Index& index,
                                                                    const AuthorityRecord& authority,
                                                                    const GivenCrl& crl) {
    std::map<unsigned, std::vector<FoundRevocation>> found;
    CrlEntries entries(crl.view);
    for (CrlEntry entry{};;) {
        const auto more = entries.next(entry);
        if (!more) return Error{Fault::input, crl.origin + ": " + more.error().message};
        if (!*more) return found;
        if (entry.reason == CrlReason::remove_from_crl) continue;
        const std::string serial(reinterpret_cast<const char*>(entry.serial.data()), entry.serial.size());
        if (!is_listable_serial(serial))
            return Error{Fault::input, crl.origin + ": serial " + hex(serial) + " is too long to be listed"};
        const auto lifted = was_lifted(index, authority.name, serial, {entry.reason, entry.revoked_at});
        if (!lifted) return lifted.error();
        if (!*lifted)
            found[partition_of(serial, authority.partitions)].push_back({serial, revocation_of(entry)});
    }
}

Result<AdoptedCrls> take_over(Index& index, const AuthorityRecord& authority, const GivenCrls& given,
                              const Occasion& occasion) {
    AdoptedCrls adopted;
    std::vector<std::map<unsigned, std::vector<FoundRevocation>>> found;
    for (const auto& crl : given) {
        adopted.number = std::max(adopted.number, crl->number);
        auto entries = entries_of(index, authority, *crl);
        if (!entries) return entries.error();
        found.push_back(std::move(*entries));
    }
    // The number first: killed in between, the next CRL must not have one that was seen already.
    if (adopted.number > authority.crl_number) {
        if (const auto raised = index.raise_crl_number(authority.name, adopted.number, occasion); !raised)
            return raised.error();
    }
    for (const auto& of_list : found) {
        for (const auto& [partition, entries] : of_list) {
            const auto taken = index.adopt({authority.name, partition}, entries, occasion);
            if (!taken) return taken.error();
            adopted.entries += *taken;
        }
    }
    return adopted;
}

}  // namespace

Result<AdoptedCrls> adopt_crls(Depot& depot, const AuthorityRecord& authority, const Adoption& adoption,
                               const Occasion& occasion) {
    const auto certificate = depot.certificate(authority.name);
    if (!certificate) return certificate.error();
    GivenCrls given;
    for (const auto& path : adoption.files) {
        auto crl = read_crl_of(**certificate, path);
        if (!crl) return crl.error();
        given.push_back(std::move(*crl));
    }
    const auto restored = depot.index().is_restored(authority.name);
    if (!restored) return restored.error();
    Comparison comparison(authority, given, *restored);
    if (const auto compared = comparison.with_own(depot, **certificate); !compared) return compared.error();
    if (*restored) {
        const auto plan = depot.plan(authority.name);
        if (!plan) return plan.error();
        if (const auto whole = comparison.is_whole(plan->crl.delta && !adoption.no_delta); !whole)
            return whole.error();
    }
    const auto adopted = take_over(depot.index(), authority, given, occasion);
    if (!adopted || !*restored) return adopted;
    const auto settled = depot.index().settle_restored(
        authority.name, "by CRL number " + std::to_string(adopted->number), occasion);
    if (!settled) return settled.error();
    return adopted;
}

Result<AdoptedCrls> adopt_imported_crl(Index& index, const AuthorityRecord& authority,
                                       const X509& certificate, const std::filesystem::path& path,
                                       const Occasion& occasion) {
    auto crl = read_crl_of(certificate, path);
    if (!crl) return crl.error();
    if ((*crl)->view.delta)
        return Error{Fault::input, path.string() + ": a delta CRL; the complete one is needed"};
    GivenCrls given;
    given.push_back(std::move(*crl));
    return take_over(index, authority, given, occasion);
}

}  // namespace sallyport::pki
