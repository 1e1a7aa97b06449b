#include "pki/tool/depot_backup.h"

#include "pki/tool/audit.h"
#include "pki/tool/folder.h"
#include "pki/tool/identity_files.h"

#include <algorithm>
#include <system_error>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

Error copy_error(const fs::path& path, const std::error_code& code) {
    return {Fault::runtime, path.string() + ": cannot copy it: " + code.message()};
}

/// Everything of a depot but its index, its lock, and what was being made.
Result<void> copy_files(const DepotPaths& from, const DepotPaths& to) {
    std::error_code code;
    for (fs::directory_iterator at(from.root(), code), end; !code && at != end; at.increment(code)) {
        const fs::path& path = at->path();
        const bool left_out = path == from.index() || path == from.lock() || path == from.staging() ||
                              path == from.unfinished() ||
                              path.filename().string().starts_with("index.sqlite");
        if (left_out) continue;
        fs::copy(path, to.root() / path.filename(),
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks, code);
        if (code) return copy_error(path, code);
    }
    if (code) return copy_error(from.root(), code);
    return {};
}

template <class CopyIndex>
Result<void> fill(const DepotPaths& from, const DepotPaths& partial, const fs::path& target,
                  CopyIndex copy_index) {
    std::error_code code;
    if (const auto copied = copy_index(partial.index()); !copied) return copied.error();
    fs::permissions(partial.index(), fs::perms::owner_read | fs::perms::owner_write, code);
    if (code) return copy_error(partial.index(), code);
    if (const auto copied = copy_files(from, partial); !copied) return copied.error();
    if (const auto synced = sync_depot(partial); !synced) return synced.error();
    fs::rename(partial.root(), target, code);
    if (code) return copy_error(target, code);
    return {};
}

/// Fills a folder beside `target` and renames it, so that a copy that was cut off is never taken for one. One
/// that failed is removed: it has keys.
template <class CopyIndex>
Result<void> copy_depot(const DepotPaths& from, const fs::path& target, CopyIndex copy_index) {
    std::error_code code;
    if (fs::exists(fs::symlink_status(target, code)))
        return Error{Fault::input, target.string() + ": exists already; name a new folder"};
    const auto real = fs::weakly_canonical(target, code), inside = fs::weakly_canonical(from.root(), code);
    if (std::mismatch(inside.begin(), inside.end(), real.begin(), real.end()).first == inside.end())
        return Error{Fault::input, target.string() + ": lies in the depot itself; name a folder elsewhere"};
    const DepotPaths partial(target.string() + ".partial");
    if (fs::exists(fs::symlink_status(partial.root(), code)))
        return Error{Fault::input,
                     partial.root().string() + ": is left from a copy that was cut off; remove it first"};
    if (const auto made = make_private_folder(partial.root()); !made) return made.error();
    if (const auto filled = fill(from, partial, target, copy_index); !filled) {
        fs::remove_all(partial.root(), code);
        return filled;
    }
    return sync_folder(target.has_parent_path() ? target.parent_path() : ".");
}

}  // namespace

Result<Answer> back_up(Depot& depot, const fs::path& target, const Occasion& occasion) {
    const auto copied =
        copy_depot(depot.paths(), target, [&](const fs::path& path) { return depot.index().copy_to(path); });
    if (!copied) return copied.error();
    const auto noted = depot.index().note("backup", "", target.string(), occasion);
    if (!noted) return noted.error();
    return Answer{true, "copied to " + target.string() +
                            "; it holds the authorities' keys: keep it as closed as the depot\n"};
}

Result<Answer> restore(const fs::path& backup, const fs::path& root, const Occasion& occasion) {
    auto source = Depot::open(backup, Depot::Access::read);
    if (!source) return source.error();
    const auto faults = source->index().integrity_faults();
    if (!faults) return faults.error();
    if (!faults->empty()) return no(source->paths().index().string() + ": damaged: " + faults->front());
    auto audit = verify_audit(source->index(), {});
    if (!audit) return audit.error();
    if (!audit->yes) return std::move(*audit);
    // Marked before it has its name: a restored depot that does not know that it is one makes CRLs that let
    // devices in again.
    const auto copied = copy_depot(source->paths(), root, [&](const fs::path& path) -> Result<void> {
        if (const auto written = source->index().copy_to(path); !written) return written;
        auto index = Index::open(path);
        if (!index) return index.error();
        return index->mark_restored(occasion);
    });
    if (!copied) return copied.error();
    const auto restored = Depot::open(root, Depot::Access::read);
    if (!restored) return restored.error();
    Answer answer{true, "depot restored in " + root.string() + "\n"};
    answer.notes =
        "note: what was revoked after this backup is not in it, so no CRL is made yet. Take over the newest "
        "CRLs of each authority (every partition, delta CRLs too), as gateways or repositories have them: "
        "sallyport-pki crl adopt FILE... --ca NAME. Where there is none newer than the backup: sallyport-pki "
        "crl "
        "adopt --none-newer --ca NAME. Certificates issued after the backup are unknown: revoke them with "
        "--cert FILE "
        "or --serial\n";
    return answer;
}

}  // namespace sallyport::pki
