#pragma once

#include "gateway/connection_judge.h"
#include "gateway/device_inventory.h"
#include "gateway/read_buffer.h"
#include "gateway/rules/shadow.h"
#include "gateway/snapshot.h"
#include "gateway/tls_stream.h"
#include "gateway/worker.h"

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace sallyport::gateway {

/// What one request in shadow mode shows.
struct ShadowSighting {
    std::string device;
    std::optional<pki::ChainRefusal> refusal;  ///< of the certificate, by mode high
    ShadowVerdict verdict;
    bool accepted = false;  ///< by the store
};

/// One device connection, from accepted socket to close. Belongs to one worker's thread.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(boost::asio::ip::tcp::socket socket, const Port& port, std::shared_ptr<const Snapshot> snapshot,
            Worker& worker, const boost::asio::ip::tcp::endpoint& peer);
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
    /// Ends the connection at once if it waits for a request, else after the answer. A client that has only
    /// just come may still ask its first: it cannot know better.
    void drain();
    /// Ends everything now, whatever is in flight.
    void stop(Reason reason);

    // ---- for Exchange ----
    ClientStream& stream() { return *stream_; }
    ReadBuffer& buffer() { return buffer_; }
    Worker& worker() { return worker_; }
    const Listener& listener() const { return *listener_; }
    /// Who has proved itself by a certificate that leads to an anchor; in shadow mode it may be revoked.
    Client proven() const { return peer_ ? Client{judge_->admission().kind, peer_->name} : Client{}; }
    /// The server name that the client asked for in its handshake; empty when it asked for none.
    std::string_view server_name() const { return judge_->server_name(); }
    const std::string& serial() const { return serial_; }
    /// The cipher suite; empty without TLS.
    std::string_view suite() const { return suite_; }
    const std::string& peer_address() const { return peer_address_; }
    const ClientNetwork& network() const { return network_; }
    /// The connection to the store while there is one: ticks and cuts reach it, too.
    Connection*& store() { return store_; }
    /// The gate of each request: why the peer is refused by the snapshot in force now.
    std::optional<Denial> refused_now();
    std::optional<pki::ChainRefusal> judge_again(const Snapshot& snapshot,
                                                 std::chrono::sys_seconds now) const;
    /// Shadow mode: what mode high says to the certificate that was shown, or not shown.
    std::optional<pki::ChainRefusal> refusal_under_high(const Snapshot& snapshot) const;
    /// Were trust, mode and identity rules the same when this client was let in? In shadow mode, what it
    /// showed says nothing else.
    bool was_admitted_by(const ListenerRules& rules) const {
        return rules.admission->digest == judge_->admission().digest;
    }
    /// Does this device hold more connections than it may (`limits.device.connections`)? Its requests are
    /// refused.
    bool is_surplus() const { return is_surplus_; }
    /// Tells the inventory that a device has proved itself, and what it used. Not with each request: what
    /// they used is counted here, and handed over when a second has passed or the connection ends.
    void note_device();
    /// What a request used. In shadow mode, too.
    void count_use(const RequestRecord& record);
    /// The same of one that a request in shadow mode is about, which may be none. One that shows what the
    /// last one did is only counted, for a second.
    void note_in_shadow(const ShadowSighting& seen, const Snapshot& snapshot);
    /// The gate of each block of a body: false when the peer is refused now; the connection is then cut.
    bool still_admitted();
    /// From here on the store may commit what it has: a cut would no longer undo it.
    void set_committing(bool committing) { committing_ = committing; }
    /// `revocation.finish_uploads`: an upload that has begun is not cut by a revocation.
    void set_finishing_upload(bool finishing) { finishing_upload_ = finishing; }
    /// Why `stop` was called.
    std::optional<Reason> stopped_by() const { return stopped_by_; }

  private:
    Sighting sighting() const;
    void hand_over_use();
    void note_refused_handshake(Reason reason, std::string_view detail);
    boost::asio::awaitable<bool> handshake();
    /// Begins the handshake again as a client of the listener that its hello asked for.
    bool move_to(const ConnectionJudge::Choice& choice);
    /// Takes in who has proved itself; false when the session carries nobody though it should.
    bool identify();
    void count_connection();
    void begin_handshake();
    void end_handshake();
    bool looks_like_abuse(Reason failure) const;
    void count_failure(Reason failure);
    void report_handshake(std::optional<Reason> failure, std::string detail);
    boost::asio::awaitable<bool> wait_for_request();
    void release_memory();

    Worker& worker_;
    const Port& port_;
    const Listener* listener_;
    ClientNetwork network_;
    std::string peer_address_;
    Clock::time_point accepted_ = Clock::now();
    std::unique_ptr<ConnectionJudge> judge_;
    std::unique_ptr<ClientStream> stream_;
    TlsStream* tls_ = nullptr;  ///< `stream_`, when it has TLS
    ReadBuffer buffer_;
    std::optional<Peer> peer_;
    std::string serial_;
    std::string_view suite_;  ///< lives as long as OpenSSL
    Connection* store_ = nullptr;
    std::uint64_t judged_generation_ = 0;
    Clock::time_point judged_at_;
    Clock::time_point noted_at_;
    DeviceUse use_;  ///< that the inventory has not heard of
    /// What it has heard of in shadow mode, and how many requests since then showed the same.
    struct ToldInShadow {
        std::string device;
        std::optional<pki::Refusal> refusal;
        std::optional<Reason> denial;
        std::string denial_detail;
        bool accepted = false;
        std::uint64_t generation = 0;
        Repetition repetition;

        bool shows(const ShadowSighting& seen, const Snapshot& snapshot) const;
    };
    std::unique_ptr<ToldInShadow> told_;
    bool handshaking_ = false;
    bool admitted_ = false;
    bool idle_ = false;
    bool is_fresh_ = true;           ///< has asked nothing yet
    std::uint64_t brief_waits_ = 0;  ///< for a request, in a row
    bool committing_ = false;
    bool finishing_upload_ = false;
    bool is_counted_ = false;  ///< among the connections of its device
    bool is_surplus_ = false;
    std::optional<Reason> stopped_by_;
};

}  // namespace sallyport::gateway
