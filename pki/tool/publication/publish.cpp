#include "pki/tool/publication/publish.h"

#include "pki/tool/publication/crl_guard.h"

#include <algorithm>
#include <future>
#include <optional>
#include <set>
#include <utility>

namespace sallyport::pki {
namespace {

/// What became of one file, and what is there now as far as is known.
struct Placed {
    FileOutcome outcome;
    std::optional<ManifestEntry> there = std::nullopt;
};

/// Puts files into one repository.
class Publication {
  public:
    Publication(Repository& repository, const MayLeave& may_leave)
        : repository_(repository), may_leave_(may_leave) {}

    RepositoryOutcome publish(const std::vector<PreparedCrl>& crls) {
        std::vector<Placed> placed(crls.size());
        for (const bool delta : {false, true}) {
            for (std::size_t i = 0; i < crls.size(); ++i) {
                if (crls[i].crl->view.delta != delta) continue;
                placed[i] = delta ? place_delta(crls[i], crls, placed) : place(crls[i], nullptr);
            }
        }
        RepositoryOutcome outcome{repository_.describe()};
        std::vector<ManifestEntry> entries;
        for (Placed& one : placed) {
            if (one.there) entries.push_back(std::move(*one.there));
            outcome.files.push_back(std::move(one.outcome));
        }
        outcome.manifest = place_manifest(manifest(std::move(entries)));
        return outcome;
    }

    /// Only looks.
    RepositoryOutcome inspect(const std::vector<PreparedCrl>& crls) {
        RepositoryOutcome outcome{repository_.describe()};
        std::vector<ManifestEntry> entries;
        for (const PreparedCrl& ours : crls) {
            outcome.files.push_back(compare(ours));
            entries.push_back(ours.entry);
        }
        const std::string name(manifest_name), text = manifest(std::move(entries));
        outcome.manifest = stalled(name);
        if (repository_.stalls()) return outcome;
        const auto there = repository_.get(name);
        outcome.manifest =
            there ? failed(name, "does not describe these CRLs") : failed(name, there.error().message);
        if (there && *there == text) outcome.manifest = {name, Placement::unchanged};
        return outcome;
    }

  private:
    FileOutcome compare(const PreparedCrl& ours) {
        const std::string& name = ours.file->name;
        if (repository_.stalls()) return stalled(name);
        const auto there = repository_.get(name);
        if (!there) return failed(name, there.error().message);
        if (!*there) return failed(name, "is not there");
        if (**there == ours.file->bytes) return {name, Placement::unchanged};
        const auto other = read_crl(**there);
        if (!other) return failed(name, "no CRL is there (" + other.error() + ")");
        return failed(name, "number " + manifest_entry(name, **there, **other).number +
                                " is there, ours is number " + ours.entry.number);
    }

    /// Nobody could apply a delta CRL whose base is not there, and the one before it would be gone.
    Placed place_delta(const PreparedCrl& ours, const std::vector<PreparedCrl>& crls,
                       const std::vector<Placed>& placed) {
        const PreparedCrl* const complete = complete_of(ours, crls);
        const bool is_based = complete != nullptr &&
                              placed[static_cast<std::size_t>(complete - crls.data())].outcome.in_place();
        Placed done = place(ours, is_based ? complete : nullptr);
        if (complete != nullptr && !is_based && done.outcome.placement == Placement::would_shrink) {
            done.outcome = failed(ours.file->name, "left alone until " + complete->file->name +
                                                       ", which it builds upon, is in place");
        }
        return done;
    }

    Placed place(const PreparedCrl& ours, const PreparedCrl* complete) {
        const std::string& name = ours.file->name;
        if (repository_.stalls()) return {stalled(name)};
        auto there = repository_.get(name);
        if (!there) return {failed(name, there.error().message)};
        if (*there == ours.file->bytes) return {{name, Placement::unchanged}, ours.entry};
        GuardVerdict verdict;
        if (*there) verdict = judge(ours, complete, **there, may_leave_);
        if (*there && !verdict.left_alone && !ours.file->delta_name.empty()) {
            if (auto forgetful = judge_delta_beside(ours, **there)) return std::move(*forgetful);
        }
        there->reset();  // a list of millions should not stand in memory until ours was read back
        if (verdict.left_alone) {
            return {{name, *verdict.left_alone, std::move(verdict.detail), verdict.missing},
                    std::move(verdict.there)};
        }
        FileOutcome written = write(name, ours.file->bytes);
        if (!written.in_place()) return {std::move(written)};
        written.detail = std::move(verdict.detail);
        return {std::move(written), ours.entry};
    }

    /// Why our complete CRL must not replace `there`, for the sake of the delta CRL beside it; nothing: it
    /// may.
    std::optional<Placed> judge_delta_beside(const PreparedCrl& ours, std::string_view there) {
        const std::string& name = ours.file->name;
        const auto delta = repository_.get(ours.file->delta_name);
        if (!delta) return Placed{failed(name, delta.error().message)};
        if (!*delta) return std::nullopt;
        GuardVerdict verdict = judge_beside(ours, **delta, may_leave_);
        if (!verdict.left_alone) return std::nullopt;
        Placed left{{name, *verdict.left_alone, std::move(verdict.detail), verdict.missing}};
        if (auto entry = manifest_entry(name, there)) left.there = std::move(*entry);
        return left;
    }

    FileOutcome place_manifest(const std::string& text) {
        const std::string name(manifest_name);
        if (repository_.stalls()) return stalled(name);
        const auto there = repository_.get(name);
        if (!there) return failed(name, there.error().message);
        if (*there == text) return {name, Placement::unchanged};
        return write(name, text);
    }

    FileOutcome write(const std::string& name, std::string_view bytes) {
        if (const auto put = repository_.put(name, bytes); !put) return failed(name, put.error().message);
        const auto back = repository_.get(name);
        if (!back) return failed(name, "written, but not to be read back: " + back.error().message);
        const std::string where = repository_.describe() + ": " + name + ": ";
        if (!*back) return failed(name, where + "written, but when it was read back nothing was there");
        if (**back != bytes) {
            return failed(name, where + "written, but other bytes were read back (" +
                                    std::to_string((*back)->size()) + " instead of " +
                                    std::to_string(bytes.size()) +
                                    "): does a cache answer, or does somebody else write there?");
        }
        return {name, Placement::written};
    }

    static FileOutcome failed(const std::string& name, std::string why) {
        return {name, Placement::failed, std::move(why)};
    }

    FileOutcome stalled(const std::string& name) const {
        return failed(name, repository_.describe() + ": " + name + ": not tried, since it stalls");
    }

    Repository& repository_;
    const MayLeave& may_leave_;
};

Result<std::vector<PreparedCrl>> prepare_all(std::span<const CrlFile> files) {
    std::vector<PreparedCrl> prepared;
    std::set<std::string_view> names{manifest_name};
    for (const CrlFile& file : files) {
        if (!is_published_name(file.name))
            return Error{Fault::input, "'" + file.name + "' is no name for a published file"};
        if (!names.insert(file.name).second)
            return Error{Fault::input, "'" + file.name + "' is the name of two files"};
        auto crl = prepare(file);
        if (!crl) return crl.error();
        prepared.push_back(std::move(*crl));
    }
    return prepared;
}

/// What `work` makes of each repository, all at once.
template <class Work>
std::vector<RepositoryOutcome> on_each(std::span<const std::unique_ptr<Repository>> repositories,
                                       const MayLeave& may_leave, const Work& work) {
    std::vector<std::future<RepositoryOutcome>> running;
    for (const auto& repository : repositories) {
        running.push_back(std::async(std::launch::async, [&may_leave, &repository, &work] {
            Publication publication(*repository, may_leave);
            return work(publication);
        }));
    }
    std::vector<RepositoryOutcome> outcomes;
    for (auto& one : running)
        outcomes.push_back(one.get());
    return outcomes;
}

}  // namespace

std::string_view to_string(Placement placement) noexcept {
    switch (placement) {
        case Placement::written:
            return "written";
        case Placement::unchanged:
            return "unchanged";
        case Placement::rollback:
            return "rollback";
        case Placement::would_shrink:
            return "would_shrink";
        case Placement::foreign:
            return "foreign";
        case Placement::failed:
            return "failed";
    }
    return "unknown";
}

bool RepositoryOutcome::in_place() const noexcept {
    return manifest.in_place() && std::ranges::all_of(files, &FileOutcome::in_place);
}

Result<std::vector<RepositoryOutcome>> publish(std::span<const CrlFile> files,
                                               std::span<const std::unique_ptr<Repository>> repositories,
                                               const MayLeave& may_leave) {
    const auto prepared = prepare_all(files);
    if (!prepared) return prepared.error();
    return on_each(repositories, may_leave,
                   [&](Publication& publication) { return publication.publish(*prepared); });
}

Result<std::vector<RepositoryOutcome>> inspect(std::span<const CrlFile> files,
                                               std::span<const std::unique_ptr<Repository>> repositories) {
    const auto prepared = prepare_all(files);
    if (!prepared) return prepared.error();
    return on_each(repositories, {},
                   [&](Publication& publication) { return publication.inspect(*prepared); });
}

}  // namespace sallyport::pki
