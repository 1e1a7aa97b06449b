#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace sallyport::pki {

/// What a command found out or did: lines for people, and with --json an object for programs. A "no" is an
/// answer too: the program says it on standard error and exits with 1. Notes go to standard error in any
/// case.
struct Answer {
    bool yes = true;
    std::string text;
    std::string notes = {};
    /// What the command did not achieve although it did what `text` says, e.g. a CRL that is not in place
    /// everywhere. The program exits with 3.
    std::string failure = {};
    boost::json::object json = {};

    void add_failure(const std::string& line) { failure += (failure.empty() ? "" : "\n") + line; }
};

inline Answer no(std::string text) {
    Answer answer{false, text + "\n"};
    answer.json["reason"] = std::move(text);
    return answer;
}

}  // namespace sallyport::pki
