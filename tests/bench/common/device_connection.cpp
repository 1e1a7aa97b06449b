#include "tests/bench/common/device_connection.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace sallyport::bench {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr timeval patience{20, 0};

[[noreturn]] void fail(const std::string& doing) {
    throw std::runtime_error(pki::take_openssl_errors(doing));
}

int connect_to(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (descriptor < 0 || ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const std::string reason = std::strerror(errno);
        if (descriptor >= 0) ::close(descriptor);
        throw std::runtime_error("connect: " + reason);
    }
    return descriptor;
}

}  // namespace

pki::SslCtxPtr client_context(const std::string& suite) {
    pki::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context.get(), suite.c_str()) != 1 ||
        SSL_CTX_set1_groups_list(context.get(), "X25519") != 1) {
        fail("cannot set up TLS");
    }
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    return context;
}

DeviceConnection::DeviceConnection(SSL_CTX& context, std::uint16_t port, const Fleet& fleet,
                                   const Device& device, SSL_SESSION* session)
    : socket_(-1), ssl_(SSL_new(&context)) {
    if (!ssl_ || SSL_use_cert_and_key(ssl_.get(), device.certificate.get(), fleet.key.get(),
                                      fleet.chain.get(), 1) != 1) {
        fail("cannot make a connection");
    }
    if (session != nullptr) SSL_set_session(ssl_.get(), session);
    socket_ = connect_to(port);
    try {
        if (SSL_set_fd(ssl_.get(), socket_) != 1 || SSL_connect(ssl_.get()) != 1) fail("handshake");
        const bool resumed = SSL_session_reused(ssl_.get()) == 1;
        if (resumed != (session != nullptr))
            throw std::runtime_error(resumed ? "handshake: resumed" : "handshake: not resumed");
    } catch (...) {  // there is no destructor yet
        ::close(socket_);
        throw;
    }
}

DeviceConnection::~DeviceConnection() {
    ::close(socket_);
}

void DeviceConnection::send(std::string_view text) {
    if (SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) <= 0) fail("write");
}

void DeviceConnection::send_body(std::uint64_t bytes) {
    static const std::string block(block_bytes, 'x');
    for (; bytes > 0; bytes -= std::min<std::uint64_t>(bytes, block.size()))
        send(std::string_view(block).substr(0, bytes));
}

std::size_t DeviceConnection::read(char* into, std::size_t room) {
    const int count = SSL_read(ssl_.get(), into, static_cast<int>(room));
    if (count <= 0) fail("read");
    return static_cast<std::size_t>(count);
}

void DeviceConnection::receive(std::uint64_t bytes) {
    char block[block_bytes];
    while (bytes > 0)
        bytes -= read(block, std::min<std::uint64_t>(bytes, sizeof block));
}

std::uint64_t DeviceConnection::get(std::string_view request) {
    send(request);
    return read_answer();
}

void DeviceConnection::put(std::string_view head, std::uint64_t bytes) {
    send(head);
    send_body(bytes);
    read_answer();
}

std::uint64_t DeviceConnection::read_answer() {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    constexpr std::string_view length_field = "\r\ncontent-length: ";
    std::string answer;
    char block[4096];
    std::size_t head = std::string::npos;
    while (head == std::string::npos) {
        answer.append(block, read(block, sizeof block));
        head = answer.find(end_of_head);
    }
    if (!answer.starts_with("HTTP/1.1 200 "))
        throw std::runtime_error("answer: " + answer.substr(0, answer.find('\r')));
    std::string fields = answer.substr(0, head + 2);
    std::ranges::transform(fields, fields.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t field = fields.find(length_field);
    if (field == std::string::npos) throw std::runtime_error("answer: no Content-Length");
    const std::uint64_t length = std::stoull(fields.substr(field + length_field.size()));
    const std::size_t came = answer.size() - head - end_of_head.size();
    if (came > length) throw std::runtime_error("answer: more than its Content-Length");
    receive(length - came);
    return length;
}

SessionPtr DeviceConnection::session() const {
    return SessionPtr(SSL_get1_session(ssl_.get()));
}

void DeviceConnection::close() {
    SSL_shutdown(ssl_.get());
    ::shutdown(socket_, SHUT_WR);
    char dropped[256];
    for (;;) {
        const ssize_t count = ::recv(socket_, dropped, sizeof dropped, 0);
        if (count == 0 || (count < 0 && errno == ECONNRESET)) return;
        if (count < 0) throw std::runtime_error(std::string("close: ") + std::strerror(errno));
    }
}

}  // namespace sallyport::bench
