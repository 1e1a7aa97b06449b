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

namespace sallyport::gateway {

/// The operators' listener, plain HTTP on a loopback address: /metrics, /healthz (the process works), /readyz
/// (it takes new connections), /status (JSON). It has a thread of its own: scrapes cost requests nothing.
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
    Reply reply_to(std::string_view method, std::string_view target) const;
    Reply readiness() const;
    std::string status() const;

    Shared& shared_;
    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    std::thread thread_;
    std::atomic<bool> draining_{false};
    std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace sallyport::gateway
