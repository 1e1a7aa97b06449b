#pragma once

#include "pki/crl.h"

#include <string>
#include <vector>

namespace sallyport::pki {

/// The DER CRLs of a file's bytes: one DER CRL, or one or more PEM blocks "X509 CRL" (RFC 7468). Text around
/// the blocks is passed over; blocks of other kinds and damaged ones are refused, since what looks like a CRL
/// must not be. Works in the memory of `content`: a list of a million needs no second copy.
CrlResult<std::vector<std::string>> split_crl_file(std::string content);

}  // namespace sallyport::pki
