#include "pki/tool/depot.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/key.h"
#include "pki/tool/folder.h"

namespace sallyport::pki {
namespace {

constexpr std::size_t max_pem_bytes = std::size_t{64} * 1024;

Result<void> check_modes(const DepotPaths& paths) {
    // The folder itself may be reached through a symbolic link; what lies in it may not.
    std::error_code ignored;
    const auto root = std::filesystem::canonical(paths.root(), ignored);
    if (ignored) return Error{Fault::input, paths.root().string() + ": " + ignored.message()};
    if (const auto checked = check_private(root, FileType::folder); !checked) return checked.error();
    if (const auto checked = check_private(paths.private_keys(), FileType::folder); !checked)
        return checked.error();
    if (const auto checked = check_private(paths.index(), FileType::file); !checked) return checked.error();
    for (const std::string_view name : {root_authority, device_authority, server_authority}) {
        const auto key = paths.key(name);
        // An absent key is legal: the root's is best kept offline.
        if (!std::filesystem::exists(std::filesystem::symlink_status(key, ignored))) continue;
        if (const auto checked = check_private(key, FileType::file); !checked) return checked.error();
    }
    return {};
}

}  // namespace

Depot::Depot(DepotPaths paths, Index index, std::optional<DepotLock> lock)
    : paths_(std::move(paths)), lock_(std::move(lock)), index_(std::move(index)) {}

Depot::Depot(DepotPaths paths, Index index, DepotLock lock)
    : Depot(std::move(paths), std::move(index), std::optional<DepotLock>(std::move(lock))) {}

Result<Depot> Depot::open(const std::filesystem::path& root, Access access) {
    DepotPaths paths(root);
    std::error_code ignored;
    const auto present = [&](const std::filesystem::path& path) {
        return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
    };
    const auto again = "run sallyport-pki init --depot " + root.string();
    if (present(paths.unfinished())) {
        return Error{Fault::input, root.string() + ": init was interrupted here; " + again + " again"};
    }
    if (!present(paths.index())) return Error{Fault::input, root.string() + ": not a depot; " + again};
    if (const auto checked = check_modes(paths); !checked) return checked.error();

    std::optional<DepotLock> lock;
    if (access == Access::write) {
        auto acquired = DepotLock::acquire(paths.lock(), lock_patience);
        if (!acquired) return acquired.error();
        lock.emplace(std::move(*acquired));
    }
    auto index = Index::open(paths.index());
    if (!index) return index.error();
    return Depot(std::move(paths), std::move(*index), std::move(lock));
}

Result<CertificatePtr> Depot::certificate(std::string_view authority) const {
    const auto path = paths_.certificate(authority);
    const auto text = read_file(path, max_pem_bytes);
    if (!text) return text.error();
    auto certificates = parse_certificates(*text, path.string());
    if (!certificates) return certificates.error();
    if (certificates->size() != 1) return Error{Fault::input, path.string() + ": more than one certificate"};
    return std::move(certificates->front());
}

Result<Authority> Depot::authority(std::string_view name) const {
    auto own_certificate = certificate(name);
    if (!own_certificate) return own_certificate.error();
    const auto path = paths_.key(name);
    auto text = read_secret_file(path, max_pem_bytes);
    if (!text) return text.error();
    auto key = parse_private_key(*text, path.string());
    wipe(*text);
    if (!key) return key.error();
    if (!key_matches(**key, **own_certificate)) {
        return Error{Fault::input, path.string() + ": not the key of " + paths_.certificate(name).string()};
    }
    return Authority{std::move(*own_certificate), std::move(*key)};
}

}  // namespace sallyport::pki
