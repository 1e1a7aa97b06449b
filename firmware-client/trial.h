#pragma once

#include "firmware-client/result.h"
#include "firmware-client/tls_client.h"
#include "pki/openssl.h"

#include <functional>
#include <span>

namespace sallyport::device {

/// Makes one connection to the device's server and asks it something, with credentials that are not in use
/// yet: the trusted certificates and the identity (null: none). Success: the server answered.
using Trial =
    std::function<Result<void>(std::span<const pki::CertificatePtr> trusted, const ClientIdentity* identity)>;

}  // namespace sallyport::device
