#pragma once

#include "pki/result.h"

#include <string>
#include <vector>

namespace sallyport::gateway {

/// What became of the files of an audit log, in a line for people.
struct AuditVerdict {
    bool is_whole;
    std::string text;
};

/// Follows the chain through `files`, the oldest first; "-" is standard input (compressed files come through
/// it). `head`: a hash (hexadecimal) that must stand in it, so that nothing was cut off behind it; empty:
/// none. Error: a file that cannot be read.
pki::Result<AuditVerdict> verify_audit_files(const std::vector<std::string>& files, const std::string& head);

}  // namespace sallyport::gateway
