#pragma once

#include "gateway/request_record.h"
#include "gateway/settings.h"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

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
/// Written by a thread of its own through a bounded queue: a slow disk costs the oldest lines, never a
/// request. Thread-safe. Secrets never get here: no header values, no query.
class Log {
  public:
    enum class Level { debug, info, warning, error };
    using Fields = std::initializer_list<std::pair<std::string_view, LogValue>>;

    /// Throws std::runtime_error (a file that cannot be opened).
    explicit Log(const LogSettings& settings);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void event(Level level, std::string_view name, Fields fields);
    void handshake(const HandshakeRecord& record);
    void request(const RequestRecord& record);

  private:
    // One queue each: a flood of requests must not push out what the event log has to say, nor the reverse.
    std::shared_ptr<spdlog::details::thread_pool> access_writer_;
    std::shared_ptr<spdlog::details::thread_pool> event_writer_;
    std::shared_ptr<spdlog::logger> access_;  ///< null when off
    std::shared_ptr<spdlog::logger> events_;
};

}  // namespace sallyport::gateway
