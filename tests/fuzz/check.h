#pragma once

#include <cstdio>
#include <cstdlib>

namespace sallyport::fuzz {

/// Stops the fuzzer, in every build, when something that must always hold does not.
inline void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace sallyport::fuzz
