#pragma once

#include "firmware-client/body.h"
#include "firmware-client/byte_stream.h"
#include "firmware-client/http_answer.h"
#include "firmware-client/result.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::device {

/// Limits of one exchange.
struct ExchangeLimits {
    std::chrono::seconds stall{30};   ///< the longest wait for the network to take one block
    std::chrono::seconds answer{60};  ///< from the last byte of the request to the end of the answer
    std::chrono::seconds download{
        3600};  ///< the same for an object, whose next block must come within `answer`
    std::size_t answer_body_bytes = 256 * 1024;
};

/// A request whose head is complete but for Content-Length, which the exchange adds.
struct HttpRequest {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// The outcome of an exchange that failed: whether the server gave any sign of having seen the request. If it
/// did not, a kept-alive connection had simply been closed, and the request may be made again.
struct ExchangeError {
    Error error;
    bool answer_began;
};

using ExchangeResult = boost::system::result<Answer, ExchangeError>;
[[noreturn]] inline void throw_exception_from_error(const ExchangeError& failed,
                                                    const boost::source_location&) {
    throw std::logic_error("unchecked exchange error: " + failed.error.message);
}

/// One request and its answer over `stream`. The body is streamed from its current position; an answer that
/// comes before the end of the body stops the sending, and the connection cannot be used again.
/// `sink`, if any, gets the body of a 200 or 206.
ExchangeResult exchange(ByteStream& stream, const HttpRequest& request, Body& body,
                        const ExchangeLimits& limits, BodySink* sink = nullptr);

}  // namespace sallyport::device
