#pragma once

#include "config/secret_source.h"
#include "gateway/configuration_paths.h"
#include "pki/secret_text.h"

#include <string>

namespace sallyport::gateway {

using config::read_secret_source;
using config::SecretSource;
using pki::environment_variable;
using pki::whole_lines;

/// The text of a file, a variable or a systemd credential. The caller wipes it.
pki::Result<std::string> read_secret_text(const SecretSource& source);

}  // namespace sallyport::gateway
