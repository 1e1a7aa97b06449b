#pragma once

#include "firmware-client/body.h"
#include "firmware-client/clock.h"
#include "firmware-client/connector.h"
#include "firmware-client/http_exchange.h"
#include "firmware-client/settings.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::device {

/// User metadata of an object: name without `x-amz-meta-`, and value.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Proof that the store has an object.
struct Receipt {
    std::uint64_t bytes;
    std::string md5;  ///< of the bytes that were sent, in lower-case hexadecimal
};

/// What the store says of an object.
struct ObjectInfo {
    std::string etag;  ///< without quotes; empty: none
    std::optional<std::uint64_t> bytes;

    /// The MD5 of the content in lower-case hexadecimal, when the ETag is one: not after a multipart upload,
    /// nor when the object was encrypted with a key of its own.
    std::optional<std::string> md5;
};

/// S3 requests to one bucket over one connection, which is kept while work is queued. Every header that it
/// sends and that S3 lets one sign is signed. A request that a kept-alive connection did not take (closed
/// by the server meanwhile) is made once more on a fresh one.
/// Errors: refused (4xx), store (5xx, 408, 429, redirects, nonsense; with Retry-After), and those below.
class StoreClient {
  public:
    StoreClient(const ServerSettings& settings, Connector& connector, WallClock clock,
                ExchangeLimits limits = {})
        : settings_(settings), connector_(connector), clock_(std::move(clock)), limits_(limits) {}

    /// HEAD. Nothing: there is no such object.
    Result<std::optional<ObjectInfo>> head(const std::string& key);

    /// GET. Nothing: there is no such object. Succeeds only when the body came whole and, if the ETag is an
    /// MD5, is the one it is of. What `sink` got before an error is worthless.
    Result<std::optional<ObjectInfo>> get(const std::string& key, BodySink& sink);

    /// GET of the first `count` bytes, fewer when the object is shorter. `limit`: the longest object that is
    /// read to its end if the server knows no ranges.
    Result<std::optional<std::string>> get_prefix(const std::string& key, std::size_t count,
                                                  std::uint64_t limit);

    /// PUT. Succeeds only on a 200 with an ETag that, if it is an MD5, is that of the bytes sent. One without
    /// is no store's answer: a network that wants a sign-in says 200 to everything.
    Result<Receipt> put(const std::string& key, Body& body, const Metadata& metadata,
                        HashedBody::Progress progress = {});

    /// Ends the connection in an orderly way.
    void close() { stream_.reset(); }

  private:
    /// What goes beyond method and key.
    struct RequestParts {
        const Metadata& metadata;
        std::string_view payload_hash;
        std::string_view range = {};  ///< value of Range; empty: none
        BodySink* sink = nullptr;
    };
    Result<Answer> request(const std::string& method, const std::string& key, Body& body,
                           const RequestParts& parts);
    Result<HttpRequest> signed_request(const std::string& method, const std::string& key,
                                       const RequestParts& parts) const;
    Error refusal(const Answer& answer, const std::string& what) const;

    const ServerSettings& settings_;
    Connector& connector_;
    WallClock clock_;
    ExchangeLimits limits_;
    std::unique_ptr<ByteStream> stream_;
};

/// An HTTP date in its preferred form (RFC 9110 5.6.7). Nothing when malformed.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view value);

/// Retry-After (RFC 9110 10.2.3): seconds or an HTTP date; at most one day. Nothing when malformed.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::chrono::sys_seconds now);

}  // namespace sallyport::device
