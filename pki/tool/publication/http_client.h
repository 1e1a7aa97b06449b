#pragma once

#include "pki/tls_client.h"
#include "pki/tool/publication/web_address.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

namespace sallyport::pki {

struct HttpField {
    std::string name;
    std::string value;
};

/// Host, Content-Length, Connection and User-Agent are the client's to add.
struct HttpRequest {
    std::string method;
    std::string target;  ///< origin form
    std::vector<HttpField> fields = {};
    std::string_view body = {};  ///< the caller's
};

struct HttpLimits {
    std::chrono::milliseconds deadline{
        30'000};                           ///< for look-up, connection, TLS, request and answer together
    std::size_t answer_bytes = 64 * 1024;  ///< of the answer's body
};

struct HttpAnswer {
    unsigned status = 0;
    std::string location = {};  ///< of a redirect, for people; it is never followed
    std::string body = {};
};

/// Why there is no answer.
struct HttpProblem {
    enum class Kind {
        connection,  ///< not found, not reached, or cut: another attempt may fare better
        timeout,     ///< the deadline is over
        tls,         ///< the server could not be trusted, or refused us
        malformed,   ///< what came is no HTTP/1.1 answer, or does not say where it ends
        too_large,
    } kind;
    std::string what;  ///< for people, without the server's name
};

using HttpResult = boost::system::result<HttpAnswer, HttpProblem>;
[[noreturn]] void throw_exception_from_error(const HttpProblem& problem, const boost::source_location&);

/// How often and how patiently a request is repeated that met a broken connection, 429 or 5xx.
struct RetryPolicy {
    unsigned attempts = 3;
    std::chrono::milliseconds first_pause{250};  ///< doubled after each attempt
};

/// Requests to one server over HTTP/1.1 (RFC 9112), each on a connection of its own. Blocks. Redirects are
/// answers like others. One thread at a time.
class HttpClient {
  public:
    /// `tls` is for https alone.
    HttpClient(WebAddress server, std::shared_ptr<const TlsClient> tls);

    const WebAddress& server() const noexcept { return server_; }

    /// One attempt. An answer that comes before the request was sent whole (a refusal) is an answer.
    HttpResult exchange(const HttpRequest& request, const HttpLimits& limits);

    /// The request must be one that may be made twice (RFC 9110 9.2.2). The last attempt's result.
    HttpResult exchange_with_retries(const HttpRequest& request, const HttpLimits& limits,
                                     const RetryPolicy& policy);

  private:
    WebAddress server_;
    std::shared_ptr<const TlsClient> tls_;
    std::unique_ptr<ClientSessions> sessions_;
};

}  // namespace sallyport::pki
