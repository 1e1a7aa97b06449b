#pragma once

#include "gateway/line_writer.h"
#include "gateway/request_record.h"
#include "gateway/settings.h"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

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

/// The access log (one JSON line for each request) and the event log (one for everything else worth knowing).
/// Written by threads of their own through bounded queues, some 40 ms later: a slow disk costs the oldest
/// lines, never a request, and the event log says how many. All that was logged is written before the
/// destructor returns. Thread-safe. Secrets never get here: no header values, no query.
class Log {
  public:
    enum class Level { debug, info, warning, error };
    using Fields = std::initializer_list<std::pair<std::string_view, LogValue>>;

    /// Throws std::runtime_error (a file that cannot be opened).
    explicit Log(const LogSettings& settings);

    void event(Level level, std::string_view name, Fields fields);
    void handshake(const HandshakeRecord& record);
    void request(const RequestRecord& record);

  private:
    LineWriter::ReportLost lost_by(std::string_view log);

    Level least_level_ = Level::info;
    // One writer each: a flood of requests must not push out what the event log has to say, nor the reverse.
    // The access log goes first when both end: what it has lost stands in the event log.
    LineWriter events_;
    std::optional<LineWriter> access_;  ///< none when off
};

}  // namespace sallyport::gateway
