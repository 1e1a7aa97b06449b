#pragma once

#include "gateway/resign_settings.h"
#include "gateway/signing_keys.h"
#include "pki/result.h"
#include "s3/credentials_file.h"

#include <memory>
#include <string>

namespace sallyport::gateway {

/// What requests to the store are signed with. Thread-safe.
class StoreSigning {
  public:
    explicit StoreSigning(s3::StoreCredentials credentials);
    ~StoreSigning();
    StoreSigning(const StoreSigning&) = delete;
    StoreSigning& operator=(const StoreSigning&) = delete;

    const s3::AccessKey& access_key() const noexcept { return access_key_; }
    const std::string& session_token() const noexcept { return session_token_; }
    s3::SigningKey key(const s3::CredentialScope& scope) const { return *keys_.of(access_key_, scope); }

  private:
    s3::AccessKey access_key_;
    std::string session_token_;
    SigningKeys keys_;
};

/// Reads the credentials. `inputs` is extended by a digest of them. Errors say where, never a secret.
pki::Result<std::shared_ptr<const StoreSigning>> load_store_signing(const ResignSettings& settings,
                                                                    std::string& inputs);

}  // namespace sallyport::gateway
