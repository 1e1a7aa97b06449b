#include "pki/tool/bulk_issuance.h"

#include "pki/file.h"
#include "pki/tool/csv.h"
#include "pki/tool/folder.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_request_bytes = std::size_t{64} * 1024;
/// So many certificates share one synchronisation of the disk and one transaction.
constexpr std::size_t batch_size = 200;
/// The makers may be this far ahead of the recorder.
constexpr std::size_t max_waiting = 2 * batch_size;

Result<std::vector<std::string>> ids_of_csv(const std::filesystem::path& path) {
    const auto text = read_file(path, max_csv_bytes);
    if (!text) return text.error();
    const auto table = parse_csv(*text, path.string(), {"device_id"});
    if (!table) return table.error();
    LineFaults faults(path.string());
    std::vector<std::string> ids;
    std::set<std::string> seen;
    for (const CsvRow& row : table->rows) {
        const std::string& id = row.fields.front();
        if (!is_device_id(id)) {
            faults.add(row.line, "'" + id + "' is not a device ID: 8 hexadecimal digits, upper case");
        } else if (!seen.insert(id).second) {
            faults.add(row.line, id + " stands twice");
        }
        ids.push_back(id);
    }
    if (!faults.empty()) return faults.error();
    return ids;
}

Result<std::vector<std::string>> ids_of_range(const std::string& first, const std::string& last) {
    if (!is_device_id(first) || !is_device_id(last) || last < first) {
        return Error{Fault::input, "--range: two device IDs, the lower one first, e.g. 00000001 000003E8"};
    }
    const auto number = [](const std::string& id) {
        std::uint32_t value = 0;
        std::from_chars(id.data(), id.data() + id.size(), value, 16);
        return value;
    };
    const std::uint64_t begin = number(first), count = std::uint64_t{number(last)} - begin + 1;
    if (count > max_bulk_devices) {
        return Error{Fault::input, "--range: " + std::to_string(count) + " devices; at most " +
                                       std::to_string(max_bulk_devices) + " in one command"};
    }
    std::vector<std::string> ids;
    for (std::uint64_t id = begin; id < begin + count; ++id) {
        constexpr std::string_view digits = "0123456789ABCDEF";
        std::string text;
        for (int shift = 28; shift >= 0; shift -= 4)
            text += digits[id >> static_cast<unsigned>(shift) & 0xFU];
        ids.push_back(std::move(text));
    }
    return ids;
}

/// A device whose certificate is to be made.
struct Job {
    std::string id;
    std::optional<CertificationRequest> request;
};

struct Candidates {
    std::vector<std::string> wanting = {};
    /// A stolen device must not get a new identity because a long list was given once more.
    std::vector<std::string> revoked = {};
};

/// Sorts out the devices that have a certificate in use, and those that were revoked.
Result<Candidates> candidates_of(Depot& depot, std::vector<std::string> ids, bool also_revoked,
                                 std::chrono::sys_seconds now) {
    Candidates candidates;
    for (std::string& id : ids) {
        const auto known = depot.index().find_device(id);
        if (!known) return known.error();
        const bool in_use = std::ranges::any_of(*known, [&](const CertificateRecord& record) {
            return record.validity.not_after > now && !is_revoked(record);
        });
        if (in_use) continue;
        if (!also_revoked && !known->empty() && is_revoked(known->back())) {
            candidates.revoked.push_back(std::move(id));
        } else {
            candidates.wanting.push_back(std::move(id));
        }
    }
    return candidates;
}

Result<std::vector<Job>> jobs_of(Index& index, const std::vector<std::string>& ids,
                                 const std::filesystem::path& requests) {
    std::vector<Job> jobs;
    std::string faults;
    std::map<std::string, std::string> owners;  // device ID by key
    for (const std::string& id : ids) {
        if (requests.empty()) {
            jobs.push_back({id, std::nullopt});
            continue;
        }
        const auto path = requests / (id + ".csr");
        const auto text = read_file(path, max_request_bytes);
        auto request = text ? parse_certification_request(*text, path.string())
                            : Result<CertificationRequest>(text.error());
        const auto order =
            request ? device_order(id, &*request, path.string()) : Result<LeafOrder>(request.error());
        const auto checked =
            order ? check_key(index, *request, id, path.string()) : Result<void>(order.error());
        if (!checked) {
            faults += (faults.empty() ? "" : "\n") + checked.error().message;
            continue;
        }
        const auto digest = key_digest(*request->key);
        if (!digest) return digest.error();
        const auto [first, fresh] = owners.emplace(*digest, id);
        if (!fresh) {
            faults += (faults.empty() ? "" : "\n") + path.string() + ": the same key as for " +
                      first->second + "; make a new key";
            continue;
        }
        jobs.push_back({id, std::move(*request)});
    }
    if (!faults.empty()) return Error{Fault::input, faults};
    return jobs;
}

/// Makes certificates on several threads; the caller takes them in the order in which they are ready.
class Makers {
  public:
    Makers(const IssuingContext& context, const std::vector<Job>& jobs, unsigned threads)
        : context_(context), jobs_(jobs) {
        for (unsigned i = 0; i < threads; ++i)
            threads_.emplace_back([this] { work(); });
    }
    Makers(const Makers&) = delete;
    Makers& operator=(const Makers&) = delete;
    ~Makers() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        for (std::thread& thread : threads_)
            thread.join();
    }

    /// Waits for at least `least` certificates, or for all that are left. Error: one could not be
    /// made.
    Result<std::vector<MadeLeaf>> take(std::size_t least) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
            return ready_.size() >= least || failure_ || taken_ + ready_.size() == jobs_.size();
        });
        if (failure_) return *failure_;
        std::vector<MadeLeaf> taken;
        std::ranges::move(ready_, std::back_inserter(taken));
        ready_.clear();
        taken_ += taken.size();
        lock.unlock();
        changed_.notify_all();
        return taken;
    }

  private:
    void work() {
        while (const Job* job = next()) {
            auto made = make(*job);
            const std::lock_guard lock(mutex_);
            if (made) {
                ready_.push_back(std::move(*made));
            } else if (!failure_) {
                failure_ = made.error();
            }
            changed_.notify_all();
        }
    }

    const Job* next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || failure_ || ready_.size() < max_waiting; });
        if (stopping_ || failure_ || begun_ == jobs_.size()) return nullptr;
        return &jobs_[begun_++];
    }

    Result<MadeLeaf> make(const Job& job) {
        const auto order = device_order(job.id, job.request ? &*job.request : nullptr, job.id);
        if (!order) return order.error();
        return make_leaf(context_, *order);
    }

    const IssuingContext& context_;
    const std::vector<Job>& jobs_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<MadeLeaf> ready_;
    std::optional<Error> failure_;
    std::size_t begun_ = 0;
    std::size_t taken_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;  // last: they use what stands above
};

/// While the depot was not locked, somebody may have issued to one of the devices, or for the same key.
Result<std::vector<const MadeLeaf*>> still_wanted(Depot& depot, const std::vector<MadeLeaf>& batch,
                                                  bool also_revoked, std::chrono::sys_seconds now) {
    std::vector<const MadeLeaf*> wanted;
    for (const MadeLeaf& made : batch) {
        const auto candidates = candidates_of(depot, {made.record.name}, also_revoked, now);
        if (!candidates) return candidates.error();
        if (candidates->wanting.empty()) continue;
        const auto others = depot.index().find_key(made.record.key_digest);
        if (!others) return others.error();
        for (const CertificateRecord& other : *others) {
            if (other.name != made.record.name || other.revocation) {
                return Error{Fault::input, made.record.name + ": the key of its request was certified for " +
                                               other.name + " or revoked while this command ran"};
            }
        }
        wanted.push_back(&made);
    }
    return wanted;
}

/// Records a batch and moves its files to where they belong, under the depot's lock, which is free between
/// batches: nobody who wants to revoke waits for a large delivery. Returns how many were recorded.
Result<std::size_t> record_batch(Depot& depot, const IssuingContext& context,
                                 const std::vector<MadeLeaf>& batch, bool also_revoked,
                                 const Occasion& occasion) {
    if (const auto locked = lock_again(depot, context); !locked) return locked.error();
    const auto wanted = still_wanted(depot, batch, also_revoked, occasion.now);
    if (!wanted) return wanted.error();
    std::vector<CertificateRecord> records;
    for (const MadeLeaf* made : *wanted) {
        const auto staged = stage(depot.paths(), made->record.serial, made->files, Durability::later);
        if (!staged) return staged.error();
        records.push_back(made->record);
    }
    // The staged files must be there before the index says so.
    if (const auto synced = sync_depot(depot.paths()); !synced) return synced.error();
    if (const auto added = depot.index().add_certificates(records, occasion); !added) return added.error();
    for (const MadeLeaf* made : *wanted) {
        const auto folder = deliver(depot.paths(), made->record, Durability::later);
        if (!folder) return folder.error();
    }
    depot.unlock();
    return records.size();
}

}  // namespace

Result<Answer> issue_devices(Depot& depot, const BulkRequest& request, const Progress& progress,
                             const Occasion& occasion) {
    auto ids = request.csv.empty() ? ids_of_range(request.first, request.last) : ids_of_csv(request.csv);
    if (!ids) return ids.error();
    const std::size_t asked = ids->size();
    const auto candidates = candidates_of(depot, std::move(*ids), request.also_revoked, occasion.now);
    if (!candidates) return candidates.error();
    const auto jobs = jobs_of(depot.index(), candidates->wanting, request.requests);
    if (!jobs) return jobs.error();
    const auto context = issuing_context(depot, CertificateKind::device, request.options, occasion.now);
    if (!context) return context.error();
    for (const auto& folder :
         {depot.paths().staging(), depot.paths().delivery(CertificateKind::device, "")}) {
        if (const auto made = make_private_folder(folder); !made) return made.error();
    }

    const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
    std::size_t issued = 0, made = 0;
    depot.unlock();
    {
        Makers makers(*context, *jobs, request.threads > 0 ? request.threads : processors);
        while (made < jobs->size()) {
            const auto batch = makers.take(batch_size);
            if (!batch) return batch.error();
            const auto recorded = record_batch(depot, *context, *batch, request.also_revoked, occasion);
            if (!recorded) return recorded.error();
            issued += *recorded;
            made += batch->size();
            progress(made, jobs->size());
        }
    }
    if (const auto synced = sync_depot(depot.paths()); !synced) return synced.error();
    Answer answer{true, "issued to " + std::to_string(issued) + " devices, files in " +
                            depot.paths().delivery(CertificateKind::device, "").string() + "\n"};
    answer.notes = context->notes;
    const std::size_t revoked = candidates->revoked.size(), in_use = asked - issued - revoked;
    if (in_use > 0)
        answer.text += std::to_string(in_use) + " devices had a certificate in use and were passed over\n";
    if (revoked > 0) {
        answer.notes += "warning: " + std::to_string(revoked) + " revoked devices were passed over, e.g. " +
                        candidates->revoked.front() + "; --also-revoked issues to them, too\n";
        answer.yes = issued > 0 || in_use > 0;
    }
    boost::json::array ids_revoked(candidates->revoked.begin(), candidates->revoked.end());
    answer.json = {{"issued", issued}, {"passed_over", in_use}, {"revoked", std::move(ids_revoked)}};
    return answer;
}

}  // namespace sallyport::pki
