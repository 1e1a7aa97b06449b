#pragma once

#include "pki/result.h"
#include "pki/tool/certificate_record.h"
#include "pki/tool/index.h"

#include <chrono>
#include <span>
#include <string>

namespace sallyport::pki {

/// What an operator who changes `targets`, out of what was selected, may not have in mind, as lines for
/// people: that some of the selection stays as it is, and that devices which are to be shut out have other
/// certificates in use.
std::string note_left_alone(std::span<const CertificateRecord> selected,
                            std::span<const CertificateRecord> targets);
Result<std::string> note_others_in_use(Index& index, std::span<const CertificateRecord> targets,
                                       std::chrono::sys_seconds now);

}  // namespace sallyport::pki
