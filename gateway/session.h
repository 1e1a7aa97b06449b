#pragma once

#include "gateway/read_buffer.h"
#include "gateway/snapshot.h"
#include "gateway/tls_stream.h"
#include "gateway/worker.h"

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace sallyport::gateway {

/// Judges the peer of one connection by the snapshot that is in force when its certificate arrives.
class ConnectionJudge final : public pki::PeerJudge {
  public:
    /// `rules` are those that the TLS side of this connection was made with; `listener` is their place.
    ConnectionJudge(const SnapshotStore& snapshots, const ListenerRules& rules, std::size_t listener)
        : snapshots_(snapshots),
          listener_(listener),
          knows_devices_(rules.mode == Mode::high),
          admission_(rules.admission) {}

    pki::ChainResult<std::string> judge(X509_STORE_CTX& context) override;
    bool may_resume(std::string_view remembered) override;

    bool knows_devices() const { return knows_devices_; }
    const std::string& admission() const { return admission_; }
    const std::optional<pki::ChainRefusal>& refusal() const { return refusal_; }
    const std::string& device() const { return device_; }  ///< as far as it could be told, also when refused
    const std::string& serial() const { return serial_; }  ///< hex; the same

  private:
    using Verdict = std::shared_ptr<const VerdictCache::Verdict>;
    Verdict remembered_verdict(const std::optional<VerdictCache::Key>& key, const Snapshot& snapshot);
    pki::ChainResult<Verdict> verify(X509_STORE_CTX& context, const Snapshot& snapshot);

    const SnapshotStore& snapshots_;
    std::size_t listener_;
    bool knows_devices_;
    std::string admission_;  ///< under other rules its handshake proves nothing
    std::optional<pki::ChainRefusal> refusal_;
    std::string device_;
    std::string serial_;
};

/// One device connection, from accepted socket to close. Belongs to one worker's thread.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(boost::asio::ip::tcp::socket socket, const Listener& listener,
            std::shared_ptr<const Snapshot> snapshot, Worker& worker, std::string peer_address);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    boost::asio::awaitable<void> run();

    /// Deadlines, see Connection::tick.
    void tick(Clock::time_point now);
    /// What became of a connection whose peer was judged again.
    enum class Reconsidered { kept, cut, deferred };
    /// A new snapshot is in force, or time has passed: ends this connection when its peer is refused now. One
    /// that is refused for what it shares with many others (trust, a CRL that closed) is `deferred` unless
    /// `take_turn`: its requests are refused all the same.
    Reconsidered reconsider(const Snapshot& snapshot, std::chrono::sys_seconds now, bool take_turn);
    /// Ends the connection at once if it waits for a request, else after the answer.
    void drain();
    /// Ends everything now, whatever is in flight.
    void stop(Reason reason);

    // ---- for Exchange ----
    ClientStream& stream() { return *stream_; }
    ReadBuffer& buffer() { return buffer_; }
    Worker& worker() { return worker_; }
    const Listener& listener() const { return listener_; }
    /// The device that proved itself; nothing on listeners that ask for no certificate.
    std::optional<std::string_view> device() const {
        return peer_ ? std::optional<std::string_view>(peer_->device) : std::nullopt;
    }
    /// The server name that the client asked for in its handshake; empty when it asked for none.
    std::string_view server_name() const {
        return tls_ == nullptr ? std::string_view{} : pki::server_name(tls_->ssl());
    }
    const std::string& serial() const { return serial_; }
    const std::string& peer_address() const { return peer_address_; }
    /// The connection to the store while there is one: ticks and cuts reach it, too.
    Connection*& store() { return store_; }
    /// The gate of each request: why the peer is refused by the snapshot in force now.
    std::optional<Denial> refused_now();
    std::optional<pki::ChainRefusal> judge_again(const Snapshot& snapshot,
                                                 std::chrono::sys_seconds now) const;
    /// The gate of each block of a body: false when the peer is refused now; the connection is then cut.
    bool still_admitted();
    /// From here on the store may commit what it has: a cut would no longer undo it.
    void set_committing(bool committing) { committing_ = committing; }
    /// `revocation.finish_uploads`: an upload that has begun is not cut by a revocation.
    void set_finishing_upload(bool finishing) { finishing_upload_ = finishing; }
    /// Why `stop` was called.
    std::optional<Reason> stopped_by() const { return stopped_by_; }

  private:
    boost::asio::awaitable<bool> handshake();
    /// Takes in who has proved itself; false when the session carries nobody though it should.
    bool identify();
    void report_handshake(std::optional<Reason> failure, std::string detail);
    boost::asio::awaitable<bool> wait_for_request();

    Worker& worker_;
    const Listener& listener_;
    std::string peer_address_;
    Clock::time_point accepted_ = Clock::now();
    ConnectionJudge judge_;
    std::unique_ptr<ClientStream> stream_;
    TlsStream* tls_ = nullptr;  ///< `stream_`, when it has TLS
    ReadBuffer buffer_;
    std::optional<Peer> peer_;
    std::string serial_;
    Connection* store_ = nullptr;
    std::uint64_t judged_generation_ = 0;
    Clock::time_point judged_at_;
    bool admitted_ = false;
    bool idle_ = false;
    bool committing_ = false;
    bool finishing_upload_ = false;
    std::optional<Reason> stopped_by_;
};

}  // namespace sallyport::gateway
