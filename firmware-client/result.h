#pragma once

#include "firmware-client/trouble.h"
#include "pki/result.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/system/result.hpp>

namespace sallyport::device {

/// Why a step failed; it decides the exit code, the wait before the next attempt, and never whether a log
/// file is deleted: that takes a success.
enum class Fault {
    configuration,  ///< something on the card must be changed (exit 2)
    refused,        ///< the server understood and said no: S3 error 4xx or a TLS alert (exit 1)
    network,        ///< no connection, or none that can be trusted (exit 3)
    store,          ///< the server answered that it cannot, or something that makes no sense (exit 3)
    card,           ///< the card or the system failed (exit 3)
    stopped,        ///< the program was asked to end (exit 0)
};

/// An expected failure: one line for people. It never contains a secret.
struct Error {
    Fault fault;
    std::string message;
    std::optional<std::chrono::seconds> retry_after = std::nullopt;      ///< the server's own wish
    Trouble trouble = Trouble::none;                                     ///< none: what `fault` stands for
    std::optional<std::chrono::sys_seconds> server_time = std::nullopt;  ///< with clock_wrong

    Trouble kind() const {
        if (trouble != Trouble::none) return trouble;
        switch (fault) {
            case Fault::configuration:
                return Trouble::configuration;
            case Fault::refused:
                return Trouble::policy;
            case Fault::network:
                return Trouble::network;
            case Fault::store:
                return Trouble::answer_malformed;
            case Fault::card:
                return Trouble::card;
            case Fault::stopped:
                return Trouble::none;
        }
        return Trouble::none;
    }
};

/// A value or the reason why there is none. `value()` on an error is a bug and throws.
template <class T>
using Result = boost::system::result<T, Error>;

/// Found by Boost.System through argument-dependent look-up.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::logic_error("unchecked device error: " + error.message);
}

/// What went wrong in a file of the card.
inline Error from_pki(const pki::Error& error) {
    return {error.fault == pki::Fault::input ? Fault::configuration : Fault::card, error.message};
}

}  // namespace sallyport::device
