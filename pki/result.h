#pragma once

#include <stdexcept>
#include <string>

#include <boost/system/result.hpp>

namespace sallyport::pki {

/// Who can mend it; programs map it to their exit code.
enum class Fault {
    input,    ///< a file, argument or certificate is wrong: the caller must change it (exit 2)
    runtime,  ///< the system failed us: disk, memory, permissions, a library (exit 3)
};

/// An expected failure of this library: one line for people that says what, where and, if it helps,
/// what to do. It never contains key material.
struct Error {
    Fault fault;
    std::string message;
};

/// A value or the reason why there is none. `value()` on an error is a bug and throws.
template <class T>
using Result = boost::system::result<T, Error>;

/// Found by Boost.System through argument-dependent look-up.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::logic_error("unchecked pki error: " + error.message);
}

}  // namespace sallyport::pki
