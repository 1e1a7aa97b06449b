#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <ostream>
#include <string>

namespace sallyport::pki {

enum class ReportForm { table, json };

/// The certificates that the filter lets through, oldest first: a table, or one JSON array. Written as it is
/// read, so that a depot of any size takes little memory.
Result<Answer> list(Depot& depot, const CertificateFilter& filter, ReportForm form, std::ostream& out);

/// All that the depot knows of a device's certificates, or of the one with a serial (hexadecimal), with its
/// events. "No" when there is none.
Result<Answer> show(Depot& depot, const std::string& id_or_serial, ReportForm form,
                    std::chrono::sys_seconds now);

/// How many certificates there are of each kind and state, the authorities, and their newest CRLs.
Result<Answer> stats(Depot& depot, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
