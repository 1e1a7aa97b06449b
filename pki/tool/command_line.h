#pragma once

#include <chrono>
#include <ostream>

namespace sallyport::pki {

/// Runs `sallyport-pki` with the arguments of main() at the instant `now`. Returns the exit code: 0 done, 1 a
/// "no", 2 wrong usage, files or modes, 3 the system failed. Errors are one line on `err`.
int run_command(int argc, const char* const* argv, std::chrono::sys_seconds now, std::ostream& out,
                std::ostream& err);

}  // namespace sallyport::pki
