#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// One encapsulated text (RFC 7468), decoded.
struct PemBlock {
    std::string label;  ///< e.g. "CERTIFICATE"
    std::string der;
};

/// The PEM blocks of a text, in order; explanatory text around them is passed over. Nothing when there is
/// none or when a block is damaged or cut off: a damaged block must not vanish from a set silently.
/// Encrypted blocks are returned as they are. At most 2 GiB.
std::optional<std::vector<PemBlock>> read_pem_blocks(std::string_view text);

}  // namespace sallyport::pki
