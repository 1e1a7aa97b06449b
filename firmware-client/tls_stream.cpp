#include "firmware-client/tls_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <climits>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace sallyport::device {
namespace {

/// The fatal alert that the peer sent, by the oldest entry of the error queue; -1 if it was none.
int received_alert() {
    const unsigned long code = ERR_peek_error();
    const int reason = ERR_GET_REASON(code);
    const bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
                       reason < SSL_AD_REASON_OFFSET + 256;
    return alert ? reason - SSL_AD_REASON_OFFSET : -1;
}

/// What a server that says no to this device means.
std::string_view words_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::certificate_revoked:
            return "this device's certificate is revoked";
        case Trouble::certificate_expired:
            return "this device's certificate is expired";
        case Trouble::unknown_ca:
            return "the server does not trust the issuer of this device's certificate";
        case Trouble::certificate_missing:
            return "the server wants a device certificate";
        case Trouble::certificate_refused:
            return "the server does not accept this device's certificate";
        default:
            return "no TLS version or cipher suite in common, or the server wants a device certificate";
    }
}

/// The name of an alert in the RFCs, e.g. `unknown_ca`.
std::string alert_name(int alert) {
    std::string name = SSL_alert_desc_string_long(alert);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        if (c == ' ') return '_';
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;  // OpenSSL says "unknown CA"
    });
    if (name == "unknown") name = std::to_string(alert);
    return name;
}

}  // namespace

Error TlsStream::failure(int outcome, int system_error, std::string_view doing) {
    broken_ = true;
    const std::string where = std::string{doing} + ": ";
    const long verdict = SSL_get_verify_result(connection_.get());
    if (const int alert = received_alert(); alert >= 0) {
        ERR_clear_error();
        const bool has_certificate = SSL_get_certificate(connection_.get()) != nullptr;
        const Trouble trouble = trouble_of_alert(alert, has_certificate);
        if (trouble == Trouble::none) return {Fault::network, where + "TLS alert " + alert_name(alert)};
        Error error{Fault::refused,
                    std::string{words_of(trouble)} + " (TLS alert " + alert_name(alert) + ")"};
        error.trouble = trouble;
        return error;
    }
    if (outcome == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        return {Fault::network, where + (system_error != 0 ? std::strerror(system_error)
                                                           : "the server closed the connection")};
    }
    if (verdict != X509_V_OK && !SSL_is_init_finished(connection_.get())) {
        ERR_clear_error();
        Error error{Fault::network, "the server's certificate is not trusted: " +
                                        std::string{X509_verify_cert_error_string(verdict)} +
                                        "; check certs_server.p7b and the endpoint's name"};
        // A battery that ran out puts the clock back, and then no certificate has begun yet.
        error.trouble =
            verdict == X509_V_ERR_CERT_NOT_YET_VALID ? Trouble::clock_wrong : Trouble::server_untrusted;
        return error;
    }
    return {Fault::network, pki::take_openssl_errors(doing)};
}

Result<std::unique_ptr<TlsStream>> TlsStream::handshake(Descriptor socket, pki::SslPtr connection,
                                                        Deadline deadline, StopDescriptor stop) {
    if (SSL_set_fd(connection.get(), socket.get()) != 1) {
        return Error{Fault::card, pki::take_openssl_errors("cannot start TLS")};
    }
    std::unique_ptr<TlsStream> stream{new TlsStream(std::move(socket), std::move(connection), stop)};
    if (auto done = stream->connect(deadline); !done) return done.error();
    return stream;
}

TlsStream::~TlsStream() {
    if (!broken_ && SSL_is_init_finished(connection_.get())) SSL_shutdown(connection_.get());
    ERR_clear_error();
}

Result<void> TlsStream::connect(Deadline deadline) {
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int done = SSL_connect(connection_.get());
        if (done == 1) return {};
        const int system_error = errno;
        const int outcome = SSL_get_error(connection_.get(), done);
        if (outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_WANT_WRITE) {
            return failure(outcome, system_error, "TLS handshake");
        }
        const auto readiness = outcome == SSL_ERROR_WANT_READ ? Readiness::readable : Readiness::writable;
        if (auto ready = wait_ready(socket_.get(), readiness, deadline, stop_); !ready) {
            broken_ = true;
            return ready.error();
        }
    }
}

Result<std::optional<std::size_t>> TlsStream::try_read(std::span<std::byte> into) {
    ERR_clear_error();
    errno = 0;
    std::size_t count = 0;
    if (SSL_read_ex(connection_.get(), into.data(), into.size(), &count) == 1) return std::optional{count};
    const int system_error = errno;
    const int outcome = SSL_get_error(connection_.get(), 0);
    awaited_ = outcome == SSL_ERROR_WANT_WRITE ? Readiness::writable : Readiness::readable;
    if (outcome == SSL_ERROR_WANT_READ || outcome == SSL_ERROR_WANT_WRITE)
        return std::optional<std::size_t>{};
    if (outcome == SSL_ERROR_ZERO_RETURN) return std::optional<std::size_t>{0};
    return failure(outcome, system_error, "the TLS connection broke");
}

Result<std::size_t> TlsStream::read_some(std::span<std::byte> into, Deadline deadline) {
    for (;;) {
        const auto count = try_read(into);
        if (!count) return count.error();
        if (*count) return **count;
        if (auto ready = wait_ready(socket_.get(), awaited_, deadline, stop_); !ready) {
            broken_ = true;
            return ready.error();
        }
    }
}

Result<void> TlsStream::write_all(std::span<const std::byte> from, Deadline deadline) {
    while (!from.empty()) {
        ERR_clear_error();
        errno = 0;
        std::size_t count = 0;
        if (SSL_write_ex(connection_.get(), from.data(), from.size(), &count) == 1) {
            from = from.subspan(count);
            continue;
        }
        const int system_error = errno;
        const int outcome = SSL_get_error(connection_.get(), 0);
        if (outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_WANT_WRITE) {
            return failure(outcome, system_error, "the TLS connection broke");
        }
        const auto readiness = outcome == SSL_ERROR_WANT_READ ? Readiness::readable : Readiness::writable;
        if (auto ready = wait_ready(socket_.get(), readiness, deadline, stop_); !ready) {
            broken_ = true;
            return ready.error();
        }
    }
    return {};
}

}  // namespace sallyport::device
