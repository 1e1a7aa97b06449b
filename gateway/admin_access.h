#pragma once

#include "gateway/admin_settings.h"
#include "pki/result.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ssl/context.hpp>

namespace sallyport::gateway {

/// How the admin listener proves itself, and who may ask it. Immutable; thread-safe.
class AdminAccess {
  public:
    /// Reads certificate, key and token. Errors: what cannot be read, a key that does not fit, a token that
    /// could be guessed or does not fit into a header field.
    static pki::Result<std::shared_ptr<const AdminAccess>> load(const AdminAccessSettings& settings);

    /// For the server side of TLS 1.2 and 1.3; null: plain HTTP.
    const std::shared_ptr<boost::asio::ssl::context>& tls() const { return tls_; }

    /// Nothing without TLS.
    std::optional<std::chrono::sys_seconds> certificate_not_after() const { return not_after_; }

    /// May whoever sends this Authorization field (RFC 6750 2.1; empty: none) ask for everything? Takes no
    /// shorter for a token that begins right.
    bool admits(std::string_view authorization) const;
    bool asks_for_token() const { return !token_digest_.empty(); }

    /// Digest of all that was read.
    const std::string& inputs() const { return inputs_; }

  private:
    pki::Result<void> load_tls(const AdminAccessSettings& settings);
    pki::Result<void> load_token(const SecretSource& source);

    std::shared_ptr<boost::asio::ssl::context> tls_;
    std::optional<std::chrono::sys_seconds> not_after_;
    std::string token_digest_;  ///< empty: no token is asked for
    std::string inputs_;
};

}  // namespace sallyport::gateway
