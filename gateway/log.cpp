#include "gateway/log.h"

#include "gateway/json_line.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

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
    JsonLine line;
    line.add("time", rfc3339(std::chrono::system_clock::now()));
    line.add("level", level_names[static_cast<std::size_t>(level)]);
    line.add("event", name);
    for (const auto& [key, value] : fields) {
        std::visit([&line, name = key](const auto& alternative) { line.add(name, alternative); },
                   value.get());
    }
    events_.append(line.finish());
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
    JsonLine line;
    line.add("time", rfc3339(record.time));
    line.add("request_id", record.request_id);
    line.add("generation", record.generation);
    line.add("listener", record.listener);
    // Operators are no devices: whoever looks for a device's requests must not find theirs.
    line.add("device", record.client.kind == ClientKind::devices ? std::string_view(record.client.name) : "");
    if (record.client.kind == ClientKind::operators) line.add("operator", record.client.name);
    line.add("serial", record.serial);
    line.add("peer", record.peer);
    line.add("operation", record.operation);
    line.add("method", record.method);
    line.add("bucket", record.bucket);
    line.add("key", record.key);
    line.add("status", record.status);
    if (record.reason) line.add("reason", to_string(*record.reason));
    if (!record.detail.empty()) line.add("detail", record.detail);
    line.add("bytes_in", record.bytes_in);
    line.add("bytes_out", record.bytes_out);
    line.add_milliseconds("duration_ms", record.duration);
    if (!record.upstream.empty()) line.add("upstream", record.upstream);
    if (record.upstream_status != 0) line.add("upstream_status", record.upstream_status);
    line.add_milliseconds("upstream_ms", record.upstream_duration);
    access_->append(line.finish());
}

}  // namespace sallyport::gateway
