#pragma once

#include "gateway/configuration_paths.h"
#include "pki/result.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// The value of `key`: a path that exists, or {credential: NAME}, one of those that systemd gives to a
/// service (systemd.exec(5), LoadCredential=). Credentials are missed only when they are read: commands that
/// need none work for everybody. Faults go to `map`.
std::filesystem::path read_file_or_credential(config::MapReader& map, std::string_view key,
                                              const ConfigurationPaths& paths);

/// A file or credential that holds a key. Errors: those of pki::read_secret_file, but the mode of a
/// credential is not looked at: systemd grants the reading by an ACL, whose mask shows as permission of the
/// group.
pki::Result<std::string> read_key_text(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace sallyport::gateway
