#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/bulk_issuance.h"
#include "pki/tool/depot.h"
#include "pki/tool/leaf.h"

#include <string>
#include <vector>

namespace sallyport::pki {

/// Answers the requests for certificates that devices have put into the store of the configuration
/// (`requests`): ID/device.csr by ID/certs_device.p7b. Who may write there is the gateway's matter: it lets a
/// device write below its own ID only, after it has shown its certificate. So a request is answered only when
/// its device has a certificate in use, the newest is neither revoked nor on hold, and it names that device.
/// A request whose key is certified already gets the same answer again. One that cannot be answered is told
/// in the answer and does not stop the others; one that the store does
/// not give or take is a failure, told at the end. `ids`: only these; empty: all devices of the depot.
Result<Answer> answer_requests(Depot& depot, const std::vector<std::string>& ids,
                               const IssuingOptions& options, const Progress& progress,
                               const Occasion& occasion);

}  // namespace sallyport::pki
