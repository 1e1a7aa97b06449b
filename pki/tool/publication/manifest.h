#pragma once

#include "pki/crl.h"
#include "pki/result.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

inline constexpr std::string_view manifest_name = "manifest.json";

/// What a manifest says about one file.
struct ManifestEntry {
    std::string name;
    std::string issuer;            ///< RFC 2253
    std::string number;            ///< CRL number, decimal
    std::string base_number = {};  ///< of a delta CRL: the least complete CRL that it can be applied to
    std::string partition = {};    ///< its distribution point; empty: it speaks about all certificates
    std::string sha256;            ///< of the file, lower-case hexadecimal
    std::uint64_t size = 0;        ///< in bytes
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;

    bool operator==(const ManifestEntry&) const = default;
};

/// What `file`, one CRL in DER or PEM, is in a manifest. Errors: no CRL, more than one, no CRL number.
Result<ManifestEntry> manifest_entry(std::string name, std::string_view file);

/// JSON (RFC 8259), the files in the order of their names; the same entries give the same bytes. Its members
/// are those of ManifestEntry, times as seconds since 1970; those of `base_number` and `partition` are left
/// out where they are empty.
std::string manifest(std::vector<ManifestEntry> entries);

/// Strict: another version, a member that is missing or of another type or form, and a name that stands
/// twice are errors; members that are not known are passed over. At most 1 MiB.
Result<std::vector<ManifestEntry>> parse_manifest(std::string_view json);

}  // namespace sallyport::pki
