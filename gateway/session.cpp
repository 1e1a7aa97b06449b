#include "gateway/session.h"

#include "gateway/exchange.h"
#include "gateway/plain_stream.h"
#include "pki/certificate.h"

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// How long a refused peer may take to read why.
constexpr auto farewell = 1s;
/// Certificates and CRLs age while a connection is open: they are asked again at least this often.
constexpr auto recheck_interval = 1s;

std::chrono::sys_seconds now_seconds() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

Reason reason_of(HandshakeFailure::Kind kind) {
    switch (kind) {
        case HandshakeFailure::Kind::no_certificate:
            return Reason::no_certificate;
        case HandshakeFailure::Kind::no_shared_cipher:
            return Reason::no_shared_cipher;
        case HandshakeFailure::Kind::timeout:
            return Reason::timeout;
        case HandshakeFailure::Kind::peer_closed:
            return Reason::peer_closed;
        default:
            return Reason::protocol;
    }
}

pki::ChainRefusal changed_rules() {
    return {pki::Refusal::untrusted_issuer, "trust or identity rules have changed; come again"};
}

}  // namespace

pki::ChainResult<std::string> ConnectionJudge::judge(X509_STORE_CTX& context) {
    const auto snapshot = snapshots_.current();
    X509* leaf = X509_STORE_CTX_get0_cert(&context);
    serial_ = pki::hex(pki::serial_octets(*leaf));
    const auto refuse = [&](pki::ChainRefusal refusal) {
        refusal_ = refusal;
        return refusal;
    };
    // OpenSSL verifies against the anchors of the time when the connection was accepted.
    if (snapshot->listeners[listener_].admission != admission_) return refuse(changed_rules());
    const auto key = VerdictCache::key_of(*leaf, X509_STORE_CTX_get0_untrusted(&context));
    if (const auto known = remembered_verdict(key, *snapshot)) {
        // A path may have aged while another one, over a renewed CA, has not: only a fresh look can tell.
        if (!snapshot->recheck(known->peer, now_seconds())) return known->encoded;
    }
    // Signatures first: a stranger's forged certificate must not reach the index, nor be told what it holds.
    const auto verdict = verify(context, *snapshot);
    if (!verdict) return refuse(verdict.error());
    if (auto refusal = snapshot->recheck((*verdict)->peer, now_seconds())) return refuse(*refusal);
    if (key) snapshot->verdicts->put(*key, *verdict);
    return (*verdict)->encoded;
}

ConnectionJudge::Verdict ConnectionJudge::remembered_verdict(const std::optional<VerdictCache::Key>& key,
                                                             const Snapshot& snapshot) {
    auto known = key ? snapshot.verdicts->find(*key) : nullptr;
    if (known) device_ = known->peer.device;
    return known;
}

/// All that does not change as long as this snapshot is in force.
pki::ChainResult<ConnectionJudge::Verdict> ConnectionJudge::verify(X509_STORE_CTX& context,
                                                                   const Snapshot& snapshot) {
    auto device =
        snapshot.identification->identify(pki::certificate_names(*X509_STORE_CTX_get0_cert(&context)));
    if (device) device_ = *device;
    auto path = pki::verify_path(context, *snapshot.trust);
    if (!path) return path.error();
    if (!device) return device.error();
    Peer peer{device_, std::move(*path)};
    std::string encoded = encode_peer(peer);
    return std::make_shared<const VerdictCache::Verdict>(std::move(peer), std::move(encoded));
}

bool ConnectionJudge::may_resume(std::string_view remembered) {
    if (!knows_devices_) return true;
    const auto peer = decode_peer(remembered);
    return peer && !snapshots_.current()->recheck(*peer, now_seconds());
}

Session::Session(asio::ip::tcp::socket socket, const Listener& listener,
                 std::shared_ptr<const Snapshot> snapshot, Worker& worker, std::string peer_address)
    : worker_(worker),
      listener_(listener),
      peer_address_(std::move(peer_address)),
      judge_(worker.shared().snapshots, snapshot->listeners[listener.index], listener.index),
      buffer_(snapshot->settings.limits.head_bytes) {
    if (const auto& tls = snapshot->listeners[listener.index].tls) {
        auto stream = std::make_unique<TlsStream>(std::move(socket), tls, judge_);
        tls_ = stream.get();
        stream_ = std::move(stream);
    } else {
        stream_ = std::make_unique<PlainStream>(std::move(socket));
    }
    worker_.enter(*this);
}

Session::~Session() {
    worker_.leave(*this);
}

void Session::tick(Clock::time_point now) {
    stream_->connection().tick(now);
    if (store_ != nullptr) store_->tick(now);
}

void Session::stop(Reason reason) {
    if (stopped_by_) return;
    stopped_by_ = reason;
    // The store's side first and hard: half a body must never look like a whole one.
    if (store_ != nullptr) store_->stop();
    stream_->connection().stop();
}

void Session::drain() {
    if (idle_ && buffer_.empty()) stream_->connection().interrupt();
}

Session::Reconsidered Session::reconsider(const Snapshot& snapshot, std::chrono::sys_seconds now,
                                          bool take_turn) {
    if (!admitted_ || stopped_by_ || committing_ || finishing_upload_) return Reconsidered::kept;
    const auto refusal = judge_again(snapshot, now);
    if (!refusal) return Reconsidered::kept;
    const bool its_own_matter = refusal->reason == pki::Refusal::revoked;
    if (!its_own_matter && !take_turn) return Reconsidered::deferred;
    worker_.shared().log.event(Log::Level::warning, "connection_cut",
                               {{"listener", listener_.name},
                                {"reason", pki::to_string(refusal->reason)},
                                {"device", device().value_or("")},
                                {"serial", serial_},
                                {"peer", peer_address_},
                                {"detail", refusal->detail}});
    worker_.count_cut();
    stop(gateway::reason_of(refusal->reason));
    return Reconsidered::cut;
}

std::optional<pki::ChainRefusal> Session::judge_again(const Snapshot& snapshot,
                                                      std::chrono::sys_seconds now) const {
    if (peer_) {
        if (auto refusal = snapshot.recheck(*peer_, now)) return refusal;
    }
    if (snapshot.listeners[listener_.index].admission != judge_.admission()) return changed_rules();
    return std::nullopt;
}

std::optional<Denial> Session::refused_now() {
    const std::uint64_t generation = worker_.shared().snapshots.generation();
    const auto now = Clock::now();
    if (generation == judged_generation_ && now < judged_at_ + recheck_interval) return std::nullopt;
    const auto snapshot = worker_.shared().snapshots.current();
    if (auto refusal = judge_again(*snapshot, now_seconds())) {
        return access_denied(gateway::reason_of(refusal->reason), refusal->detail);
    }
    judged_generation_ = snapshot->generation;
    judged_at_ = now;
    return std::nullopt;
}

bool Session::still_admitted() {
    if (finishing_upload_ || !refused_now()) return true;
    reconsider(*worker_.shared().snapshots.current(), now_seconds(), true);
    return false;
}

void Session::report_handshake(std::optional<Reason> failure, std::string detail) {
    HandshakeRecord record;
    record.listener = listener_.name;
    record.peer = peer_address_;
    record.device = judge_.device();
    record.serial = judge_.serial();
    record.failure = failure;
    record.detail = std::move(detail);
    record.duration = Clock::now() - accepted_;
    if (!failure) {
        record.device = device().value_or("");
        record.serial = serial_;
        record.resumed = SSL_session_reused(&tls_->ssl()) == 1;
        record.version = SSL_get_version(&tls_->ssl());
        record.cipher = SSL_get_cipher_name(&tls_->ssl());
    }
    Shared& shared = worker_.shared();
    shared.metrics.handshake(record);
    if (failure) {
        shared.log.event(Log::Level::warning, "handshake_failed",
                         {{"listener", record.listener},
                          {"reason", to_string(*failure)},
                          {"peer", record.peer},
                          {"device", record.device},
                          {"serial", record.serial},
                          {"detail", record.detail}});
    } else {
        shared.log.event(Log::Level::info, "handshake",
                         {{"listener", record.listener},
                          {"peer", record.peer},
                          {"device", record.device},
                          {"serial", record.serial},
                          {"version", record.version},
                          {"cipher", record.cipher},
                          {"resumed", record.resumed}});
    }
}

asio::awaitable<bool> Session::handshake() {
    const auto snapshot = worker_.shared().snapshots.current();
    stream_->connection().expires_after(snapshot->settings.limits.handshake);
    const HandshakeFailure failure = co_await tls_->handshake();
    if (failure.kind != HandshakeFailure::Kind::none) {
        if (const auto& refusal = judge_.refusal()) {
            report_handshake(gateway::reason_of(refusal->reason), refusal->detail);
        } else {
            report_handshake(reason_of(failure.kind), failure.detail);
        }
        co_await stream_->close(farewell);
        co_return false;
    }
    if (!identify()) {
        report_handshake(Reason::protocol, "the session carries no identity");
        stream_->connection().close();
        co_return false;
    }
    report_handshake(std::nullopt, "");
    admitted_ = true;            // from here on `reconsider` looks at it
    co_return still_admitted();  // what was published while the handshake went on
}

bool Session::identify() {
    if (!judge_.knows_devices()) return true;
    // From the session, not from the callback: a resumed session made none.
    peer_ = decode_peer(pki::remembered(tls_->ssl()));
    if (peer_) serial_ = pki::hex(peer_->path.links.front().serial);
    return peer_.has_value();
}

asio::awaitable<bool> Session::wait_for_request() {
    if (!buffer_.empty() || stream_->has_pending()) co_return true;  // pipelined
    if (!still_admitted()) co_return false;  // an upload that was let finish ends here
    buffer_.release();
    stream_->release_memory();
    idle_ = true;
    stream_->connection().expires_after(worker_.shared().snapshots.current()->settings.limits.idle);
    const IoStatus waited = co_await stream_->connection().wait(asio::ip::tcp::socket::wait_read);
    idle_ = false;
    co_return waited == IoStatus::ok;
}

asio::awaitable<void> Session::run() {
    const auto self = shared_from_this();  // the worker holds no ownership: the coroutine does
    bool admitted = false;
    if (tls_ == nullptr) {
        admitted_ = admitted = still_admitted();
    } else if (tls_->valid()) {
        admitted = co_await handshake();
    }
    bool keep_alive = admitted;
    while (keep_alive && !worker_.draining()) {
        const bool coming = co_await wait_for_request();
        if (!coming) break;
        Exchange exchange(*this);
        keep_alive = co_await exchange.run();
    }
    if (admitted && !stopped_by_) co_await stream_->close(farewell);
    const std::string_view why = stopped_by_ ? to_string(*stopped_by_) : admitted ? "done" : "handshake";
    stream_->connection().close();
    worker_.shared().metrics.connection_closed(why);
}

}  // namespace sallyport::gateway
