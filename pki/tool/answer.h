#pragma once

#include <string>

namespace sallyport::pki {

/// What a command found out or did, in lines for people. A "no" is an answer too: the program says it on
/// standard error and exits with 1. Notes go to standard error in any case.
struct Answer {
    bool yes = true;
    std::string text;
    std::string notes;
};

inline Answer no(std::string text) {
    return {false, std::move(text) + "\n", {}};
}

}  // namespace sallyport::pki
