#pragma once

#include "gateway/worker.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace sallyport::gateway {

/// The operators' listener: /metrics, /healthz (the process works), /readyz (it takes new connections),
/// /status (JSON); with TLS and a token if the snapshot has them. It has a thread of its own: scrapes cost
/// requests nothing.
class Admin {
  public:
    /// Throws std::runtime_error when it cannot listen.
    Admin(const SocketAddress& address, Shared& shared);
    ~Admin();

    void start();
    void stop();
    /// From here on /readyz says no. Thread-safe.
    void set_draining() { draining_ = true; }

  private:
    struct Reply {
        unsigned status;
        std::string_view content_type;
        std::string body;
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
    boost::asio::awaitable<void> serve_encrypted(boost::asio::ip::tcp::socket socket,
                                                 std::shared_ptr<boost::asio::ssl::context> tls);
    /// Answers requests until the last. `stream` must live until then.
    template <class Stream>
    boost::asio::awaitable<void> answer_all(Stream& stream);
    bool admits(std::string_view target, std::string_view authorization) const;
    Reply reply_to(std::string_view method, std::string_view target) const;
    Reply readiness() const;
    std::string status() const;

    Shared& shared_;
    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    std::thread thread_;
    std::atomic<bool> draining_{false};
    unsigned connections_ = 0;  ///< of its thread
    std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace sallyport::gateway
