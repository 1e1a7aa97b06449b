#pragma once

#include "gateway/admin_question.h"
#include "gateway/status_page.h"
#include "gateway/worker.h"

#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

namespace sallyport::gateway {

/// The operators' listener: /metrics, /healthz (the process works), /readyz (it takes new connections),
/// /status (JSON), and the status page for people; with TLS and a token if the snapshot has them. It has a
/// thread of its own: scrapes cost requests nothing.
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
        unsigned status = 200;
        std::string_view content_type = {};
        std::string body = {};
        std::optional<InventoryView> view = std::nullopt;  ///< instead of a body
        bool is_page = false;
    };
    /// A connection while it waits for its peer to say something.
    class Waiting {
      public:
        Waiting(std::list<Waiting*>& all, boost::beast::tcp_stream& stream) : all_(all), stream_(stream) {
            place_ = all_.insert(all_.end(), this);
        }
        ~Waiting() { leave(); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        void send_away() {
            leave();
            stream_.close();
        }

      private:
        void leave() {
            if (place_ != all_.end()) all_.erase(place_);
            place_ = all_.end();
        }

        std::list<Waiting*>& all_;
        boost::beast::tcp_stream& stream_;
        std::list<Waiting*>::iterator place_;
    };
    using Request = boost::beast::http::request<boost::beast::http::empty_body>;

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
    boost::asio::awaitable<void> serve_encrypted(boost::asio::ip::tcp::socket socket,
                                                 std::shared_ptr<boost::asio::ssl::context> tls);
    /// Answers requests until the last. `stream` must live until then.
    template <class Stream>
    boost::asio::awaitable<void> answer_all(Stream& stream);
    template <class Stream>
    boost::asio::awaitable<bool> send_text(Stream& stream, Reply& reply, bool keep_alive);
    template <class Stream>
    boost::asio::awaitable<bool> send_view(Stream& stream, Reply& reply, bool chunked, bool keep_alive);
    boost::beast::http::response_header<> head_of(const Reply& reply) const;
    Reply reply_to_all(const Request& request) const;
    static bool is_named_as_local(const Request& request);
    Reply reply_to(AdminPage page) const;

    Shared& shared_;
    StatusPage page_;
    std::list<Waiting*> waiting_;  ///< of its thread; the longest-waiting first
    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    std::thread thread_;
    std::atomic<bool> draining_{false};
    unsigned connections_ = 0;  ///< of its thread
    std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace sallyport::gateway
