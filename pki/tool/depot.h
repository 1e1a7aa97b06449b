#pragma once

#include "pki/issue.h"
#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/tool/depot_lock.h"
#include "pki/tool/index.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// The names of a depot's authorities, as in its files and on the command line.
inline constexpr std::string_view root_authority = "root";
inline constexpr std::string_view device_authority = "device-ca";
inline constexpr std::string_view server_authority = "server-ca";

/// Where everything lies in a depot's folder.
class DepotPaths {
  public:
    explicit DepotPaths(std::filesystem::path root) : root_(std::move(root)) {}

    const std::filesystem::path& root() const noexcept { return root_; }
    std::filesystem::path index() const { return root_ / "index.sqlite"; }
    std::filesystem::path lock() const { return root_ / "lock"; }
    /// Exists from the first to the last step of `init`.
    std::filesystem::path unfinished() const { return root_ / "init-unfinished"; }
    std::filesystem::path private_keys() const { return root_ / "private"; }
    std::filesystem::path key(std::string_view authority) const {
        return named(private_keys(), authority, ".key");
    }
    std::filesystem::path certificate(std::string_view authority) const {
        return named(root_, authority, ".pem");
    }
    std::filesystem::path crls() const { return root_ / "crl"; }
    std::filesystem::path crl(std::string_view authority) const {
        return named(crls(), authority, ".crl.pem");
    }
    std::filesystem::path staging() const { return root_ / "staging"; }
    /// The folder of a server's or device's files.
    std::filesystem::path delivery(CertificateKind kind, std::string_view name) const {
        return root_ / (kind == CertificateKind::device ? "devices" : "servers") / name;
    }

  private:
    static std::filesystem::path named(const std::filesystem::path& folder, std::string_view name,
                                       std::string_view suffix) {
        return folder / (std::string(name).append(suffix));
    }
    std::filesystem::path root_;
};

/// What an authority signs with.
struct Authority {
    CertificatePtr certificate;
    KeyPtr key;

    Signer signer() const noexcept { return {certificate.get(), key.get()}; }
};

/// The folder of a certificate authority. Opening it checks that nobody else can read it.
class Depot {
  public:
    enum class Access { read, write };

    /// Opens the depot in `root`; for `write` it holds the depot's lock. Errors: no depot, an unfinished
    /// init, a lax mode or foreign owner anywhere in it, the lock held by another process.
    static Result<Depot> open(const std::filesystem::path& root, Access access);

    /// Takes over what `init` has just made and locked.
    Depot(DepotPaths paths, Index index, DepotLock lock);

    const DepotPaths& paths() const noexcept { return paths_; }
    Index& index() noexcept { return index_; }

    Result<CertificatePtr> certificate(std::string_view authority) const;
    /// Certificate and key. Error: the key is missing (it may be kept elsewhere), lax, or of another
    /// certificate.
    Result<Authority> authority(std::string_view name) const;

  private:
    Depot(DepotPaths paths, Index index, std::optional<DepotLock> lock);

    DepotPaths paths_;
    std::optional<DepotLock> lock_;
    Index index_;  // after the lock: closed before it is given back
};

/// How long a second writer waits for the first.
inline constexpr std::chrono::milliseconds lock_patience{5000};

}  // namespace sallyport::pki
