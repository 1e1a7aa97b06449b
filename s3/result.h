#pragma once

#include <stdexcept>
#include <string>

#include <boost/system/result.hpp>

namespace sallyport::s3 {

/// Why a piece of the S3 protocol was not accepted.
enum class Fault {
    malformed,  ///< it breaks the grammar
    ambiguous,  ///< it is well-formed, but two readers could take it for different things
    too_large,  ///< it goes beyond a limit that its contract names
};

/// An expected failure of this library: one line for people. It never contains a secret.
struct Error {
    Fault fault;
    std::string message;
};

/// A value or the reason why there is none. `value()` on an error is a bug and throws.
template <class T>
using Result = boost::system::result<T, Error>;

/// Found by Boost.System through argument-dependent look-up.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::logic_error("unchecked s3 error: " + error.message);
}

}  // namespace sallyport::s3
