#pragma once

#include "pki/result.h"
#include "s3/sigv4.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// The secret halves of S3 key pairs, by access key.
using Secrets = std::map<std::string, s3::SecretKey, std::less<>>;

/// Reads lines of an access key and its secret, separated by blanks; a line that begins with `#` is a
/// comment. Nothing is kept of a text with a fault, which is told with its line and without a secret.
pki::Result<Secrets> parse_secrets(std::string_view text);

/// The keys that requests are signed with. Derived once for each day and region: four HMACs less for each
/// request. Thread-safe.
class SigningKeys {
  public:
    explicit SigningKeys(Secrets secrets) : secrets_(std::move(secrets)) {}

    bool has(std::string_view access_key) const { return secrets_.contains(access_key); }

    /// Nothing for an access key without a secret.
    std::optional<s3::SigningKey> of(const s3::AccessKey& access_key, const s3::CredentialScope& scope) const;

  private:
    const Secrets secrets_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, s3::SigningKey, std::less<>> derived_;  ///< by key and scope; bounded
};

}  // namespace sallyport::gateway
