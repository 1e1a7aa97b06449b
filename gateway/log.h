#pragma once

#include "gateway/audit_log.h"
#include "gateway/line_writer.h"
#include "gateway/log_health.h"
#include "gateway/recent_events.h"
#include "gateway/request_record.h"
#include "gateway/settings.h"

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sallyport::gateway {

/// What an event can say about itself.
class LogValue {
  public:
    LogValue(std::string_view text) : value_(std::string(text)) {}
    LogValue(const std::string& text) : value_(text) {}
    LogValue(const char* text) : value_(std::string(text)) {}
    LogValue(bool flag) : value_(flag) {}
    LogValue(double number) : value_(number) {}
    template <std::integral Number>
    LogValue(Number number) : value_(static_cast<std::int64_t>(number)) {}

    const std::variant<std::string, bool, double, std::int64_t>& get() const { return value_; }

  private:
    std::variant<std::string, bool, double, std::int64_t> value_;
};

class Metrics;

/// Which of the logs a start could not open and why, each with its place in the configuration. Makes and
/// changes nothing.
std::vector<std::string> unusable_logs(const LogSettings& settings);

/// The access log (one JSON line for each request), the event log (one for everything else worth knowing) and
/// the audit log (refusals and changes, chained). Written by threads of their own through bounded queues,
/// some 40 ms later: a slow or full disk costs lines, never a request, and the logs say how many. All that
/// was logged is written before the destructor returns. Thread-safe. Secrets never get here: no query, also
/// none that was encoded into a key (`logged_key`), and of the header fields traceparent alone.
class Log {
  public:
    enum class Level { debug, info, warning, error };
    using Fields = std::initializer_list<std::pair<std::string_view, LogValue>>;

    /// `metrics`, which may be null, must outlive this. Throws std::runtime_error (a file that cannot be
    /// opened, an audit log that another process writes).
    explicit Log(const LogSettings& settings, Metrics* metrics = nullptr);
    ~Log();

    void event(Level level, std::string_view name, Fields fields);
    /// An event that stands in the audit log, too, whatever the level of the event log.
    void audited(Level level, std::string_view name, Fields fields);
    /// The same of a connection that is cut, which can be thousands at once: leaves room in the audit log's
    /// queue for other events.
    void audited_cut(Level level, std::string_view name, Fields fields);
    /// The same of what a stranger can cause as often as it likes: alike ones of one network are counted.
    void audited_alike(Level level, std::string_view name, const ClientNetwork& network, Fields fields);
    void handshake(const HandshakeRecord& record);
    void request(const RequestRecord& record);
    const RecentEvents& recent() const { return recent_; }

    /// After a rotation: files that were renamed or removed are made anew. Returns at once.
    void reopen();

  private:
    /// Says in the other logs and in the metrics how one fares.
    class Health final : public LogHealth {
      public:
        Health(Log& log, std::string_view name) : log_(log), name_(name) {}
        void lost(std::uint64_t lines) override;
        void failed(const std::string& why) override;
        void caught_up(std::uint64_t lost) override;

      private:
        Log& log_;
        std::string_view name_;
    };

    struct Refused {
        std::string_view listener;
        Reason reason;
        std::string_view peer;
        const ClientNetwork& network;
        const Client& client;
        std::string_view serial;
        bool is_proven;
    };
    void audit(std::string_view name, Fields fields, AuditLog::Share share = AuditLog::Share::whole);
    void audit_refusal(std::string_view name, const Refused& refused, Fields fields);

    Metrics* metrics_;
    Level least_level_ = Level::info;
    bool events_go_to_journal_;
    RecentEvents recent_;
    Health access_health_{*this, "access"};
    Health audit_health_{*this, "audit"};
    Health events_health_{*this, "events"};
    // A writer for each: a flood of requests must not push out what the event log has to say, nor the
    // reverse. The threads of all report to the others: see the constructor and the destructor.
    std::optional<LineWriter> access_;  ///< none when off
    std::optional<AuditLog> audit_;     ///< the same
    std::atomic<AuditLog*> auditing_{nullptr};
    LineWriter events_;
};

}  // namespace sallyport::gateway
