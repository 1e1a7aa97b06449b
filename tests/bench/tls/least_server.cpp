// The least that a TLS front can cost: what OpenSSL and the kernel take for one connection and one request
// that is passed on. One connection after the other, blocking, so that no event loop is paid for; no request
// is parsed, no policy asked, nothing logged. What it costs is a floor under whatever is built on the same
// library.
//
// bench_tls_least_server --chain PEM --key PEM --authorities PEM --suite NAME --store PORT
// Prints its port, and ends when its input does.

#include "pki/descriptor.h"
#include "pki/openssl.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace sallyport;

struct Options {
    std::string chain;
    std::string key;
    std::string authorities;
    std::string suite;
    std::uint16_t store = 0;
};

void check(bool done, const std::string& doing) {
    if (!done) throw std::runtime_error(doing + ": " + std::strerror(errno));
}

void check_tls(bool done, const std::string& doing) {
    if (!done) throw std::runtime_error(pki::take_openssl_errors(doing));
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void send_at_once(int socket) {
    const int on = 1;
    check(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
}

pki::Descriptor new_socket() {
    pki::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    check(socket.get() >= 0, "socket");
    return socket;
}

/// As the gateway and nginx in the same measurement: sessions in the process, by id; chains are verified.
pki::SslCtxPtr server_context(const Options& options) {
    constexpr std::string_view name = "least";
    pki::SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
    check_tls(
        context && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
            SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
            SSL_CTX_set_cipher_list(context.get(), options.suite.c_str()) == 1 &&
            SSL_CTX_set1_groups_list(context.get(), "X25519:P-256") == 1 &&
            SSL_CTX_use_certificate_chain_file(context.get(), options.chain.c_str()) == 1 &&
            SSL_CTX_use_PrivateKey_file(context.get(), options.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_load_verify_file(context.get(), options.authorities.c_str()) == 1 &&
            SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(name.data()),
                                           static_cast<unsigned>(name.size())) == 1,
        "cannot set up TLS");
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(options.authorities.c_str()));
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_SERVER);
    SSL_CTX_set_read_ahead(context.get(), 1);  // one read for all that has come
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
}

class Server {
  public:
    explicit Server(const Options& options)
        : context_(server_context(options)), listening_(new_socket()), store_(new_socket()) {
        const sockaddr_in any_port = loopback(0);
        const sockaddr_in store = loopback(options.store);
        check(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port) == 0 &&
                  ::listen(listening_.get(), SOMAXCONN) == 0,
              "listen");
        check(::connect(store_.get(), reinterpret_cast<const sockaddr*>(&store), sizeof store) == 0,
              "connect to the store");
        send_at_once(store_.get());
    }

    std::uint16_t port() const {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        check(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0, "getsockname");
        return ntohs(own.sin_port);
    }

    /// Until standard input ends.
    void run() {
        for (;;) {
            std::array<pollfd, 2> waiting{{{listening_.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
            check(::poll(waiting.data(), waiting.size(), -1) > 0, "poll");
            if (waiting[1].revents != 0) return;
            serve(pki::Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        }
    }

  private:
    /// One request of one record, one answer of one record; whoever does otherwise is let go.
    void serve(const pki::Descriptor& client) {
        check(client.get() >= 0, "accept");
        send_at_once(client.get());
        const pki::SslPtr tls(SSL_new(context_.get()));
        check_tls(tls && SSL_set_fd(tls.get(), client.get()) == 1, "cannot make a connection");
        if (SSL_accept(tls.get()) != 1) return ERR_clear_error();
        const int asked = SSL_read(tls.get(), block_.data(), static_cast<int>(block_.size()));
        if (asked <= 0) return ERR_clear_error();
        check(::send(store_.get(), block_.data(), static_cast<std::size_t>(asked), MSG_NOSIGNAL) == asked,
              "send to the store");
        const ssize_t answered = ::recv(store_.get(), block_.data(), block_.size(), 0);
        check(answered > 0, "receive from the store");
        SSL_write(tls.get(), block_.data(), static_cast<int>(answered));
        SSL_read(tls.get(), block_.data(), static_cast<int>(block_.size()));  // the client's close_notify
        SSL_shutdown(tls.get());
        ERR_clear_error();
    }

    pki::SslCtxPtr context_;
    pki::Descriptor listening_;
    pki::Descriptor store_;
    std::array<char, 16'384> block_{};
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("The least that a TLS front can cost");
    Options options;
    app.add_option("--chain", options.chain)->required();
    app.add_option("--key", options.key)->required();
    app.add_option("--authorities", options.authorities)->required();
    app.add_option("--suite", options.suite)->required();
    app.add_option("--store", options.store)->required();
    CLI11_PARSE(app, argc, argv);
    try {
        Server server(options);
        std::cout << server.port() << std::endl;
        server.run();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
