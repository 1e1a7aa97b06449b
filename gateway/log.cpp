#include "gateway/log.h"

#include "gateway/json_line.h"
#include "gateway/metrics.h"
#include "gateway/rules/logged_key.h"

#include <algorithm>
#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

/// sd_journal_print(3) and systemd.exec(5), SyslogLevelPrefix=: the journal takes the level from the line.
constexpr std::string_view journal_prefixes[] = {"<7>", "<6>", "<4>", "<3>"};

/// Does standard error lead into the journal? systemd.exec(5), JOURNAL_STREAM.
bool is_journal(const std::string& target) {
    struct stat status {};
    const char* const stream = std::getenv("JOURNAL_STREAM");
    const int descriptor = target == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
    if (stream == nullptr || (target != "stdout" && target != "stderr")) return false;
    return ::fstat(descriptor, &status) == 0 &&
           stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

/// Of a text in the audit log: what is longer says no more, and bounds what a line can be.
constexpr std::size_t max_audited_text = 2'048;

void add_fields(JsonLine& line, Log::Fields fields) {
    for (const auto& [key, value] : fields) {
        std::visit([&line, name = key](const auto& alternative) { line.add(name, alternative); },
                   value.get());
    }
}

/// The same for the audit log.
void add_shortened(JsonLine& line, Log::Fields fields) {
    for (const auto& [key, value] : fields) {
        if (const auto* const text = std::get_if<std::string>(&value.get())) {
            line.add(key, std::string_view(*text).substr(0, max_audited_text));
        } else {
            std::visit([&line, name = key](const auto& alternative) { line.add(name, alternative); },
                       value.get());
        }
    }
}

/// Device and operator are told apart: whoever looks for a device's requests must not find an operator's.
std::string_view role_of(const Client& client) {
    return client.kind == ClientKind::operators ? "operator" : "device";
}

/// Times since the request began, each when it had come so far.
void add_phases(JsonLine& line, const RequestRecord& record) {
    const auto add = [&line](std::string_view name, std::chrono::nanoseconds when) {
        if (when.count() > 0) line.add_milliseconds(name, when);
    };
    add("judged_ms", record.judged);
    add("connected_ms", record.connected);
    add("sent_ms", record.sent);
    add("answered_ms", record.answered);
    line.add_milliseconds("duration_ms", record.duration);
    if (!record.upstream.empty()) line.add("upstream", record.upstream);
    if (record.upstream_status != 0) line.add("upstream_status", record.upstream_status);
    if (!record.store_request_id.empty()) line.add("store_request_id", record.store_request_id);
    line.add_milliseconds("upstream_ms", record.upstream_duration);
}

/// Who knocks again is the same from another port, and from each of its 2^64 addresses.
std::string_view key_of(const ClientNetwork& network) {
    return {reinterpret_cast<const char*>(network.data()), network.size()};
}

}  // namespace

std::vector<std::string> unusable_logs(const LogSettings& settings) {
    std::vector<std::string> faults;
    const auto look = [&](const std::string& name, const std::string& target, const std::string& why) {
        if (why.empty()) return;
        const auto place = settings.places.find(name);
        faults.push_back((place == settings.places.end() ? "" : place->second + ": ") + "log." + name + ": " +
                         target + ": " + why);
    };
    if (settings.access != "off") look("access", settings.access, LogFile::why_unusable(settings.access));
    look("events", settings.events, LogFile::why_unusable(settings.events));
    if (settings.audit != "off") look("audit", settings.audit, AuditFile::why_unusable(settings.audit));
    return faults;
}

Log::Log(const LogSettings& settings, Metrics* metrics)
    : metrics_(metrics),
      events_go_to_journal_(is_journal(settings.events)),
      events_(settings.events, events_health_) {
    const auto level = std::ranges::find(level_names, settings.level);
    if (level != std::end(level_names)) least_level_ = static_cast<Level>(level - std::begin(level_names));
    if (settings.audit != "off") audit_.emplace(settings.audit, audit_health_);
    auditing_ = audit_ ? &*audit_ : nullptr;  // complete: before, what fails has nothing to report to
    try {
        if (settings.access != "off") access_.emplace(settings.access, access_health_);
    } catch (...) {
        if (audit_) audit_->finish();  // there is no destructor yet, and its thread reports to the events
        throw;
    }
}

Log::~Log() {
    // First: a pipe whose reader has stopped must not cost the audit log its end.
    if (audit_) audit_->finish();
    access_.reset();
}

void Log::Health::lost(std::uint64_t lines) {
    if (log_.metrics_ != nullptr) log_.metrics_->log_lines_dropped(name_, lines);
}

void Log::Health::failed(const std::string& why) {
    if (log_.metrics_ != nullptr) log_.metrics_->log_failing(name_, true);
    if (name_ == "events") {
        say_on_standard_error("log events: " + why);  // where else
    } else {
        log_.event(Level::error, "log_failed", {{"log", name_}, {"detail", why}});
    }
    if (name_ != "audit") log_.audit("log_failed", {{"log", name_}, {"detail", why}});
}

/// An error: no level keeps it out.
void Log::Health::caught_up(std::uint64_t lost) {
    if (log_.metrics_ != nullptr) log_.metrics_->log_failing(name_, false);
    log_.event(Level::error, "log_lines_lost", {{"log", name_}, {"count", lost}});
    if (name_ != "audit") log_.audit("log_lines_lost", {{"log", name_}, {"count", lost}});
}

void Log::reopen() {
    events_.reopen();
    if (access_) access_->reopen();
    if (audit_) audit_->reopen();
}

void Log::event(Level level, std::string_view name, Fields fields) {
    if (level < least_level_) return;
    const auto index = static_cast<std::size_t>(level);
    JsonLine line;
    line.add_time("time", std::chrono::system_clock::now());
    line.add("level", level_names[index]);
    line.add("event", name);
    add_fields(line, fields);
    const std::string_view text = line.finish();
    recent_.add(name, text);
    events_.append(text, events_go_to_journal_ ? journal_prefixes[index] : "");
}

void Log::audited(Level level, std::string_view name, Fields fields) {
    event(level, name, fields);
    audit(name, fields);
}

void Log::audited_cut(Level level, std::string_view name, Fields fields) {
    event(level, name, fields);
    audit(name, fields, AuditLog::Share::of_cuts);
}

void Log::audited_alike(Level level, std::string_view name, const ClientNetwork& network, Fields fields) {
    event(level, name, fields);
    AuditLog* const audit = auditing_;
    if (audit == nullptr) return;
    JsonLine line;
    line.add_time("time", std::chrono::system_clock::now());
    line.add("event", name);
    add_shortened(line, fields);
    const std::string kind = std::string(name).append(" ").append(key_of(network));
    audit->refusal({kind, name, false, line.finish()});
}

void Log::audit(std::string_view name, Fields fields, AuditLog::Share share) {
    AuditLog* const audit = auditing_;
    if (audit == nullptr) return;
    JsonLine line;
    line.add_time("time", std::chrono::system_clock::now());
    line.add("event", name);
    add_shortened(line, fields);
    audit->record(line.finish(), share);
}

void Log::audit_refusal(std::string_view name, const Refused& refused, Fields fields) {
    AuditLog* const audit = auditing_;
    if (audit == nullptr || !is_refusal(refused.reason)) return;
    JsonLine line;
    line.add_time("time", std::chrono::system_clock::now());
    line.add("event", name);
    line.add("listener", refused.listener);
    line.add("reason", to_string(refused.reason));
    line.add("peer", refused.peer);
    line.add(role_of(refused.client), refused.client.name.substr(0, max_audited_text));
    line.add("serial", refused.serial.substr(0, max_audited_text));
    add_shortened(line, fields);
    // The name of who has not proved it would let a stranger be as many as it likes.
    const std::string_view who = refused.is_proven ? refused.client.name : key_of(refused.network);
    std::string overflow(name);
    (overflow += ' ') += to_string(refused.reason);
    const std::string kind = (overflow + ' ').append(refused.listener).append(" ").append(who);
    audit->refusal({kind, overflow, refused.is_proven, line.finish()});
}

void Log::handshake(const HandshakeRecord& record) {
    const std::string_view client = role_of(record.client);
    if (record.failure) {
        // Of what a certificate can be refused for, `revoked` is found last: its signatures are good.
        audit_refusal("handshake_refused",
                      {record.listener, *record.failure, record.peer, record.network, record.client,
                       record.serial, *record.failure == Reason::revoked},
                      {{"detail", record.detail}});
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
    const auto without_secrets = logged_key(record.key);
    const std::string& key = without_secrets ? *without_secrets : record.key;
    if (record.reason) {
        audit_refusal("request_refused",
                      {record.listener, *record.reason, record.peer, record.network, record.client,
                       record.serial, !record.client.name.empty()},
                      {{"request_id", record.request_id},
                       {"operation", record.operation},
                       {"bucket", record.bucket},
                       {"key", key},
                       {"detail", record.detail}});
    }
    if (!access_) return;
    JsonLine line;
    line.add_time("time", record.time);
    line.add("request_id", record.request_id);
    line.add("generation", record.generation);
    line.add("listener", record.listener);
    line.add("suite", record.suite);
    line.add("device", record.client.kind == ClientKind::devices ? std::string_view(record.client.name) : "");
    if (record.client.kind == ClientKind::operators) line.add("operator", record.client.name);
    line.add("serial", record.serial);
    line.add("peer", record.peer);
    line.add("operation", record.operation);
    line.add("method", record.method);
    line.add("bucket", record.bucket);
    line.add("key", key);
    line.add("status", record.status);
    if (record.reason) line.add("reason", to_string(*record.reason));
    if (!record.detail.empty()) line.add("detail", record.detail);
    line.add("bytes_in", record.bytes_in);
    line.add("bytes_out", record.bytes_out);
    add_phases(line, record);
    if (!record.trace_id.empty()) {
        line.add("trace_id", record.trace_id);
        line.add("parent_id", record.parent_id);
    }
    access_->append(line.finish());
}

}  // namespace sallyport::gateway
