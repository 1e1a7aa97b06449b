#pragma once

#include "firmware-client/settings.h"
#include "firmware-client/socket.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/openssl.h"

#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

namespace sallyport::device {

/// The same for all certificates of a run: none may end a second after its issuer.
inline std::chrono::sys_seconds now() {
    static const auto start = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return start;
}

/// One key for every certificate: making keys is what takes time, and no test depends on their being two.
inline EVP_PKEY& shared_key() {
    static const pki::KeyPtr key = pki::generate_rsa_key().value();
    return *key;
}

inline pki::CertificatePtr issue(pki::CertificateRole role, const std::string& name, X509* signer,
                                 std::vector<pki::AlternativeName> names = {}, bool expired = false) {
    const pki::Signer by{signer, &shared_key()};
    const auto from = expired ? now() - std::chrono::hours{48} : now() - std::chrono::hours{1};
    const auto until = expired ? now() - std::chrono::hours{24} : now() + std::chrono::hours{24};
    auto made = pki::issue_certificate(
        {role, {"", name}, pki::generate_serial().value(), {from, until}, std::move(names), ""}, shared_key(),
        signer == nullptr ? nullptr : &by);
    return std::move(made.value());
}

/// A TLS server of plain OpenSSL calls on 127.0.0.1, so that the client is not judged by its own code.
class Server {
  public:
    using Talk = std::function<void(SSL&)>;
    using Configure = std::function<void(SSL_CTX&)>;

    Server(X509& certificate, const char* suites, int connections, Talk talk, bool wants_certificate = false,
           const Configure& configure = {})
        : context_(SSL_CTX_new(TLS_server_method())), talk_(std::move(talk)) {
        SSL_CTX_use_certificate(context_.get(), &certificate);
        SSL_CTX_use_PrivateKey(context_.get(), &shared_key());
        SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(context_.get(), suites);
        SSL_CTX_set_dh_auto(context_.get(), 1);
        SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("t"), 1);
        if (wants_certificate) {
            SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        }
        if (configure) configure(*context_);
        std::signal(SIGPIPE, SIG_IGN);  // as the program does
        listener_ = Descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_.get(), 8) != 0 ||
            ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("cannot listen");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, connections] { serve(connections); });
    }
    ~Server() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    ServerSettings settings(const std::string& host) const {
        return {true,
                host,
                port_,
                "fleet",
                "us-east-1",
                s3::RequestStyle::path,
                s3::AccessKey::parse("AKID").value(),
                std::move(s3::SecretKey::parse("s").value()),
                false};
    }

  private:
    void serve(int connections) {
        for (int i = 0; i < connections; ++i) {
            const Descriptor socket{::accept(listener_.get(), nullptr, nullptr)};
            if (!socket) return;
            const pki::SslPtr connection{SSL_new(context_.get())};
            SSL_set_fd(connection.get(), socket.get());
            if (SSL_accept(connection.get()) == 1) talk_(*connection);
            pki::take_openssl_errors("");
        }
    }

    pki::SslCtxPtr context_;
    Talk talk_;
    Descriptor listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// Says a word, then closes in an orderly way.
inline void say_and_close(SSL& connection) {
    SSL_write(&connection, "hello", 5);
    SSL_shutdown(&connection);
}

inline constexpr const char* any_suite = "ALL:!ADH";

}  // namespace sallyport::device
