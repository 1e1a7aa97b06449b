#include "pki/tool/init.h"

#include "pki/file.h"
#include "pki/key.h"
#include "pki/time.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/depot.h"
#include "pki/tool/folder.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

constexpr std::chrono::days max_intermediate_lifetime{3650};

struct AuthorityPlan {
    std::string_view name;
    CertificateRole role;
    const char* title;  ///< after the organization in its CN
};

constexpr AuthorityPlan plans[] = {
    {root_authority, CertificateRole::root_authority, " Root CA"},
    {device_authority, CertificateRole::device_authority, " Device CA"},
    {server_authority, CertificateRole::server_authority, " Server CA"},
};

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

/// Removes what an interrupted init can have left, and nothing else.
Result<void> clear(const DepotPaths& paths) {
    std::error_code code;
    const auto journal = paths.index().string() + "-journal";
    for (const std::filesystem::path& path :
         {paths.index(), std::filesystem::path(journal), paths.private_keys(), paths.crls(),
          paths.certificate(root_authority), paths.certificate(device_authority),
          paths.certificate(server_authority)}) {
        std::filesystem::remove_all(path, code);
        if (code) return Error{Fault::runtime, path.string() + ": cannot remove it: " + code.message()};
    }
    // The temporary files of replace_file that were never renamed.
    const auto is_temporary = [](const std::string& name) {
        return std::ranges::any_of(plans, [&](const AuthorityPlan& plan) {
            return name.starts_with("." + std::string(plan.name) + ".pem.");
        });
    };
    for (std::filesystem::directory_iterator at(paths.root(), code), end; !code && at != end;
         at.increment(code)) {
        if (is_temporary(at->path().filename().string())) std::filesystem::remove(at->path(), code);
    }
    if (code) return Error{Fault::runtime, paths.root().string() + ": " + code.message()};
    return {};
}

Result<void> make_empty_file(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno_error(path, "cannot make it");
    ::close(fd);
    return sync_folder(path.parent_path());
}

Result<Authority> make_authority(const AuthorityPlan& plan, const InitRequest& request, const Signer* root,
                                 std::chrono::sys_seconds now) {
    auto key = generate_rsa_key();
    if (!key) return key.error();
    auto serial = generate_serial();
    if (!serial) return serial.error();
    const auto lifetime =
        root == nullptr ? request.lifetime : std::min(request.lifetime, max_intermediate_lifetime);
    CertificateProfile profile{plan.role, {request.organization, request.organization + plan.title},
                               *serial,   {now - backdating, now + lifetime},
                               {},        {}};
    if (root != nullptr && !request.crl_url.empty()) profile.crl_url = request.crl_url + "/root.crl";
    auto certificate = issue_certificate(profile, **key, root);
    if (!certificate) return certificate.error();
    return Authority{std::move(*certificate), std::move(*key)};
}

Result<void> save(const DepotPaths& paths, Index& index, const AuthorityPlan& plan,
                  const Authority& authority, std::chrono::sys_seconds now) {
    auto key = write_private_key(*authority.key);
    if (!key) return key.error();
    const auto key_written = replace_file(paths.key(plan.name), *key, 0600);
    wipe(*key);
    if (!key_written) return key_written.error();
    X509* const certificates[] = {authority.certificate.get()};
    const auto pem = write_certificates(certificates);
    if (!pem) return pem.error();
    const auto written = replace_file(paths.certificate(plan.name), *pem, 0644);
    if (!written) return written.error();
    const auto record =
        record_of(*authority.certificate, root_authority, CertificateKind::authority, plan.name);
    if (!record) return record.error();
    return index.add_authority(*record, now);
}

Result<Index> make_authorities(const DepotPaths& paths, const InitRequest& request,
                               std::chrono::sys_seconds now) {
    if (const auto made = make_private_folder(paths.private_keys()); !made) return made.error();
    if (const auto made = make_private_folder(paths.crls()); !made) return made.error();
    if (const auto made = make_empty_file(paths.index()); !made) return made.error();
    auto index = Index::create(paths.index(), {request.organization, request.crl_url});
    if (!index) return index.error();
    auto root = make_authority(plans[0], request, nullptr, now);
    if (!root) return root.error();
    if (const auto saved = save(paths, *index, plans[0], *root, now); !saved) return saved.error();
    const Signer signer = root->signer();
    for (const AuthorityPlan& plan : {plans[1], plans[2]}) {
        const auto authority = make_authority(plan, request, &signer, now);
        if (!authority) return authority.error();
        if (const auto saved = save(paths, *index, plan, *authority, now); !saved) return saved.error();
    }
    return index;
}

}  // namespace

Result<Answer> init(const std::filesystem::path& root, InitRequest request, std::chrono::sys_seconds now) {
    if (!is_organization(request.organization)) {
        return Error{Fault::input, "--name must be 1 to 50 printable characters"};
    }
    if (!request.crl_url.empty() && !is_crl_url(request.crl_url)) {
        return Error{Fault::input,
                     "--crl-url must be an http or https URL of a folder, without query or fragment"};
    }
    while (request.crl_url.ends_with('/'))
        request.crl_url.pop_back();
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
    auto index = make_authorities(paths, request, now);
    if (!index) return index.error();
    Depot depot(paths, std::move(*index), std::move(*lock));
    Answer answer;
    answer.text = "depot of " + request.organization + " made in " + root.string() + "\n";
    for (const AuthorityPlan& plan : plans) {
        const auto published = publish_crl(depot, plan.name, std::nullopt, now);
        if (!published) return published.error();
        answer.text += describe(*published) + "\n";
    }
    if (::unlink(paths.unfinished().c_str()) != 0) return errno_error(paths.unfinished(), "cannot remove it");
    if (const auto synced = sync_folder(root); !synced) return synced.error();
    return answer;
}

}  // namespace sallyport::pki
