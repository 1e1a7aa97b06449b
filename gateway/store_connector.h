#pragma once

#include "gateway/store_stream.h"
#include "gateway/store_upstream.h"

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace sallyport::gateway {

/// What became of an attempt to connect.
struct StoreConnect {
    enum class Failure {
        none,
        refused,    ///< by the server, or by the way to it; TLS that fails counts as that
        timed_out,  ///< no TCP connection, or no TLS, within the limit
        ours,       ///< this machine is out of descriptors, ports or memory: it says nothing of the server
        stopped,    ///< the caller's session ended
    };
    std::unique_ptr<StoreStream> stream;  ///< null on failure
    Failure failure = Failure::none;
    std::string detail;
};

/// Connects to a server, with TLS if `tls` is not null, all within `limit`. While it waits, `in_progress`
/// points to the connection, so that the caller's ticks and cuts reach it; it must outlive that.
boost::asio::awaitable<StoreConnect> connect_to_store(boost::asio::io_context& io,
                                                      std::shared_ptr<const StoreServer> server,
                                                      std::shared_ptr<const pki::TlsClient> tls,
                                                      std::chrono::milliseconds limit,
                                                      Connection*& in_progress);

}  // namespace sallyport::gateway
