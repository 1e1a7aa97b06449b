#include "pki/tool/init.h"

#include "pki/file.h"
#include "pki/tool/authorities.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/depot.h"
#include "pki/tool/folder.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <cerrno>
#include <map>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

bool present(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

/// May a depot be made here? An interrupted init may be started over; nothing else may be overwritten.
Result<void> check_vacant(const DepotPaths& paths) {
    const std::string root = paths.root().string();
    if (present(paths.unfinished())) return {};
    if (present(paths.index())) return Error{Fault::input, root + ": already holds a depot"};
    std::error_code code;
    for (std::filesystem::directory_iterator at(paths.root(), code), end; !code && at != end;
         at.increment(code)) {
        // The lock is what an init leaves that was killed before its first step.
        if (at->path().filename() != paths.lock().filename()) {
            return Error{Fault::input, root + ": not empty; name a new folder for the depot"};
        }
    }
    if (code) return Error{Fault::input, root + ": " + code.message()};
    return {};
}

Result<void> prepare_folder(const std::filesystem::path& root) {
    if (!present(root)) return make_private_folder(root);
    if (const auto vacant = check_vacant(DepotPaths(root)); !vacant) return vacant.error();
    // Still without secrets, so that closing it is enough; a foreign owner is refused below.
    if (::chmod(root.c_str(), 0700) != 0) return errno_error(root, "cannot set mode 0700");
    return {};
}

/// Removes what an interrupted init can have left, and nothing else: as long as `unfinished` is there, all
/// that lies in the folder was made by init.
Result<void> clear(const DepotPaths& paths) {
    std::error_code code;
    std::vector<std::filesystem::path> left;
    for (std::filesystem::directory_iterator at(paths.root(), code), end; !code && at != end;
         at.increment(code)) {
        if (at->path() != paths.lock() && at->path() != paths.unfinished()) left.push_back(at->path());
    }
    for (const auto& path : left) {
        if (!code) std::filesystem::remove_all(path, code);
    }
    if (code) return Error{Fault::runtime, paths.root().string() + ": cannot clear it: " + code.message()};
    return {};
}

Result<void> make_empty_file(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno_error(path, "cannot make it");
    ::close(fd);
    return sync_folder(path.parent_path());
}

struct MadeAuthorities {
    Index index;
    std::map<std::string, KeyPtr> keys;
};

Result<MadeAuthorities> make_authorities(const DepotPaths& paths, const DepotConfiguration& configuration,
                                         const std::optional<ImportedAuthority>& imported,
                                         const Occasion& occasion) {
    if (const auto made = make_private_folder(paths.private_keys()); !made) return made.error();
    if (const auto made = make_private_folder(paths.crls()); !made) return made.error();
    if (const auto made = make_empty_file(paths.index()); !made) return made.error();
    auto index = Index::create(paths.index());
    if (!index) return index.error();
    std::map<std::string, Authority> made_here;
    for (const AuthorityPlan& plan : configuration.authorities) {
        if (plan.issued_elsewhere()) {
            const auto done = import_authority(paths, *index, plan, *imported, occasion);
            if (!done) return done.error();
            continue;
        }
        const auto issuer = made_here.find(plan.issuer);
        auto made = make_authority(paths, configuration, *index, plan,
                                   issuer == made_here.end() ? nullptr : &issuer->second, occasion);
        if (!made) return made.error();
        made_here.emplace(plan.name, std::move(*made));
    }
    MadeAuthorities all{std::move(*index), {}};
    for (auto& [name, authority] : made_here)
        all.keys.emplace(name, std::move(authority.key));
    return all;
}

/// What init was asked for, as the text of depot.yaml and as its meaning.
struct Wanted {
    std::string text;
    DepotConfiguration configuration;
};

/// One authority of a profile is taken over, or none is.
Result<void> check_import(const DepotConfiguration& configuration, const InitRequest& request) {
    const auto elsewhere = std::ranges::count_if(configuration.authorities, &AuthorityPlan::issued_elsewhere);
    const std::string profile = request.profile.string();
    if (elsewhere > 1) {
        return Error{Fault::input, profile + ": " + std::to_string(elsewhere) +
                                       " authorities with 'issuer: elsewhere'; init takes over one"};
    }
    if (elsewhere == 1 && !request.imported) {
        return Error{Fault::input, profile +
                                       ": the issuer of an authority is elsewhere: give its certificate "
                                       "and key with --import and --import-key"};
    }
    if (elsewhere == 0 && request.imported) {
        return Error{Fault::input, profile +
                                       ": no authority with 'issuer: elsewhere', which is the one that "
                                       "--import would take over"};
    }
    return {};
}

Result<Wanted> wanted_configuration(const InitRequest& request) {
    if (!request.profile.empty()) {
        auto text = read_file(request.profile, max_configuration_bytes);
        if (!text) return text.error();
        auto configuration = parse_configuration(*text, request.profile);
        if (!configuration) return configuration.error();
        if (const auto fits = check_import(*configuration, request); !fits) return fits.error();
        return Wanted{std::move(*text), std::move(*configuration)};
    }
    if (!is_organization(request.organization)) {
        return Error{Fault::input, "--name must be 1 to 50 printable characters"};
    }
    if (!request.crl_url.empty() && !is_crl_url(request.crl_url)) {
        return Error{Fault::input,
                     "--crl-url must be an http or https URL of a folder, without query or fragment"};
    }
    auto configuration = request.imported
                             ? importing_configuration(request.organization, request.crl_url)
                             : default_configuration(request.organization, request.crl_url, request.lifetime);
    auto text = write_configuration(configuration);
    return Wanted{std::move(text), std::move(configuration)};
}

}  // namespace

Result<Answer> init(const std::filesystem::path& root, const InitRequest& request, const Occasion& occasion) {
    auto wanted = wanted_configuration(request);
    if (!wanted) return wanted.error();
    const DepotPaths paths(root);
    if (const auto prepared = prepare_folder(root); !prepared) return prepared.error();
    std::error_code ignored;
    const auto real_root = std::filesystem::canonical(root, ignored);
    if (const auto checked = check_private(real_root, FileType::folder); !checked) return checked.error();
    auto lock = DepotLock::acquire(paths.lock(), lock_patience);
    if (!lock) return lock.error();
    // Once more under the lock: another init may have finished while this one waited.
    if (const auto vacant = check_vacant(paths); !vacant) return vacant.error();

    // This file marks the depot as incomplete from the first step to the last; every other command refuses
    // it.
    if (!present(paths.unfinished())) {
        if (const auto marked = make_empty_file(paths.unfinished()); !marked) return marked.error();
    }
    if (const auto cleared = clear(paths); !cleared) return cleared.error();
    if (const auto written = replace_file(paths.configuration(), wanted->text, 0600); !written)
        return written.error();
    auto made = make_authorities(paths, wanted->configuration, request.imported, occasion);
    if (!made) return made.error();
    Answer answer;
    answer.text = "depot of " + wanted->configuration.organization + " made in " + root.string() + "\n";
    Depot depot(paths, std::move(wanted->configuration), std::move(made->index), std::move(*lock));
    for (const auto& [name, key] : made->keys)
        depot.keep_key(name, key);
    for (const AuthorityPlan& plan : depot.configuration().authorities) {
        const auto published = publish_crls_of(depot, plan.name, CrlOccasion::refresh, occasion);
        if (!published) return published.error();
        if (!published->failures.empty()) return Error{Fault::runtime, published->failures.front()};
        for (const PublishedCrl& crl : published->crls)
            answer.text += describe(crl) + "\n";
    }
    if (::unlink(paths.unfinished().c_str()) != 0) return errno_error(paths.unfinished(), "cannot remove it");
    if (const auto synced = sync_folder(root); !synced) return synced.error();
    return answer;
}

}  // namespace sallyport::pki
