#pragma once

#include "config/yaml_reader.h"
#include "pki/key.h"
#include "pki/private_key.h"
#include "pki/result.h"
#include "pki/tool/index.h"
#include "pki/tool/publication/publication_settings.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// How an authority's CRLs are made.
struct CrlSettings {
    std::chrono::hours lifetime{std::chrono::days{7}};  ///< from thisUpdate to nextUpdate
    /// `crl --refresh-if-due` makes a new one when the old one is this old; the rest is the overlap.
    std::chrono::hours refresh_after{std::chrono::days{1}};
    std::string url = {};     ///< of the folder of published CRLs, without a slash at its end; empty: none
    unsigned partitions = 1;  ///< 1 to 256
    bool delta = false;       ///< a revocation publishes a delta CRL
};

/// The distribution point (RFC 5280 4.2.1.13) for a certificate with this serial; empty: none.
std::string distribution_url(const CrlSettings& settings, const AuthorityRecord& issuer,
                             std::string_view serial);

/// Certificates begin this long before they are made, for clocks that are behind.
inline constexpr std::chrono::hours backdating{1};

/// An authority as the configuration wants it.
struct AuthorityPlan {
    std::string name;
    AuthorityRole role = AuthorityRole::root;
    std::string issuer = {};  ///< empty: a root; "elsewhere": not in this depot
    std::string common_name = {};
    KeyAlgorithm algorithm = KeyAlgorithm::rsa_2048;
    std::string key_uri = {};  ///< RFC 7512; empty: the file DIR/private/NAME.key
    bool key_exists = false;   ///< in the token: it is not made with the authority
    /// Of a key file, which is then encrypted, or the PIN of a token. Nothing: a plain file, or the terminal.
    std::optional<PassphraseSource> passphrase = std::nullopt;
    std::chrono::days lifetime{0};
    CrlSettings crl = {};

    /// Its certificate was issued by an authority outside of this depot.
    bool issued_elsewhere() const noexcept { return issuer == "elsewhere"; }
};

/// What certificates of one kind get when the command line does not say otherwise.
struct LeafSettings {
    std::chrono::days lifetime;
    KeyAlgorithm algorithm = KeyAlgorithm::rsa_2048;
};

/// A depot's `depot.yaml`: what operators decide, as opposed to what happened (Index).
struct DepotConfiguration {
    std::string organization = "Sallyport";
    std::vector<AuthorityPlan> authorities = {};
    LeafSettings devices{std::chrono::days{1095}};
    LeafSettings servers{std::chrono::days{397}};
    LeafSettings operators{std::chrono::days{365}};
    /// A command that would revoke more than this share of the valid device certificates asks for
    /// --yes-revoke N.
    unsigned ask_above_percent = 5;
    PublicationSettings publication = {};

    const AuthorityPlan* find(std::string_view name) const noexcept;
};

/// The hierarchy of a depot that was made without a profile: a root, a device-issuing and a server-issuing
/// authority, all with RSA 2048 keys in files.
DepotConfiguration default_configuration(std::string organization, std::string crl_url,
                                         std::chrono::days root_lifetime);

/// The same for a depot with one device-issuing authority that is imported.
DepotConfiguration importing_configuration(std::string organization, std::string crl_url);

inline constexpr std::size_t max_configuration_bytes = std::size_t{1024} * 1024;

/// Parses `text`; `file` names it in errors, which have one line "file:line:column: where: what" for each
/// fault. Strict: unknown keys, names that nothing refers to, and hierarchies that cannot be made are faults.
Result<DepotConfiguration> parse_configuration(const std::string& text, const std::filesystem::path& file);

/// The same as text, with comments that say what can be added.
std::string write_configuration(const DepotConfiguration& configuration);

}  // namespace sallyport::pki
