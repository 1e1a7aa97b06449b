#pragma once

#include "pki/issue.h"
#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/tool/depot_configuration.h"
#include "pki/tool/depot_lock.h"
#include "pki/tool/depot_paths.h"
#include "pki/tool/index.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// Where the private key of an authority is.
Result<KeyReference> key_reference(const DepotPaths& paths, const AuthorityPlan& plan);

/// What an authority signs with.
struct Authority {
    AuthorityRecord record;
    CertificatePtr certificate;
    KeyPtr key;

    Signer signer() const noexcept { return {certificate.get(), key.get()}; }
};

/// The folder of a certificate authority. Opening it checks that nobody else can read it.
class Depot {
  public:
    enum class Access { read, write };

    /// Opens the depot in `root`; for `write` it holds the depot's lock. Errors: no depot, an unfinished
    /// init, a lax mode or foreign owner anywhere in it, a faulty depot.yaml, the lock held by another
    /// process.
    static Result<Depot> open(const std::filesystem::path& root, Access access);

    /// Takes over what `init` has just made and locked.
    Depot(DepotPaths paths, DepotConfiguration configuration, Index index, DepotLock lock);

    const DepotPaths& paths() const noexcept { return paths_; }
    const DepotConfiguration& configuration() const noexcept { return configuration_; }
    Index& index() noexcept { return index_; }

    /// What the configuration says of an authority. Error: it says nothing.
    Result<AuthorityPlan> plan(std::string_view authority) const;

    Result<CertificatePtr> certificate(std::string_view authority) const;
    /// The certificates above an authority's own, as far as the depot has them: for chains and anchors.
    Result<std::vector<CertificatePtr>> certificates_above(const AuthorityRecord& authority);

    /// Certificate and key. Errors: no such authority; the key is missing (it may be kept elsewhere), lax,
    /// or of another certificate.
    Result<Authority> authority(std::string_view name);
    /// The authority that issues for this role: the newest that is not retired, or the one that is named.
    Result<Authority> issuing(AuthorityRole role, const std::string& name = {});
    Result<AuthorityRecord> issuing_record(AuthorityRole role, const std::string& name = {});

    /// Lets others write, e.g. a revocation, while this command works on something else. What was read before
    /// may be different after lock(). Error of lock(): another process holds it for longer than `patience`.
    void unlock() { lock_.reset(); }
    Result<void> lock(std::chrono::milliseconds patience);

    /// Keeps a key that is open already, so that nobody is asked for its passphrase again.
    void keep_key(std::string_view authority, const KeyPtr& key);

  private:
    Depot(DepotPaths paths, DepotConfiguration configuration, Index index, std::optional<DepotLock> lock);
    Result<KeyPtr> key(std::string_view authority, const X509& certificate);

    DepotPaths paths_;
    DepotConfiguration configuration_;
    std::optional<DepotLock> lock_;
    Index index_;  // after the lock: closed before it is given back
    std::map<std::string, KeyPtr, std::less<>> keys_;
};

/// How long a second writer waits for the first.
inline constexpr std::chrono::milliseconds lock_patience{5000};

}  // namespace sallyport::pki
