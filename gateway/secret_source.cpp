#include "gateway/secret_source.h"

namespace sallyport::gateway {

pki::Result<std::string> read_secret_text(const SecretSource& source) {
    using Kind = SecretSource::Kind;
    if (source.kind == Kind::environment) return environment_variable(source.name);
    if (source.kind == Kind::credential) return pki::systemd_credential(source.name);
    return pki::read_secret_text(source.file);
}

}  // namespace sallyport::gateway
