#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <chrono>

namespace sallyport::pki {

/// Looks at the whole depot for what is wrong or soon will be: the index and its audit log, the clock, each
/// authority's certificate, key and CRLs, certificates that expire soon, keys and signatures that are weak,
/// and whether devices can load what they are given. One line for each finding, the worst first; "no" when
/// one of them is an error. That modes and owners are right was checked when the depot was opened.
Result<Answer> examine(Depot& depot, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
