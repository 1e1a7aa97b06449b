#pragma once

#include "gateway/configuration_paths.h"
#include "pki/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Where secrets come from.
struct SecretSource {
    enum class Kind { none, file, environment, credential } kind = Kind::none;
    std::string name = {};            ///< of a variable, or of one of systemd's credentials
    std::filesystem::path file = {};  ///< which only its owner may read

    /// For messages.
    std::string origin() const { return kind == Kind::file ? file.string() : name; }
    bool operator==(const SecretSource&) const = default;
};

/// One of the keys `file`, `environment` and `credential` of a mapping.
SecretSource read_secret_source(config::MapReader& map, const ConfigurationPaths& paths);

/// The text of a file, a variable or a systemd credential. The caller wipes it. A file is refused when others
/// may read it and when it does not end with a line feed: one that was cut must not pass for whole, since the
/// beginning of a key is another key.
pki::Result<std::string> read_secret_text(const SecretSource& source);
/// The same rule for what is no secret.
pki::Result<std::string> whole_lines(pki::Result<std::string> text, const std::filesystem::path& file);

/// The value of a variable, which must be there.
pki::Result<std::string> environment_variable(const std::string& name);

}  // namespace sallyport::gateway
