#pragma once

#include "firmware-client/card.h"
#include "firmware-client/result.h"
#include "pki/openssl.h"

#include <string_view>

namespace sallyport::device {

/// The two slots of a device's certificate and key. The first is in use: `certs_device.p7b` and
/// `certs_device.key`. The second is filled during a renewal: `certs_device.key.next` from its begin,
/// `certs_device.p7b.next` only when a connection with both has succeeded. From then on the second slot
/// becomes the first, whatever happens to the power meanwhile.

/// The key of the second slot, mode 0600; made when it is not there or not usable. Errors: card.
Result<pki::KeyPtr> next_identity_key(const Card& card);
bool has_next_identity_key(const Card& card);

/// Fills the second slot and makes it the first. `bundle` was tried with the second slot's key.
Result<void> promote_identity(const Card& card, std::string_view bundle);

/// At power-on: ends a promotion that the power cut off. Nothing to do in most cases. Errors: card.
Result<void> finish_promotion(const Card& card);

}  // namespace sallyport::device
