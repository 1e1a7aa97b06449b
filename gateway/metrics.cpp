#include "gateway/metrics.h"

#include "gateway/admin_access.h"
#include "pki/certificate.h"

#include <prometheus/text_serializer.h>

namespace sallyport::gateway {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries short_seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                0.1,    0.25,  0.5,    1,     2.5,  5,     10};
const Histogram::BucketBoundaries request_seconds{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300};

double seconds(std::chrono::nanoseconds span) {
    return std::chrono::duration<double>(span).count();
}
double unix_time(std::chrono::sys_seconds time) {
    return static_cast<double>(time.time_since_epoch().count());
}

/// Of CRLs that could not be read, or whose issuer is no authority here.
constexpr const char* unknown_issuer = "unknown";

/// The first anchor to expire takes its clients with it.
std::optional<std::chrono::sys_seconds> first_to_expire(
    const std::shared_ptr<const ClientAuthority>& authority) {
    if (!authority) return std::nullopt;
    auto first = std::chrono::sys_seconds::max();
    for (const auto& anchor : authority->trust->anchors()) {
        if (const auto dates = pki::validity(*anchor)) first = std::min(first, dates->not_after);
    }
    return first;
}

auto& counter(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
}
auto& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry);
}
auto& histogram(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Metrics()
    : handshakes_(counter(registry_, "sallyport_tls_handshakes_total", "TLS handshakes by result")),
      handshake_failures_(
          counter(registry_, "sallyport_tls_handshake_failures_total", "Failed TLS handshakes by reason")),
      handshake_duration_(histogram(registry_, "sallyport_tls_handshake_duration_seconds",
                                    "Time from accept to a finished handshake")
                              .Add({}, short_seconds)),
      negotiated_(
          counter(registry_, "sallyport_tls_negotiated_total", "TLS versions and cipher suites agreed on")),
      connections_(gauge(registry_, "sallyport_connections", "Open device connections")),
      connections_closed_(
          counter(registry_, "sallyport_connections_closed_total", "Closed device connections by reason")),
      requests_(counter(registry_, "sallyport_http_requests_total", "Finished requests")),
      request_duration_(histogram(registry_, "sallyport_http_request_duration_seconds",
                                  "Time from a request's head to the end of its answer")),
      known_devices_(gauge(registry_, "sallyport_known_devices",
                           "Devices by what they agreed on last; key_bits is 0 without a certificate")),
      bytes_in_(counter(registry_, "sallyport_bytes_total", "Body bytes relayed").Add({{"direction", "in"}})),
      bytes_out_(
          counter(registry_, "sallyport_bytes_total", "Body bytes relayed").Add({{"direction", "out"}})),
      upstream_up_(
          gauge(registry_, "sallyport_upstream_up",
                "1 when an address of the endpoint is up: it takes connections and passes its checks")),
      upstream_requests_(
          counter(registry_, "sallyport_upstream_requests_total", "Answers of the store by status code")),
      upstream_duration_(histogram(registry_, "sallyport_upstream_request_duration_seconds",
                                   "Time from a forwarded head to the end of the store's answer")),
      crl_number_(gauge(registry_, "sallyport_crl_number", "CRL number in force")),
      crl_entries_(gauge(registry_, "sallyport_crl_entries", "Revoked certificates on the CRL in force")),
      crl_this_update_(
          gauge(registry_, "sallyport_crl_this_update_timestamp_seconds", "thisUpdate of the CRL in force")),
      crl_next_update_(
          gauge(registry_, "sallyport_crl_next_update_timestamp_seconds", "nextUpdate of the CRL in force")),
      crl_state_(gauge(registry_, "sallyport_crl_state",
                       "1 for the rung of the ladder that the CRL in force stands on")),
      crl_stale_(gauge(registry_, "sallyport_crl_stale", "1 when the CRL in force has expired")),
      crl_info_(gauge(registry_, "sallyport_crl_info", "SHA-256 of the CRL in force")),
      crl_loads_(counter(registry_, "sallyport_crl_loads_total", "CRLs offered by what became of them")),
      certificate_not_after_(gauge(registry_, "sallyport_certificate_not_after_timestamp_seconds",
                                   "notAfter of the first certificate of this usage to expire")),
      revocation_enforced_(histogram(registry_, "sallyport_revocation_enforced_seconds",
                                     "Time from noticing a changed file to the last connection that it cut")
                               .Add({}, short_seconds)),
      reload_successful_(
          gauge(registry_, "sallyport_config_last_reload_successful", "1 when the last load took effect")
              .Add({})),
      reload_success_time_(gauge(registry_, "sallyport_config_last_reload_success_timestamp_seconds",
                                 "When a load last took effect")
                               .Add({})) {
    gauge(registry_, "sallyport_build_info", "Version of this build")
        .Add({{"version", SALLYPORT_VERSION}})
        .Set(1);
    auto& denied =
        counter(registry_, "sallyport_http_requests_denied_total", "Refused or failed requests by reason");
    auto& would_deny = counter(registry_, "sallyport_shadow_would_deny_total",
                               "Requests in shadow mode that mode high denies, by reason");
    for (std::size_t i = 0; i < reason_count; ++i) {
        denied_[i] = &denied.Add({{"reason", std::string(to_string(static_cast<Reason>(i)))}});
        would_deny_[i] = &would_deny.Add({{"reason", std::string(to_string(static_cast<Reason>(i)))}});
    }
    auto& exceeded = counter(registry_, "sallyport_deadlines_exceeded_total",
                             "Waits that were given up, by the limit that they exceeded");
    for (std::size_t i = 0; i < deadline_count; ++i)
        exceeded_[i] = &exceeded.Add({{"deadline", std::string(to_string(static_cast<Deadline>(i)))}});
    crl_loads_begin_at_zero(unknown_issuer);
    auto& dropped = counter(registry_, "sallyport_log_lines_dropped_total",
                            "Lines that a log lost: its queue was full, or its file took no more");
    auto& failing = gauge(registry_, "sallyport_log_failing", "1 when a log could not be written to last");
    for (const char* log : {"access", "events", "audit"}) {
        log_lines_dropped_[log] = &dropped.Add({{"log", log}});
        log_failing_[log] = &failing.Add({{"log", log}});
    }
}

void Metrics::log_lines_dropped(std::string_view log, std::uint64_t lines) {
    log_lines_dropped_.find(log)->second->Increment(static_cast<double>(lines));
}

void Metrics::log_failing(std::string_view log, bool failing) {
    log_failing_.find(log)->second->Set(failing ? 1 : 0);
}

std::string Metrics::expose() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

void Metrics::handshake_not_begun(const std::string& listener, Reason why) {
    handshakes_.Add({{"listener", listener}, {"result", "failed"}, {"resumed", "false"}}).Increment();
    handshake_failures_.Add({{"listener", listener}, {"reason", std::string(to_string(why))}}).Increment();
}

Gauge& Metrics::connections(std::string_view listener) {
    return connections_.Add({{"listener", std::string(listener)}});
}

void Metrics::known_devices(const std::map<DeviceInventory::Agreed, std::size_t>& totals) {
    for (auto& [agreed, series] : device_gauges_)
        series->Set(0);
    for (const auto& [agreed, count] : totals) {
        auto& series = device_gauges_[agreed];
        if (series == nullptr) {
            const auto& [version, cipher, key_bits] = agreed;
            series = &known_devices_.Add(
                {{"version", version}, {"cipher", cipher}, {"key_bits", std::to_string(key_bits)}});
        }
        series->Set(static_cast<double>(count));
    }
}

void Metrics::upstream_up(const std::string& endpoint, bool up) {
    const std::lock_guard lock(endpoints_mutex_);
    const auto found = endpoints_up_.find(endpoint);
    if (found != endpoints_up_.end()) found->second->Set(up);
}

void Metrics::follow_endpoints(const Snapshot& snapshot) {
    std::map<std::string, Gauge*> fresh;
    const std::lock_guard lock(endpoints_mutex_);
    for (const auto& endpoint : snapshot.upstream->endpoints()) {
        const auto known = endpoints_up_.find(endpoint->label);
        if (known != endpoints_up_.end()) {
            fresh.insert(*known);
            endpoints_up_.erase(known);
            continue;
        }
        Gauge& gauge = upstream_up_.Add({{"endpoint", endpoint->label}});
        gauge.Set(1);  // until something speaks against it
        fresh.emplace(endpoint->label, &gauge);
    }
    for (const auto& [label, gone] : endpoints_up_)
        upstream_up_.Remove(gone);
    endpoints_up_ = std::move(fresh);
}

void Metrics::reloaded(bool successful) {
    reload_successful_.Set(successful);
    if (successful) reload_success_time_.SetToCurrentTime();
}

void Metrics::revocation_enforced(std::chrono::nanoseconds after) {
    revocation_enforced_.Observe(seconds(after));
}

void Metrics::published(const Snapshot& snapshot, std::chrono::sys_seconds now) {
    for (Gauge* info : crl_infos_)
        crl_info_.Remove(info);
    crl_infos_.clear();
    std::set<std::string> issuers;
    for (const pki::IssuerStatus& issuer : snapshot.revocation.issuers(now)) {
        issuers.insert(issuer.name);
        crl_loads_begin_at_zero(issuer.name);
        const prometheus::Labels labels{{"issuer", issuer.name}};
        if (!issuer.number.empty()) crl_number_.Add(labels).Set(std::strtod(issuer.number.c_str(), nullptr));
        crl_entries_.Add(labels).Set(static_cast<double>(issuer.entries));
        crl_this_update_.Add(labels).Set(unix_time(issuer.this_update));
        crl_next_update_.Add(labels).Set(unix_time(issuer.next_update));
        for (const std::string& sha256 : issuer.sha256) {
            crl_infos_.push_back(&crl_info_.Add({{"issuer", issuer.name}, {"sha256", sha256}}));
            crl_infos_.back()->Set(1);
        }
    }
    forget_issuers(std::move(issuers));
    follow_endpoints(snapshot);
    certificate("device_ca", first_to_expire(snapshot.devices));
    certificate("operator_ca", first_to_expire(snapshot.operators));
    std::optional<std::chrono::sys_seconds> server;
    for (const ListenerRules& listener : snapshot.listeners) {
        if (!listener.certificate_not_after) continue;
        server = std::min(server.value_or(*listener.certificate_not_after), *listener.certificate_not_after);
        handshakes_begin_at_zero(listener.name);
    }
    certificate("server", server);
    certificate("admin", snapshot.admin->certificate_not_after());
}

void Metrics::forget_issuers(std::set<std::string> present) {
    for (const std::string& gone : issuers_) {
        if (present.contains(gone)) continue;
        const prometheus::Labels labels{{"issuer", gone}};
        for (auto* family : {&crl_number_, &crl_entries_, &crl_this_update_, &crl_next_update_, &crl_stale_})
            family->Remove(&family->Add(labels));
        for (const pki::CrlState state : pki::crl_states) {
            crl_state_.Remove(
                &crl_state_.Add({{"issuer", gone}, {"state", std::string(pki::to_string(state))}}));
        }
    }
    issuers_ = std::move(present);
}

void Metrics::certificate(const char* usage, std::optional<std::chrono::sys_seconds> not_after) {
    Gauge& series = certificate_not_after_.Add({{"usage", usage}});
    if (not_after) {
        series.Set(unix_time(*not_after));
    } else {
        certificate_not_after_.Remove(&series);
    }
}

// Prometheus sees no increase in a series that begins with 1: what alerts wait for is there from the start.

void Metrics::handshakes_begin_at_zero(const std::string& listener) {
    for (const char* result : {"ok", "failed"}) {
        for (const char* resumed : {"true", "false"})
            handshakes_.Add({{"listener", listener}, {"result", result}, {"resumed", resumed}});
    }
    for (std::size_t i = 0; i < tls_reason_count; ++i) {
        handshake_failures_.Add(
            {{"listener", listener}, {"reason", std::string(to_string(static_cast<Reason>(i)))}});
    }
}

void Metrics::crl_loads_begin_at_zero(const std::string& issuer) {
    for (const pki::CrlLoad result : pki::crl_load_results)
        crl_loads_.Add({{"issuer", issuer}, {"result", std::string(pki::to_string(result))}});
}

void Metrics::crl_states(const std::vector<pki::IssuerStatus>& issuers) {
    for (const pki::IssuerStatus& issuer : issuers) {
        for (const pki::CrlState known : pki::crl_states) {
            crl_state_.Add({{"issuer", issuer.name}, {"state", std::string(pki::to_string(known))}})
                .Set(known == issuer.state);
        }
        const bool stale = issuer.state == pki::CrlState::grace || issuer.state == pki::CrlState::closed;
        crl_stale_.Add({{"issuer", issuer.name}}).Set(stale);
    }
}

void Metrics::crl_outcomes(const std::vector<CrlOutcome>& outcomes) {
    for (const CrlOutcome& outcome : outcomes) {
        crl_loads_
            .Add({{"issuer", outcome.issuer.empty() ? unknown_issuer : outcome.issuer},
                  {"result", std::string(pki::to_string(outcome.result))}})
            .Increment();
    }
}

// Listeners live as long as the server; reasons, versions and ciphers are literals, of ours and of OpenSSL:
// their addresses are keys.

void Metrics::Connections::handshake(const HandshakeRecord& record) {
    auto& handshakes = handshakes_[{record.listener.data(), record.failure.has_value(), record.resumed}];
    if (handshakes == nullptr) {
        handshakes = &metrics_.handshakes_.Add({{"listener", std::string(record.listener)},
                                                {"result", record.failure ? "failed" : "ok"},
                                                {"resumed", record.resumed ? "true" : "false"}});
    }
    handshakes->Increment();
    if (record.failure) {
        const std::string_view reason = to_string(*record.failure);
        auto& failures = failures_[{record.listener.data(), reason.data()}];
        if (failures == nullptr) {
            failures = &metrics_.handshake_failures_.Add(
                {{"listener", std::string(record.listener)}, {"reason", std::string(reason)}});
        }
        failures->Increment();
        return;
    }
    metrics_.handshake_duration_.Observe(seconds(record.duration));
    auto& negotiated = negotiated_[{record.version.data(), record.cipher.data()}];
    if (negotiated == nullptr) {
        negotiated = &metrics_.negotiated_.Add(
            {{"version", std::string(record.version)}, {"cipher", std::string(record.cipher)}});
    }
    negotiated->Increment();
}

void Metrics::Connections::closed(std::string_view why) {
    auto& closed = closed_[why.data()];
    if (closed == nullptr) closed = &metrics_.connections_closed_.Add({{"reason", std::string(why)}});
    closed->Increment();
}

void Metrics::Requests::count(const RequestRecord& record) {
    // Operation names are literals and listeners live as long as the server: their addresses are keys.
    auto& requests = requests_[{record.listener.data(), record.operation.data(), record.status}];
    if (requests == nullptr) {
        requests = &metrics_.requests_.Add({{"listener", std::string(record.listener)},
                                            {"s3_operation", std::string(record.operation)},
                                            {"code", std::to_string(record.status)}});
    }
    requests->Increment();
    auto& duration = durations_[record.operation.data()];
    if (duration == nullptr) {
        duration = &metrics_.request_duration_.Add({{"s3_operation", std::string(record.operation)}},
                                                   request_seconds);
    }
    duration->Observe(seconds(record.duration));
    if (record.reason) metrics_.denied_[static_cast<std::size_t>(*record.reason)]->Increment();
    metrics_.bytes_in_.Increment(static_cast<double>(record.bytes_in));
    metrics_.bytes_out_.Increment(static_cast<double>(record.bytes_out));
    if (record.upstream_status == 0) return;
    auto& [duration_of_answers, answers] = upstream(record.upstream);
    auto& answered = answers[record.upstream_status];
    if (answered == nullptr) {
        answered = &metrics_.upstream_requests_.Add(
            {{"endpoint", std::string(record.upstream)}, {"code", std::to_string(record.upstream_status)}});
    }
    answered->Increment();
    duration_of_answers->Observe(seconds(record.upstream_duration));
}

Metrics::Requests::Upstream& Metrics::Requests::upstream(std::string_view endpoint) {
    const auto known = upstreams_.find(endpoint);
    if (known != upstreams_.end()) return known->second;
    auto& duration = metrics_.upstream_duration_.Add({{"endpoint", std::string(endpoint)}}, request_seconds);
    return upstreams_.emplace(endpoint, Upstream{&duration, {}}).first->second;
}

}  // namespace sallyport::gateway
