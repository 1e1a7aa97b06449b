#include "gateway/session.h"

#include "gateway/exchange.h"
#include "gateway/plain_stream.h"
#include "gateway/wall_clock.h"
#include "pki/certificate.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

/// How long a refused peer may take to read why.
constexpr auto farewell = 1s;
/// Of a client that has come just before a drain began.
constexpr auto patience_for_first_request = 2s;
/// Certificates and CRLs age while a connection is open: they are asked again at least this often.
constexpr auto recheck_interval = 1s;

std::string text_of(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    return host + ":" + std::to_string(endpoint.port());
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

}  // namespace

Session::Session(asio::ip::tcp::socket socket, const Port& port, std::shared_ptr<const Snapshot> snapshot,
                 Worker& worker, const tcp::endpoint& peer)
    : worker_(worker),
      port_(port),
      listener_(&worker.listeners()[port.listeners.front()]),
      network_(network_of(peer.address())),
      peer_address_(text_of(peer)),
      judge_(std::make_unique<ConnectionJudge>(worker.shared().snapshots,
                                               snapshot->listeners[listener_->index], listener_->index,
                                               port.listeners)),
      buffer_(snapshot->settings.limits.head_bytes) {
    if (const auto& tls = snapshot->listeners[listener_->index].tls) {
        auto stream = std::make_unique<TlsStream>(std::move(socket), tls, *judge_);
        tls_ = stream.get();
        if (port.listeners.size() > 1 && tls_->valid()) tls_->may_restart();
        stream_ = std::move(stream);
    } else {
        stream_ = std::make_unique<PlainStream>(std::move(socket));
    }
    worker_.enter(*this);
    listener_->connections.Increment();
    if (tls_ != nullptr) begin_handshake();
}

Session::~Session() {
    end_handshake();
    hand_over_use();
    if (is_counted_) worker_.shared().devices.disconnect(peer_->name);
    listener_->connections.Decrement();
    worker_.leave(*this);
}

void Session::begin_handshake() {
    handshaking_ = true;
    worker_.shared().handshakes.fetch_add(1, std::memory_order_relaxed);
}

void Session::end_handshake() {
    if (std::exchange(handshaking_, false))
        worker_.shared().handshakes.fetch_sub(1, std::memory_order_relaxed);
}

/// Only what no TLS client does that means well. Devices without a certificate, or with one that is refused,
/// come back three times for each start, with one group of suites after the other; health checks connect and
/// leave.
bool Session::looks_like_abuse(Reason failure) const {
    return failure == Reason::protocol || failure == Reason::timeout ||
           (failure == Reason::peer_closed && tls_->has_received());
}

void Session::count_failure(Reason failure) {
    if (!looks_like_abuse(failure)) return;
    Shared& shared = worker_.shared();
    const auto per_minute = shared.snapshots.current()->settings.limits.handshake_failures_per_address;
    if (!shared.failures_by_address.take(network_, per_minute, Clock::now())) return;
    shared.log.audited_alike(Log::Level::warning, "address_limited", network_,
                             {{"peer", peer_address_},
                              {"reason", to_string(Reason::limit)},
                              {"detail",
                               "too many failed handshakes (limits.handshake_failures_per_address): new "
                               "connections are closed until it has calmed down"}});
}

void Session::tick(Clock::time_point now) {
    const bool is_quiet = stream_->connection().tick(now);
    if (is_quiet && admitted_) release_memory();
    if (store_ != nullptr) store_->tick(now);
    if (!use_.is_empty() && now >= noted_at_ + recheck_interval) hand_over_use();
}

/// A client that sends or takes nothing for a while keeps as little as possible; one that asks one thing
/// after the other keeps what it needs again at once.
void Session::release_memory() {
    if (idle_ && buffer_.empty()) buffer_.release();
    stream_->release_memory();
}

void Session::stop(Reason reason) {
    if (stopped_by_) return;
    stopped_by_ = reason;
    // The store's side first and hard: half a body must never look like a whole one.
    if (store_ != nullptr) store_->stop();
    stream_->connection().stop();
}

void Session::drain() {
    if (!idle_ || !buffer_.empty()) return;
    if (is_fresh_) {
        stream_->connection().expires_after(patience_for_first_request);
    } else {
        stream_->connection().interrupt();
    }
}

Session::Reconsidered Session::reconsider(const Snapshot& snapshot, std::chrono::sys_seconds now,
                                          bool take_turn) {
    if (!admitted_ || stopped_by_ || committing_ || finishing_upload_) return Reconsidered::kept;
    const auto refusal = judge_again(snapshot, now);
    if (!refusal) return Reconsidered::kept;
    const bool its_own_matter = refusal->reason == pki::Refusal::revoked;
    if (!its_own_matter && !take_turn) return Reconsidered::deferred;
    worker_.shared().log.audited_cut(
        Log::Level::warning, "connection_cut",
        {{"listener", listener_->name},
         {"reason", pki::to_string(refusal->reason)},
         {judge_->admission().kind == ClientKind::operators ? "operator" : "device", proven().name},
         {"serial", serial_},
         {"peer", peer_address_},
         {"detail", refusal->detail}});
    worker_.count_cut();
    stop(gateway::reason_of(refusal->reason));
    return Reconsidered::cut;
}

std::optional<pki::ChainRefusal> Session::judge_again(const Snapshot& snapshot,
                                                      std::chrono::sys_seconds now) const {
    const ListenerRules& rules = snapshot.listeners[listener_->index];
    const bool is_required = rules.admission->certificate == pki::ClientCertificate::required;
    const bool is_shadow = rules.admission->is_shadow();
    // In shadow mode a certificate counts for those only whom the ramp has reached.
    if (peer_ && (is_required || (is_shadow && rules.ramp.includes(peer_->name)))) {
        if (auto refusal = snapshot.recheck(*peer_, now)) return refusal;
    }
    // Who was let in without being asked, and is asked for nothing now, has nothing to fear from other rules.
    // But whom the ramp may concern must show itself.
    const bool must_prove_itself = is_required || (is_shadow && rules.ramp.includes_anybody());
    if (must_prove_itself && !was_admitted_by(rules)) return changed_rules();
    return std::nullopt;
}

std::optional<pki::ChainRefusal> Session::refusal_under_high(const Snapshot& snapshot) const {
    if (peer_) return snapshot.recheck(*peer_, now_seconds());
    if (const auto& refusal = judge_->refusal()) return refusal;
    return pki::ChainRefusal{pki::Refusal::no_certificate, "the client showed no certificate"};
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
    record.listener = listener_->name;
    record.peer = peer_address_;
    record.network = network_;
    record.client = {judge_->admission().kind, judge_->name()};
    record.serial = judge_->serial();
    record.failure = failure;
    record.detail = std::move(detail);
    record.duration = Clock::now() - accepted_;
    if (!failure) {
        record.client = {judge_->admission().kind, proven().name};
        record.serial = serial_;
        record.resumed = SSL_session_reused(&tls_->ssl()) == 1;
        record.version = SSL_get_version(&tls_->ssl());
        record.cipher = suite_ = SSL_get_cipher_name(&tls_->ssl());
        record.signature = pki::signature_digest(tls_->ssl());
    }
    worker_.connections().handshake(record);
    worker_.shared().log.handshake(record);
    end_handshake();
    if (failure) count_failure(*failure);
}

asio::awaitable<bool> Session::handshake() {
    const auto snapshot = worker_.shared().snapshots.current();
    stream_->connection().expires_after(snapshot->settings.limits.handshake);
    HandshakeFailure failure = co_await tls_->handshake();
    if (failure.kind == HandshakeFailure::Kind::other_server) {
        if (!move_to(*judge_->other_choice())) co_return false;
        failure = co_await tls_->handshake();
    }
    if (failure.kind != HandshakeFailure::Kind::none) {
        if (const auto& refusal = judge_->refusal(); refusal && !judge_->admission().is_shadow()) {
            note_refused_handshake(gateway::reason_of(refusal->reason), refusal->detail);
            report_handshake(gateway::reason_of(refusal->reason), refusal->detail);
        } else {
            if (failure.kind == HandshakeFailure::Kind::timeout)
                worker_.shared().metrics.exceeded(Deadline::handshake);
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
    admitted_ = true;  // from here on `reconsider` looks at it
    // What was published while the handshake went on. In shadow mode requests are refused, not connections.
    co_return judge_->admission().is_shadow() || still_admitted();
}

bool Session::move_to(const ConnectionJudge::Choice& choice) {
    const std::size_t listener = choice.listener;
    const ListenerRules& rules = choice.snapshot->listeners[listener];
    auto judge = std::make_unique<ConnectionJudge>(worker_.shared().snapshots, rules, listener,
                                                   ConnectionJudge::only_listener());
    const bool restarted = rules.tls && tls_->restart(rules.tls, *judge);
    judge_ = std::move(judge);  // the old one only now: its connection referred to it
    listener_->connections.Decrement();
    listener_ = &worker_.listeners()[listener];
    listener_->connections.Increment();
    return restarted;
}

bool Session::identify() {
    const Admission& admission = judge_->admission();
    if (!admission.asks()) return true;
    // From the session, not from the callback: a resumed session made none.
    peer_ = decode_peer(pki::remembered(tls_->ssl()));
    if (peer_) serial_ = pki::hex(peer_->path.links.front().serial);
    count_connection();
    if (!admission.is_shadow()) note_device();
    return peer_.has_value() || admission.is_shadow();
}

void Session::count_connection() {
    if (!peer_ || judge_->admission().kind != ClientKind::devices) return;
    Shared& shared = worker_.shared();
    is_counted_ = true;
    is_surplus_ = !shared.devices.connect(peer_->name, shared.snapshots.current()->settings.limits.device);
}

asio::awaitable<bool> Session::wait_for_request() {
    const bool is_pipelined = !buffer_.empty() || stream_->has_pending();
    if (is_pipelined) {
        co_await asio::post(asio::use_awaitable);  // others of this thread have their turn first
        co_return !stopped_by_;
    }
    const bool refuses_requests_only = judge_->admission().is_shadow();
    if (!refuses_requests_only && !still_admitted())
        co_return false;  // an upload that was let finish ends here
    idle_ = true;
    // One that asks one thing after the other keeps what it needs again at once.
    if (brief_waits_ < 2) release_memory();
    stream_->connection().expires_after(worker_.draining()
                                            ? patience_for_first_request
                                            : worker_.shared().snapshots.current()->settings.limits.idle);
    const IoStatus waited = co_await stream_->connection().wait(asio::ip::tcp::socket::wait_read);
    idle_ = false;
    if (waited == IoStatus::timed_out) worker_.shared().metrics.exceeded(Deadline::idle);
    brief_waits_ = stream_->connection().waited_briefly() ? brief_waits_ + 1 : 0;
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
    while (keep_alive && (is_fresh_ || !worker_.draining())) {
        const bool coming = co_await wait_for_request();
        if (!coming) break;
        is_fresh_ = false;
        Exchange exchange(*this);
        keep_alive = co_await exchange.run();
    }
    if (admitted && !stopped_by_) co_await stream_->close(farewell);
    const std::string_view why = stopped_by_ ? to_string(*stopped_by_) : admitted ? "done" : "handshake";
    stream_->connection().close();
    worker_.connections().closed(why);
}

}  // namespace sallyport::gateway
