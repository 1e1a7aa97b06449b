#include "pki/socket_bio.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace sallyport::pki {
namespace {

struct Endpoint {
    int fd = -1;
    std::string* outgoing = nullptr;
    std::size_t may_read = SIZE_MAX;
    std::size_t may_gather = SIZE_MAX;
    Output output = Output::gather;
    bool has_received = false;
    bool is_drained = false;
    bool keeps_hello = false;
    std::string hello = {};   // what was read before the first answer
    std::string replay = {};  // what is read before the socket is
    std::size_t replayed = 0;
};

Endpoint& endpoint_of(BIO* bio) {
    return *static_cast<Endpoint*>(BIO_get_data(bio));
}

int read_replay(Endpoint& endpoint, char* data, std::size_t size) {
    const std::size_t count = endpoint.replay.copy(data, size, endpoint.replayed);
    endpoint.replayed += count;
    if (endpoint.replayed == endpoint.replay.size()) std::string().swap(endpoint.replay);
    return static_cast<int>(count);
}

int read_socket(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    Endpoint& endpoint = endpoint_of(bio);
    if (!endpoint.replay.empty()) return read_replay(endpoint, data, static_cast<std::size_t>(size));
    if (endpoint.may_read == 0 || endpoint.is_drained) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t wanted = std::min(static_cast<std::size_t>(size), endpoint.may_read);
    ssize_t count = 0;
    do {
        count = ::recv(endpoint.fd, data, wanted, 0);
    } while (count < 0 && errno == EINTR);
    endpoint.has_received |= count > 0;
    endpoint.is_drained = count < static_cast<ssize_t>(std::min(wanted, worth_another_look));
    if (count > 0) endpoint.may_read -= static_cast<std::size_t>(count);
    if (count > 0 && endpoint.keeps_hello) endpoint.hello.append(data, static_cast<std::size_t>(count));
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(bio);
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(count);
}

int send_now(BIO* bio, const Endpoint& endpoint, const char* data, int size) {
    const int more = endpoint.output == Output::send_more ? MSG_MORE : 0;
    ssize_t count = 0;
    do {
        count = ::send(endpoint.fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL | more);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

int write_socket(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    Endpoint& endpoint = endpoint_of(bio);
    if (size > 0 && endpoint.output != Output::gather) return send_now(bio, endpoint, data, size);
    if (endpoint.outgoing->size() >= endpoint.may_gather) {
        BIO_set_retry_write(bio);
        return -1;
    }
    if (size > 0) endpoint.outgoing->append(data, static_cast<std::size_t>(size));
    if (std::exchange(endpoint.keeps_hello, false)) std::string().swap(endpoint.hello);
    return size;
}

long control(BIO* bio, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_FLUSH:
            return 1;
        case BIO_CTRL_EOF:
            return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        default:
            return 0;
    }
}

int destroy(BIO* bio) {
    delete static_cast<Endpoint*>(BIO_get_data(bio));
    BIO_set_data(bio, nullptr);
    return 1;
}

using MethodPtr = std::unique_ptr<BIO_METHOD, Releaser<&BIO_meth_free>>;

const BIO_METHOD* socket_method() {
    static const MethodPtr method = [] {
        MethodPtr made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering socket"));
        if (made) {
            BIO_meth_set_read(made.get(), read_socket);
            BIO_meth_set_write(made.get(), write_socket);
            BIO_meth_set_ctrl(made.get(), control);
            BIO_meth_set_destroy(made.get(), destroy);
        }
        return made;
    }();
    return method.get();
}

}  // namespace

bool use_socket(SSL& connection, int fd, std::string& outgoing) {
    BioPtr bio(BIO_new(socket_method()));
    if (!bio) return false;
    BIO_set_data(bio.get(), new Endpoint{.fd = fd, .outgoing = &outgoing});
    BIO_set_init(bio.get(), 1);
    BIO* both = bio.release();  // SSL_set_bio takes one reference when the two are the same
    SSL_set_bio(&connection, both, both);
    return true;
}

void keep_hello(SSL& connection) {
    endpoint_of(SSL_get_rbio(&connection)).keeps_hello = true;
}

std::string take_hello(SSL& connection) {
    return std::move(endpoint_of(SSL_get_rbio(&connection)).hello);
}

void replay_hello(SSL& connection, std::string hello) {
    endpoint_of(SSL_get_rbio(&connection)).replay = std::move(hello);
}

void set_output(SSL& connection, Output output) {
    endpoint_of(SSL_get_wbio(&connection)).output = output;
}

bool is_drained(const SSL& connection) {
    return endpoint_of(SSL_get_rbio(&connection)).is_drained;
}

void keep_record_buffers(SSL& connection) {
    SSL_clear_mode(&connection, SSL_MODE_RELEASE_BUFFERS);
}

void free_record_buffers(SSL& connection) {
    // SSL_free_buffers looks for itself since OpenSSL 3.0.14 only (CVE-2024-4741): with a part of a record
    // read, or a record taken in part, the buffer is still in use.
    constexpr std::string_view between_records = "RH";
    if (SSL_has_pending(&connection) == 0 && SSL_rstate_string(&connection) == between_records)
        SSL_free_buffers(&connection);
}

bool has_received(const SSL& connection) {
    const Endpoint& endpoint = endpoint_of(SSL_get_rbio(&connection));
    return endpoint.has_received || endpoint.replayed > 0;
}

void allow_reading(SSL& connection, std::size_t bytes) {
    Endpoint& endpoint = endpoint_of(SSL_get_rbio(&connection));
    endpoint.may_read = bytes;
    endpoint.is_drained = false;
}

std::size_t unread_allowance(const SSL& connection) {
    return endpoint_of(SSL_get_rbio(&connection)).may_read;
}

void gather_little(SSL& connection) {
    constexpr std::size_t little = 4096;
    endpoint_of(SSL_get_rbio(&connection)).may_gather = little;
}

}  // namespace sallyport::pki
