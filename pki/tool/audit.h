#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"
#include "pki/tool/report.h"

#include <ostream>
#include <string>

namespace sallyport::pki {

/// The audit log from its beginning: a table, or one JSON array. Written as it is read.
Result<Answer> list_events(Depot& depot, ReportForm form, std::ostream& out);

/// Computes the chain of hashes again. "No" when an event was changed, removed or put between, and when
/// `head`, the last hash as it was noted elsewhere (hexadecimal, may be empty), does not stand in the chain.
Result<Answer> verify_audit(Index& index, const std::string& head);

}  // namespace sallyport::pki
