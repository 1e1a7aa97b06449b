#include "pki/tool/request_answers.h"

#include "pki/tool/names.h"
#include "pki/tool/publication/repository.h"

#include <algorithm>
#include <set>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_request_bytes = std::size_t{64} * 1024;
constexpr std::size_t most_failures_in_a_row = 100;
constexpr std::size_t most_silences_in_a_row = 3;
const std::string request_name = "device.csr", answer_name = "certs_device.p7b";

/// The devices of the depot with a certificate in use.
Result<std::vector<std::string>> devices_in_use(Depot& depot, std::chrono::sys_seconds now) {
    std::set<std::string> ids;
    const CertificateFilter filter{
        .kind = CertificateKind::device, .state = CertificateState::valid, .now = now};
    const auto visited = depot.index().visit_certificates(
        filter, [&](const CertificateRecord& record) { ids.insert(record.name); });
    if (!visited) return visited.error();
    return std::vector<std::string>(ids.begin(), ids.end());
}

/// Why the device of these certificates gets no new one; empty: it may.
std::string hindrance(const std::vector<CertificateRecord>& known, std::chrono::sys_seconds now) {
    if (known.empty()) return "unknown device";
    if (is_revoked(known.back())) return "its newest certificate is revoked";
    if (is_on_hold(known.back())) return "its newest certificate is on hold";
    const bool in_use = std::ranges::any_of(known, [&](const CertificateRecord& record) {
        return state_of(record, now) == CertificateState::valid;
    });
    return in_use ? "" : "it has no certificate in use; renew it by hand";
}

/// The certificate of the device that is for this key, not revoked and in use; null: none is.
const CertificateRecord* certified(const std::vector<CertificateRecord>& known, const EVP_PKEY& key,
                                   std::chrono::sys_seconds now) {
    const auto fits = [&](const CertificateRecord& record) {
        const auto* at = reinterpret_cast<const unsigned char*>(record.der.data());
        const CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(record.der.size())));
        return certificate && state_of(record, now) == CertificateState::valid &&
               key_matches(key, *certificate);
    };
    const auto found = std::find_if(known.rbegin(), known.rend(), fits);
    return found == known.rend() ? nullptr : &*found;
}

/// Where one device's request lies and its answer goes.
Result<std::unique_ptr<Repository>> open_folder_of(const StoreSettings& store, const std::string& id) {
    StoreSettings own = store;
    own.prefix += id + "/";
    return open_repository(own);
}

class RequestDesk {
  public:
    RequestDesk(Depot& depot, const StoreSettings& store, const IssuingContext& context,
                const Occasion& occasion)
        : depot_(depot), store_(store), context_(context), occasion_(occasion) {}

    /// Serves one device. False: the others would fare no better, and are not tried.
    bool serve(const std::string& id) {
        trouble_ = Repository::Trouble::none;
        const auto served = try_to_serve(id);
        if (served) {
            failures_in_a_row_ = 0;
            store_has_answered_ = true;
            return true;
        }
        failed_.emplace_back(id, served.error().message);
        ++failures_in_a_row_;
        if (is_depot_at_fault_) return false;
        // One object that the store does not give must not stop the others; a store that is away must not be
        // waited for by each.
        if (trouble_ != Repository::Trouble::no_answer) {
            store_has_answered_ = true;
            return failures_in_a_row_ < most_failures_in_a_row;
        }
        return store_has_answered_ && failures_in_a_row_ < most_silences_in_a_row;
    }

    void not_tried(std::size_t devices) { not_tried_ = devices; }

  private:
    /// The depot is locked while its index is asked and written, not while the store is waited for.
    Result<void> try_to_serve(const std::string& id) {
        const auto folder = open_folder_of(store_, id);
        if (!folder) return folder.error();
        const auto text = (*folder)->get(request_name, max_request_bytes + 1);
        trouble_ = (*folder)->trouble();
        if (!text && trouble_ == Repository::Trouble::too_large) {
            refuse(id, "its request is too large");
            return {};
        }
        if (!text) return text.error();
        if (!*text) return {};
        is_depot_at_fault_ = true;
        if (const auto locked = lock_again(depot_, context_); !locked) return locked;
        const auto bundle = answer_to(id, **text);
        depot_.unlock();
        if (!bundle) return bundle.error();
        is_depot_at_fault_ = false;
        if (bundle->empty()) return {};
        // The device may write there, too: what is larger is another text.
        const auto there = (*folder)->get(answer_name, bundle->size());
        trouble_ = (*folder)->trouble();
        if (!there && trouble_ != Repository::Trouble::too_large) return there.error();
        if (there && *there == *bundle) return {};
        auto put = (*folder)->put(answer_name, *bundle);
        trouble_ = (*folder)->trouble();
        return put;
    }

  public:
    Answer answer() && {
        Answer answer{true, std::to_string(issued_.size()) + " requests answered, " + std::to_string(again_) +
                                " were answered already\n"};
        boost::json::array refused;
        for (const auto& [id, why] : refused_) {
            answer.notes += "warning: " + id + ": not answered: " + why + "\n";
            refused.push_back({{"device", id}, {"why", why}});
        }
        boost::json::array issued;
        for (const std::string& id : issued_) {
            answer.text += "issued to " + id + "\n";
            issued.emplace_back(id);
        }
        boost::json::array failed;
        for (const auto& [id, why] : failed_) {
            answer.add_failure("NOT ANSWERED " + id + ": " + why);
            failed.push_back({{"device", id}, {"why", why}});
        }
        if (not_tried_ > 0)
            answer.add_failure(std::to_string(not_tried_) + " more devices were not asked about");
        answer.json = {{"issued", std::move(issued)},
                       {"again", again_},
                       {"refused", std::move(refused)},
                       {"failed", std::move(failed)}};
        return answer;
    }

  private:
    /// The certificates for a device, made now or before; empty: none are given to this request.
    Result<std::string> answer_to(const std::string& id, const std::string& text) {
        const auto known = depot_.index().find_device(id);
        if (!known) return known.error();
        if (const std::string why = hindrance(*known, occasion_.now); !why.empty()) return refuse(id, why);
        if (text.size() > max_request_bytes) return refuse(id, "its request is too large");
        const auto request = parse_certification_request(text, id + "/" + request_name);
        if (!request) return refuse(id, request.error().message);
        auto order = device_order(id, &*request, id + "/" + request_name);
        if (!order) return refuse(id, order.error().message);
        if (const CertificateRecord* same = certified(*known, *request->key, occasion_.now)) {
            // A process was killed between the index and the store, or the answer was taken away.
            const auto files = files_of(context_, same->der);
            if (!files) return refuse(id, files.error().message);
            ++again_;
            return bundle_of(*files);
        }
        if (const auto checked = check_key(depot_.index(), *request, id, "its request"); !checked)
            return refuse(id, checked.error().message);
        order->lineage = known->back().lineage;
        return issue(id, *order);
    }

    /// Recorded before it is given away: a certificate that the depot does not know could not be revoked.
    Result<std::string> issue(const std::string& id, const LeafOrder& order) {
        const auto made = make_leaf(context_, order);
        if (!made) return made.error();
        const auto staged = stage(depot_.paths(), made->record.serial, made->files);
        if (!staged) return staged.error();
        if (const auto added = depot_.index().add_certificate(made->record, occasion_); !added)
            return added.error();
        if (const auto delivered = deliver(depot_.paths(), made->record); !delivered)
            return delivered.error();
        issued_.push_back(id);
        return bundle_of(made->files);
    }

    static std::string bundle_of(const IdentityFiles& files) {
        return std::ranges::find(files.files, answer_name, &IdentityFile::name)->content;
    }

    std::string refuse(const std::string& id, const std::string& why) {
        refused_.emplace_back(id, why);
        return {};
    }

    Depot& depot_;
    const StoreSettings& store_;
    const IssuingContext& context_;
    const Occasion& occasion_;
    std::vector<std::string> issued_;
    std::size_t again_ = 0;
    std::vector<std::pair<std::string, std::string>> refused_, failed_;
    Repository::Trouble trouble_ = Repository::Trouble::none;
    bool is_depot_at_fault_ = false;
    bool store_has_answered_ = false;
    std::size_t failures_in_a_row_ = 0;
    std::size_t not_tried_ = 0;
};

}  // namespace

Result<Answer> answer_requests(Depot& depot, const std::vector<std::string>& ids,
                               const IssuingOptions& options, const Progress& progress,
                               const Occasion& occasion) {
    const auto& store = depot.configuration().publication.requests;
    if (!store) {
        return Error{Fault::input, "which store? Describe it in " + depot.paths().configuration().string() +
                                       " under 'requests'"};
    }
    for (const std::string& id : ids) {
        if (!is_device_id(id))
            return Error{Fault::input, "'" + id + "' is not a device ID: 8 hexadecimal digits, upper case"};
        const auto known = depot.index().find_device(id);
        if (!known) return known.error();
        if (known->empty())
            return no(id + ": no such device in this depot; issue its first certificate here");
    }
    const auto devices =
        ids.empty() ? devices_in_use(depot, occasion.now) : Result<std::vector<std::string>>(ids);
    if (!devices) return devices.error();
    const auto context = issuing_context(depot, CertificateKind::device, options, occasion.now);
    if (!context) return context.error();
    depot.unlock();
    RequestDesk desk(depot, *store, *context, occasion);
    std::size_t done = 0;
    for (const std::string& id : *devices) {
        const bool go_on = desk.serve(id);
        progress(++done, devices->size());
        if (go_on) continue;
        desk.not_tried(devices->size() - done);
        break;
    }
    return std::move(desk).answer();
}

}  // namespace sallyport::pki
