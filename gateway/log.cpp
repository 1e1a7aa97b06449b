#include "gateway/log.h"

#include <algorithm>

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};
/// Enough for the members of a usual line; longer ones take memory from the heap.
constexpr std::size_t usual_line_bytes = 4096;

/// The digits of `number`, as many as end at `last`.
void put_digits(char* first, char* last, unsigned number) {
    for (; last != first; number /= 10)
        *--last = static_cast<char>('0' + number % 10);
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<microseconds>(time - day));
    std::string text = "0000-00-00T00:00:00.000000Z";
    const auto put = [&text](std::size_t first, std::size_t digits, auto number) {
        put_digits(text.data() + first, text.data() + first + digits, static_cast<unsigned>(number));
    };
    put(0, 4, static_cast<int>(date.year()));
    put(5, 2, static_cast<unsigned>(date.month()));
    put(8, 2, static_cast<unsigned>(date.day()));
    put(11, 2, clock.hours().count());
    put(14, 2, clock.minutes().count());
    put(17, 2, clock.seconds().count());
    put(20, 6, clock.subseconds().count());
    return text;
}

double milliseconds(std::chrono::nanoseconds span) {
    return static_cast<double>(span.count() / 1000) / 1000.0;
}

}  // namespace

Log::Log(const LogSettings& settings) : events_(settings.events, lost_by("events")) {
    const auto level = std::ranges::find(level_names, settings.level);
    if (level != std::end(level_names)) least_level_ = static_cast<Level>(level - std::begin(level_names));
    if (settings.access != "off") access_.emplace(settings.access, lost_by("access"));
}

/// An error: no level keeps it out.
LineWriter::ReportLost Log::lost_by(std::string_view log) {
    return [this, log](std::uint64_t lines) {
        event(Level::error, "log_lines_lost", {{"log", log}, {"count", lines}});
    };
}

void Log::event(Level level, std::string_view name, Fields fields) {
    if (level < least_level_) return;
    unsigned char memory[usual_line_bytes];
    json::monotonic_resource members(memory, sizeof memory);
    json::object line(&members);
    line.reserve(fields.size() + 3);
    line["time"] = rfc3339(std::chrono::system_clock::now());
    line["level"] = level_names[static_cast<std::size_t>(level)];
    line["event"] = name;
    for (const auto& [key, value] : fields) {
        std::visit([&line, name = key](const auto& alternative) { line[name] = alternative; }, value.get());
    }
    events_.append(json::serialize(line));
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
    unsigned char memory[usual_line_bytes];
    json::monotonic_resource members(memory, sizeof memory);
    json::object line(&members);
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
    if (!record.upstream.empty()) line["upstream"] = record.upstream;
    if (record.upstream_status != 0) line["upstream_status"] = record.upstream_status;
    line["upstream_ms"] = milliseconds(record.upstream_duration);
    access_->append(json::serialize(line));
}

}  // namespace sallyport::gateway
