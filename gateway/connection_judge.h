#pragma once

#include "gateway/snapshot.h"
#include "pki/tls_server.h"

#include <memory>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// Judges the peer of one connection by the snapshot that is in force when its certificate arrives.
class ConnectionJudge final : public pki::PeerJudge {
  public:
    /// `rules` are those that the TLS side of this connection was made with; `listener` is their place.
    /// `port` is where the connection came in; it and `snapshots` must outlive this.
    ConnectionJudge(const SnapshotStore& snapshots, const ListenerRules& rules, std::size_t listener,
                    const std::vector<std::size_t>& port)
        : snapshots_(snapshots), listener_(listener), port_(port), admission_(rules.admission) {}

    bool serves(std::string_view server_name) override;
    pki::ChainResult<std::string> judge(X509_STORE_CTX& context) override;
    bool may_resume(std::string_view remembered) override;

    const Admission& admission() const { return *admission_; }
    /// Why the certificate that was shown is refused. In shadow mode the handshake goes on all the same.
    const std::optional<pki::ChainRefusal>& refusal() const { return refusal_; }
    const std::string& name() const { return name_; }      ///< as far as it could be told, also when refused
    const std::string& serial() const { return serial_; }  ///< hex; the same
    /// Who is refused although its path leads to an anchor: revoked, or without a CRL in force. Null when
    /// nobody is, or when somebody only gave its name.
    const Peer* refused_peer() const { return refused_ ? &refused_->peer : nullptr; }
    std::string_view server_name() const override { return server_name_; }
    /// The listener that the client asked for, when it is not this one, and the snapshot that says so.
    struct Choice {
        std::shared_ptr<const Snapshot> snapshot;
        std::size_t listener;
    };
    const std::optional<Choice>& other_choice() const { return other_choice_; }
    /// A port for a judge whose listener was chosen already.
    static const std::vector<std::size_t>& only_listener();

  private:
    using Verdict = std::shared_ptr<const VerdictCache::Verdict>;
    pki::ChainResult<Verdict> find_or_verify(X509_STORE_CTX& context, const Snapshot& snapshot);
    pki::ChainResult<Verdict> verify(X509_STORE_CTX& context);

    const SnapshotStore& snapshots_;
    std::size_t listener_;
    const std::vector<std::size_t>& port_;
    std::shared_ptr<const Admission> admission_;  ///< under another one its handshake proves nothing
    std::optional<pki::ChainRefusal> refusal_;
    Verdict refused_;
    std::optional<Choice> other_choice_;
    std::string name_;
    std::string serial_;
    std::string server_name_;
};

/// Said of those who were let in by rules that are no longer in force.
pki::ChainRefusal changed_rules();

/// Which listener of a port a client means: the one whose `server_names` fit best, else the first.
std::size_t choose_listener(const Snapshot& snapshot, const std::vector<std::size_t>& port,
                            std::string_view server_name);

}  // namespace sallyport::gateway
