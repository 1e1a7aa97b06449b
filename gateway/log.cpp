#include "gateway/log.h"

#include <array>

#include <boost/json.hpp>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t queue_lines = 8 * 1024;  // spdlog allocates them all at the start, 400 bytes each

std::string rfc3339(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
    const std::time_t count = std::chrono::system_clock::to_time_t(seconds);
    std::tm broken{};
    gmtime_r(&count, &broken);
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", broken.tm_year + 1900,
                  broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min, broken.tm_sec,
                  static_cast<int>(micros));
    return text;
}

double milliseconds(std::chrono::nanoseconds span) {
    return static_cast<double>(span.count() / 1000) / 1000.0;
}

spdlog::sink_ptr open_sink(const std::string& target) {
    if (target == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
    if (target == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    try {
        return std::make_shared<spdlog::sinks::basic_file_sink_mt>(target);
    } catch (const spdlog::spdlog_ex& error) {
        throw std::runtime_error("log: " + std::string(error.what()));
    }
}

spdlog::level::level_enum to_spdlog(Log::Level level) {
    constexpr std::array levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                spdlog::level::err};
    return levels[static_cast<std::size_t>(level)];
}

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

}  // namespace

Log::Log(const LogSettings& settings)
    : access_writer_(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)),
      event_writer_(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)) {
    const auto open = [](const char* name, const std::string& target, const auto& writer) {
        auto logger = std::make_shared<spdlog::async_logger>(name, open_sink(target), writer,
                                                             spdlog::async_overflow_policy::overrun_oldest);
        logger->set_pattern("%v", spdlog::pattern_time_type::utc);
        logger->flush_on(spdlog::level::trace);
        return logger;
    };
    events_ = open("events", settings.events, event_writer_);
    for (std::size_t i = 0; i < std::size(level_names); ++i) {
        if (settings.level == level_names[i]) events_->set_level(to_spdlog(static_cast<Level>(i)));
    }
    if (settings.access != "off") access_ = open("access", settings.access, access_writer_);
}

Log::~Log() {
    // The writers finish their queues and end before the sinks go that they write to.
    access_writer_.reset();
    event_writer_.reset();
}

void Log::event(Level level, std::string_view name, Fields fields) {
    if (!events_->should_log(to_spdlog(level))) return;
    json::object line;
    line["time"] = rfc3339(std::chrono::system_clock::now());
    line["level"] = level_names[static_cast<std::size_t>(level)];
    line["event"] = name;
    for (const auto& [key, value] : fields) {
        std::visit([&line, name = key](const auto& alternative) { line[name] = alternative; }, value.get());
    }
    events_->log(to_spdlog(level), "{}", json::serialize(line));
}

void Log::handshake(const HandshakeRecord& record) {
    const bool is_operator = record.client.kind == ClientKind::operators;
    const std::string_view client = is_operator ? "operator" : "device";
    if (record.failure) {
        event(Level::warning, "handshake_failed",
              {{"listener", record.listener},
               {"reason", to_string(*record.failure)},
               {"peer", record.peer},
               {client, record.client.name},
               {"serial", record.serial},
               {"detail", record.detail}});
        return;
    }
    event(Level::info, "handshake",
          {{"listener", record.listener},
           {"peer", record.peer},
           {client, record.client.name},
           {"serial", record.serial},
           {"version", record.version},
           {"cipher", record.cipher},
           {"signature", record.signature},
           {"resumed", record.resumed}});
}

void Log::request(const RequestRecord& record) {
    if (!access_) return;
    unsigned char memory[4096];
    json::monotonic_resource overflow(memory, sizeof memory);
    json::object line(&overflow);
    line.reserve(24);
    line["time"] = rfc3339(record.time);
    line["request_id"] = record.request_id;
    line["generation"] = record.generation;
    line["listener"] = record.listener;
    // Operators are no devices: whoever looks for a device's requests must not find theirs.
    line["device"] = record.client.kind == ClientKind::devices ? record.client.name : "";
    if (record.client.kind == ClientKind::operators) line["operator"] = record.client.name;
    line["serial"] = record.serial;
    line["peer"] = record.peer;
    line["operation"] = record.operation;
    line["method"] = record.method;
    line["bucket"] = record.bucket;
    line["key"] = record.key;
    line["status"] = record.status;
    if (record.reason) line["reason"] = to_string(*record.reason);
    if (!record.detail.empty()) line["detail"] = record.detail;
    line["bytes_in"] = record.bytes_in;
    line["bytes_out"] = record.bytes_out;
    line["duration_ms"] = milliseconds(record.duration);
    if (record.upstream_status != 0) line["upstream_status"] = record.upstream_status;
    line["upstream_ms"] = milliseconds(record.upstream_duration);
    access_->info("{}", json::serialize(line));
}

}  // namespace sallyport::gateway
