#pragma once

#include "pki/result.h"
#include "pki/revoked_serials.h"
#include "pki/tool/index.h"

#include <chrono>
#include <string_view>

namespace sallyport::pki {

/// May the next CRL of a scope leave out this entry of an earlier one, as far as the index knows? It may when
/// the certificate has expired at `at`, or when just this hold was lifted; a hold that was set again later,
/// or that the index does not remember, was not.
Result<bool> may_depart(Index& index, std::string_view authority, std::string_view serial,
                        const RevokedSerials::Entry& entry, std::chrono::sys_seconds at);

/// Was this entry a hold, and was just this hold lifted?
Result<bool> was_lifted(Index& index, std::string_view authority, std::string_view serial,
                        const RevokedSerials::Entry& entry);

}  // namespace sallyport::pki
