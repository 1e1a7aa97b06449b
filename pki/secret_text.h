#pragma once

#include "pki/result.h"

#include <filesystem>
#include <string>

/// The texts of secrets from where operators keep them. The caller wipes them.
namespace sallyport::pki {

/// The text of a file, which is refused when others may read it and when it does not end with a line feed:
/// one that was cut must not pass for whole, since the beginning of a key is another key.
Result<std::string> read_secret_text(const std::filesystem::path& file);
/// The same rule for what is no secret.
Result<std::string> whole_lines(Result<std::string> text, const std::filesystem::path& file);

/// The value of a variable, which must be there.
Result<std::string> environment_variable(const std::string& name);

/// One of the credentials that systemd gives to a service (systemd.exec(5), LoadCredential).
Result<std::string> systemd_credential(const std::string& name);

}  // namespace sallyport::pki
