#include "pki/tool/depot.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/private_key.h"
#include "pki/tool/folder.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_pem_bytes = std::size_t{64} * 1024;

Result<void> check_modes(const DepotPaths& paths) {
    // The folder itself may be reached through a symbolic link; what lies in it may not.
    std::error_code code;
    const auto root = std::filesystem::canonical(paths.root(), code);
    if (code) return Error{Fault::input, paths.root().string() + ": " + code.message()};
    if (const auto checked = check_private(root, FileType::folder); !checked) return checked.error();
    if (const auto checked = check_private(paths.private_keys(), FileType::folder); !checked)
        return checked.error();
    if (const auto checked = check_private(paths.index(), FileType::file); !checked) return checked.error();
    for (std::filesystem::directory_iterator at(paths.private_keys(), code), end; !code && at != end;
         at.increment(code)) {
        if (const auto checked = check_private(at->path(), FileType::file); !checked) return checked.error();
    }
    if (code) return Error{Fault::input, paths.private_keys().string() + ": " + code.message()};
    return {};
}

Result<DepotConfiguration> read_configuration(const DepotPaths& paths) {
    const auto text = read_file(paths.configuration(), max_configuration_bytes);
    if (!text) return text.error();
    return parse_configuration(*text, paths.configuration());
}

}  // namespace

Result<KeyReference> key_reference(const DepotPaths& paths, const AuthorityPlan& plan) {
    return KeyReference::parse(plan.key_uri.empty() ? paths.key(plan.name).string() : plan.key_uri);
}

Depot::Depot(DepotPaths paths, DepotConfiguration configuration, Index index, std::optional<DepotLock> lock)
    : paths_(std::move(paths)),
      configuration_(std::move(configuration)),
      lock_(std::move(lock)),
      index_(std::move(index)) {}

Depot::Depot(DepotPaths paths, DepotConfiguration configuration, Index index, DepotLock lock)
    : Depot(std::move(paths), std::move(configuration), std::move(index),
            std::optional<DepotLock>(std::move(lock))) {}

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
    if (!present(paths.index()))
        return Error{Fault::input,
                     root.string() + ": not a depot; " + again +
                         ", or, if you have a backup, sallyport-pki restore --from BACKUP --depot " +
                         root.string()};
    if (const auto checked = check_modes(paths); !checked) return checked.error();
    auto configuration = read_configuration(paths);
    if (!configuration) return configuration.error();

    std::optional<DepotLock> lock;
    if (access == Access::write) {
        auto acquired = DepotLock::acquire(paths.lock(), lock_patience);
        if (!acquired) return acquired.error();
        lock.emplace(std::move(*acquired));
    }
    auto index = Index::open(paths.index());
    if (!index) return index.error();
    return Depot(std::move(paths), std::move(*configuration), std::move(*index), std::move(lock));
}

Result<AuthorityPlan> Depot::plan(std::string_view authority) const {
    const AuthorityPlan* const plan = configuration_.find(authority);
    if (plan == nullptr) {
        return Error{Fault::input, paths_.configuration().string() + ": says nothing of the authority '" +
                                       std::string(authority) + "', which this depot has"};
    }
    return *plan;
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

Result<std::vector<CertificatePtr>> Depot::certificates_above(const AuthorityRecord& authority) {
    std::vector<CertificatePtr> above;
    if (authority.issuer == authority.name) return above;
    if (authority.issuer.empty()) {
        const auto path = paths_.chain_above(authority.name);
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) return above;
        const auto text = read_file(path, max_pem_bytes);
        if (!text) return text.error();
        return parse_certificates(*text, path.string());
    }
    auto issuer = certificate(authority.issuer);
    if (!issuer) return issuer.error();
    above.push_back(std::move(*issuer));
    return above;
}

Result<void> Depot::lock(std::chrono::milliseconds patience) {
    if (lock_) return {};
    auto acquired = DepotLock::acquire(paths_.lock(), patience);
    if (!acquired) return acquired.error();
    lock_.emplace(std::move(*acquired));
    return {};
}

void Depot::keep_key(std::string_view authority, const KeyPtr& key) {
    EVP_PKEY_up_ref(key.get());
    keys_.insert_or_assign(std::string(authority), KeyPtr(key.get()));
}

Result<KeyPtr> Depot::key(std::string_view authority, const X509& certificate) {
    if (const auto known = keys_.find(authority); known != keys_.end()) {
        EVP_PKEY_up_ref(known->second.get());
        return KeyPtr(known->second.get());
    }
    const auto wanted = plan(authority);
    if (!wanted) return wanted.error();
    const auto reference = key_reference(paths_, *wanted);
    if (!reference) return reference.error();
    auto opened =
        open_private_key(*reference, wanted->passphrase.value_or(PassphraseSource::terminal()), certificate);
    if (opened) keep_key(authority, *opened);
    return opened;
}

Result<Authority> Depot::authority(std::string_view name) {
    auto record = index_.find_authority(name);
    if (!record) return record.error();
    if (!*record) return Error{Fault::input, std::string(name) + ": no such authority in this depot"};
    auto own_certificate = certificate(name);
    if (!own_certificate) return own_certificate.error();
    auto opened = key(name, **own_certificate);
    if (!opened) return opened.error();
    return Authority{std::move(**record), std::move(*own_certificate), std::move(*opened)};
}

Result<AuthorityRecord> Depot::issuing_record(AuthorityRole role, const std::string& name) {
    const auto all = index_.authorities();
    if (!all) return all.error();
    const auto issues = [&](const AuthorityRecord& authority) {
        return name.empty() ? authority.role == role && !authority.retired : authority.name == name;
    };
    const auto found = std::find_if(all->rbegin(), all->rend(), issues);
    const std::string wanted(to_string(role));
    if (found == all->rend()) {
        return Error{Fault::input, name.empty() ? "no authority of this depot issues for " + wanted +
                                                      "; describe one in " + paths_.configuration().string() +
                                                      " and make it with: sallyport-pki authority add NAME"
                                                : name + ": no such authority in this depot"};
    }
    if (found->role != role)
        return Error{Fault::input, found->name + ": issues for " + std::string(to_string(found->role)) +
                                       ", not for " + wanted};
    if (found->retired) return Error{Fault::input, found->name + ": this authority is retired"};
    return *found;
}

Result<Authority> Depot::issuing(AuthorityRole role, const std::string& name) {
    const auto record = issuing_record(role, name);
    if (!record) return record.error();
    return authority(record->name);
}

}  // namespace sallyport::pki
