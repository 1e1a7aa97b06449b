#include "firmware-client/status.h"

#include "firmware-client/credentials.h"
#include "firmware-client/firmware_update.h"
#include "pki/certificate.h"
#include "pki/time.h"

#include <cstdio>

namespace sallyport::device {
namespace {

std::string date_text(std::chrono::sys_seconds time) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text;
}

std::string certificate_line(const X509& certificate, std::chrono::sys_seconds now) {
    std::string line = pki::name_text(*X509_get_subject_name(&certificate));
    const auto validity = pki::validity(certificate);
    if (!validity) return line + ", dates unreadable";
    const auto days = std::chrono::floor<std::chrono::days>(validity->not_after - now).count();
    if (now < validity->not_before) return line + ", NOT VALID BEFORE " + date_text(validity->not_before);
    if (now > validity->not_after) return line + ", EXPIRED on " + date_text(validity->not_after);
    return line + ", valid until " + date_text(validity->not_after) + " (" + std::to_string(days) +
           (days == 1 ? " day)" : " days)");
}

std::string level_text(SecurityLevel level) {
    switch (level) {
        case SecurityLevel::low:
            return "Low (HTTP, credentials only)";
        case SecurityLevel::medium:
            return "Medium (TLS, server identity)";
        case SecurityLevel::high:
            return "High (mutual TLS, device identity)";
    }
    return "";
}

std::string megabytes(std::uint64_t bytes) {
    char text[48];
    std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

std::string state_text(const DeviceStatus& status) {
    const TroubleTraits& traits = traits_of(status.state);
    std::string text{traits.word};
    if (status.since) text += " since " + pki::rfc3339(*status.since);
    if (!status.message.empty()) text += ": " + status.message;
    return text;
}

/// What a person can do about an object that the device will not take.
std::string_view advice_on(std::string_view name) {
    if (name.starts_with("config-")) {
        return "correct it, or remove it from the bucket: the device then puts its own there";
    }
    if (name == firmware_file) return "put an image for this model there, or remove it";
    if (name == trust_file) {
        return "put a bundle there that vouches for the server; one for a certificate that the server will "
               "get "
               "later may stay";
    }
    if (name == identity_file) return "answer device.csr with a certificate for its key";
    return "replace it";
}

}  // namespace

Result<std::string> status_text(const Device& device, std::chrono::sys_seconds now) {
    const auto queue = scan_log_files(device.card, device.id, 1);
    if (!queue) return queue.error();
    const ServerSettings& server = device.settings.server;
    std::string text;
    const auto line = [&](std::string_view name, const std::string& value) {
        text += name;
        text.append(name.size() < 14 ? 14 - name.size() : 1, ' ');
        text += value + '\n';
    };
    line("device", device.id + ", firmware " + device.firmware_version);
    line("card", device.card.folder.string() + ", " + device.card.config_name() + " (CRC-32 " +
                     crc32_text(device.configuration) + ")");
    line("level", level_text(device.level()));
    line("server", (server.tls ? "https://" : "http://") + server.host_header() + ", bucket " +
                       server.bucket + ", region " + server.region + ", access key " +
                       server.access_key.text());
    if (device.identity) {
        line("certificate", certificate_line(*device.identity->certificate, now));
        for (const auto& issuer : device.identity->chain)
            line("  issuer", certificate_line(*issuer, now));
    } else {
        line("certificate", "none");
    }
    if (device.trusted.empty()) line("trusts", "nobody");
    for (const auto& certificate : device.trusted)
        line("trusts", certificate_line(*certificate, now));
    line("state", state_text(device.status));
    if (const auto advice = traits_of(device.status.state).advice; !advice.empty()) {
        line("what to do", std::string{advice});
    }
    for (const auto& [name, judgement] : device.status.judged) {
        if (judgement.fault.empty()) continue;
        line("refused", name + ": " + judgement.fault);
        line("  what to do", std::string{advice_on(name)});
    }
    if (device.status.next_attempt) line("next attempt", pki::rfc3339(*device.status.next_attempt));
    line("last success", device.status.last_success ? pki::rfc3339(*device.status.last_success) : "none yet");
    if (device.status.state == Trouble::none && device.status.last_trouble_time) {
        line("last trouble", std::string{traits_of(device.status.last_trouble).word} + " at " +
                                 pki::rfc3339(*device.status.last_trouble_time) + ": " +
                                 device.status.last_trouble_message);
    }
    line("queue", queue->count == 0
                      ? "empty"
                      : std::to_string(queue->count) + (queue->count == 1 ? " file, " : " files, ") +
                            megabytes(queue->bytes) + ", oldest " + queue->files.front().session + '/' +
                            queue->files.front().split);
    if (queue->ignored > 0)
        line("ignored", std::to_string(queue->ignored) + " entries that are no log files");
    return text;
}

}  // namespace sallyport::device
