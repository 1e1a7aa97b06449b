#pragma once

#include "pki/result.h"
#include "pki/secret.h"

#include <string_view>

namespace sallyport::pki {

/// Asks for one line at /dev/tty, without echo. At SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP the terminal
/// is put back as it was before the signal takes its course; after SIGTSTP and SIGCONT the question comes
/// again. Has no deadline: people need their time. Errors: input, when there is no terminal, or the line is
/// longer than max_passphrase_bytes, or the person ends the input or interrupts a program that goes on;
/// runtime.
Result<Secret> ask_terminal(std::string_view prompt);

}  // namespace sallyport::pki
