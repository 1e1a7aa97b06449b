#pragma once

#include "gateway/deadline.h"
#include "gateway/device_inventory.h"
#include "gateway/request_record.h"
#include "gateway/snapshot.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace sallyport::gateway {

/// All metric families (README, "Watch it"). Labels come from closed lists or from the configuration, never
/// from a device. Thread-safe, except for `Connections` and `Requests`.
class Metrics {
  public:
    Metrics();

    std::string expose() const;  ///< Prometheus text format 0.0.4

    /// A connection that was closed instead of a handshake.
    void handshake_not_begun(const std::string& listener, Reason why);
    prometheus::Gauge& connections(std::string_view listener);
    /// `log` is "access", "events" or "audit".
    void log_lines_dropped(std::string_view log, std::uint64_t lines);
    void log_failing(std::string_view log, bool failing);
    void exceeded(Deadline deadline) { exceeded_[static_cast<std::size_t>(deadline)]->Increment(); }
    void would_deny(Reason reason) { would_deny_[static_cast<std::size_t>(reason)]->Increment(); }
    void known_devices(const std::map<DeviceInventory::Agreed, std::size_t>& totals);
    /// Only of endpoints of the snapshot that was published last.
    void upstream_up(const std::string& endpoint, bool up);
    void reloaded(bool successful);
    void revocation_enforced(std::chrono::nanoseconds after);
    /// The CRLs and certificates of a snapshot that was published. Series of CRLs stay when a load fails;
    /// those of an issuer that the snapshot no longer knows are removed.
    void published(const Snapshot& snapshot, std::chrono::sys_seconds now);
    void crl_states(const std::vector<pki::IssuerStatus>& issuers);
    void crl_outcomes(const std::vector<CrlOutcome>& outcomes);

    /// Counts connections on one thread: remembers its counters, so that a connection costs no label look-up.
    class Connections {
      public:
        explicit Connections(Metrics& metrics) : metrics_(metrics) {}
        void handshake(const HandshakeRecord& record);
        /// `why` is a literal.
        void closed(std::string_view why);

      private:
        using Literals = std::pair<const char*, const char*>;
        Metrics& metrics_;
        std::map<std::tuple<const char*, bool, bool>, prometheus::Counter*> handshakes_;
        std::map<Literals, prometheus::Counter*> failures_;
        std::map<Literals, prometheus::Counter*> negotiated_;
        std::map<const char*, prometheus::Counter*> closed_;
    };

    /// Counts requests on one thread: remembers its counters, so that a request costs no label look-up.
    class Requests {
      public:
        explicit Requests(Metrics& metrics) : metrics_(metrics) {}
        void count(const RequestRecord& record);

      private:
        struct Upstream {
            prometheus::Histogram* duration;
            std::map<unsigned, prometheus::Counter*> answers;  ///< by status code
        };
        Upstream& upstream(std::string_view endpoint);

        using Key = std::tuple<const char*, const char*, unsigned>;
        Metrics& metrics_;
        std::map<Key, prometheus::Counter*> requests_;
        std::map<const char*, prometheus::Histogram*> durations_;
        std::map<std::string, Upstream, std::less<>> upstreams_;  ///< by endpoint
    };

  private:
    void follow_endpoints(const Snapshot& snapshot);
    void forget_issuers(std::set<std::string> present);
    void certificate(const char* usage, std::optional<std::chrono::sys_seconds> not_after);
    void handshakes_begin_at_zero(const std::string& listener);
    void crl_loads_begin_at_zero(const std::string& issuer);

    template <class Metric>
    using Family = prometheus::Family<Metric>;

    prometheus::Registry registry_;
    Family<prometheus::Counter>& handshakes_;
    Family<prometheus::Counter>& handshake_failures_;
    prometheus::Histogram& handshake_duration_;
    Family<prometheus::Counter>& negotiated_;
    Family<prometheus::Gauge>& connections_;
    Family<prometheus::Counter>& connections_closed_;
    Family<prometheus::Counter>& requests_;
    Family<prometheus::Histogram>& request_duration_;
    std::array<prometheus::Counter*, reason_count> denied_{};
    std::array<prometheus::Counter*, reason_count> would_deny_{};
    std::array<prometheus::Counter*, deadline_count> exceeded_{};
    std::map<std::string, prometheus::Counter*, std::less<>> log_lines_dropped_;  ///< by log, as below
    std::map<std::string, prometheus::Gauge*, std::less<>> log_failing_;
    Family<prometheus::Gauge>& known_devices_;
    std::map<DeviceInventory::Agreed, prometheus::Gauge*> device_gauges_;  ///< used by one thread
    prometheus::Counter& bytes_in_;
    prometheus::Counter& bytes_out_;
    Family<prometheus::Gauge>& upstream_up_;
    std::mutex endpoints_mutex_;
    std::map<std::string, prometheus::Gauge*> endpoints_up_;
    Family<prometheus::Counter>& upstream_requests_;
    Family<prometheus::Histogram>& upstream_duration_;
    Family<prometheus::Gauge>& crl_number_;
    Family<prometheus::Gauge>& crl_entries_;
    Family<prometheus::Gauge>& crl_this_update_;
    Family<prometheus::Gauge>& crl_next_update_;
    Family<prometheus::Gauge>& crl_state_;
    Family<prometheus::Gauge>& crl_stale_;
    Family<prometheus::Gauge>& crl_info_;
    std::vector<prometheus::Gauge*> crl_infos_;  ///< of the CRLs in force
    std::set<std::string> issuers_;              ///< of the CRLs in force
    Family<prometheus::Counter>& crl_loads_;
    Family<prometheus::Gauge>& certificate_not_after_;
    prometheus::Histogram& revocation_enforced_;
    prometheus::Gauge& reload_successful_;
    prometheus::Gauge& reload_success_time_;
};

}  // namespace sallyport::gateway
