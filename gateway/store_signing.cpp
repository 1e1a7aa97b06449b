#include "gateway/store_signing.h"

#include "gateway/load.h"
#include "pki/file.h"

#include <utility>

namespace sallyport::gateway {
namespace {

Secrets secrets_of(s3::StoreCredentials& credentials) {
    Secrets secrets;
    secrets.try_emplace(credentials.access_key.text(), std::move(credentials.secret_key));
    return secrets;
}

/// `AWS` names the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if it is there, AWS_SESSION_TOKEN.
pki::Result<s3::StoreCredentials> read_environment(const std::string& prefix, std::string& inputs) {
    const auto access_key = environment_variable(prefix + "_ACCESS_KEY_ID");
    if (!access_key) return access_key.error();
    auto secret = environment_variable(prefix + "_SECRET_ACCESS_KEY");
    if (!secret) return secret.error();
    auto token = environment_variable(prefix + "_SESSION_TOKEN");
    auto made = s3::make_store_credentials(*access_key, *secret, token ? *token : "");
    inputs += sha256(*access_key) + sha256(*secret) + (token ? sha256(*token) : "");
    pki::wipe(*secret);
    if (token) pki::wipe(*token);
    if (!made) return pki::Error{pki::Fault::input, prefix + "_*: " + made.error().message};
    return std::move(*made);
}

pki::Result<s3::StoreCredentials> read_file(const ResignSettings& settings, std::string& inputs) {
    auto text = read_secret_text(settings.credentials);
    if (!text) return text.error();
    inputs += sha256(*text);
    auto read = s3::parse_credentials_file(*text, settings.profile);
    pki::wipe(*text);
    if (!read)
        return pki::Error{pki::Fault::input, settings.credentials.origin() + ":" + read.error().message};
    return std::move(*read);
}

}  // namespace

StoreSigning::StoreSigning(s3::StoreCredentials credentials)
    : access_key_(credentials.access_key),
      session_token_(std::move(credentials.session_token)),
      keys_(secrets_of(credentials)) {}

StoreSigning::~StoreSigning() {
    pki::wipe(session_token_);
}

pki::Result<std::shared_ptr<const StoreSigning>> load_store_signing(const ResignSettings& settings,
                                                                    std::string& inputs) {
    const bool in_environment = settings.credentials.kind == SecretSource::Kind::environment;
    auto credentials =
        in_environment ? read_environment(settings.credentials.name, inputs) : read_file(settings, inputs);
    if (!credentials)
        return pki::Error{pki::Fault::input, "store.resign.credentials: " + credentials.error().message};
    return std::make_shared<const StoreSigning>(std::move(*credentials));
}

}  // namespace sallyport::gateway
