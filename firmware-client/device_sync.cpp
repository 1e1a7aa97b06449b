#include "firmware-client/device_sync.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace sallyport::device {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Files that are listed at once; a fuller card is listed again when these are done.
constexpr std::size_t scan_limit = 10'000;

std::chrono::milliseconds since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start);
}

}  // namespace

Metadata DeviceSync::metadata(std::chrono::sys_seconds modified) {
    Metadata metadata{{"hw", device_.hardware_version},
                      {"fw", device_.firmware_version},
                      {"timestamp", s3::amz_date(modified)},
                      {"put-index", std::to_string(++put_index_)}};
    if (!device_.settings.ssid.empty()) metadata.emplace_back("ssid", device_.settings.ssid);
    return metadata;
}

Result<void> DeviceSync::put(const std::string& name, Body& body, std::chrono::sys_seconds modified) {
    const std::string key = device_.id + '/' + name;
    const auto start = SteadyClock::now();
    const auto receipt = store_.put(key, body, metadata(modified));
    if (!receipt) return receipt.error();
    report_.uploaded(key, *receipt, since(start));
    return {};
}

Result<void> DeviceSync::check_config() {
    const std::string name = device_.card.config_name();
    const auto there = store_.exists(device_.id + '/' + name);
    if (!there) return there.error();
    if (*there) {
        report_.present(device_.id + '/' + name);
        return {};
    }
    TextBody body{device_.configuration};
    return put(name, body, clock_());
}

Result<void> DeviceSync::put_schema() {
    const auto path = device_.card.file(device_.card.schema_name());
    if (!is_present(path)) return {};
    auto body = FileBody::open(path);
    if (!body) return body.error();
    return put(device_.card.schema_name(), *body, body->modified());
}

Result<void> DeviceSync::put_device_file(std::string content) {
    TextBody body{std::move(content)};
    return put("device.json", body, clock_());
}

Result<bool> DeviceSync::put_next_log() {
    if (next_ == queue_.files.size()) {
        auto queue = scan_log_files(device_.card, device_.id, scan_limit);
        if (!queue) return queue.error();
        queue_ = std::move(*queue);
        next_ = 0;
        uploaded_ = 0;
        if (queue_.files.empty()) return false;
    }
    const LogFile& file = queue_.files[next_];
    if (!is_present(file.path)) {  // a full card deletes its oldest files
        ++next_;
        return true;
    }
    if (auto done = put_log(file); !done) {
        queue_ = {};  // listed anew next time: something about the card may have been wrong
        next_ = 0;
        return done.error();
    }
    ++next_;
    return true;
}

Result<void> DeviceSync::put_log(const LogFile& file) {
    auto body = FileBody::open(file.path);
    if (!body) return body.error();
    const std::string key = file.object_key(device_.id, clock_().time_since_epoch().count());
    UploadProgress state{file.path.filename().string(), uploaded_ + 1, queue_.count, 0, body->size(), 0};
    const auto start = SteadyClock::now();
    const auto receipt = store_.put(key, *body, metadata(body->modified()), [&](std::uint64_t sent) {
        const std::chrono::duration<double> time = SteadyClock::now() - start;
        state.bytes = sent;
        state.bytes_per_second = time.count() > 0 ? static_cast<double>(sent) / time.count() : 0;
        report_.progress(state);
    });
    if (!receipt) return receipt.error();
    if (!body->unchanged()) {
        return Error{Fault::card,
                     file.path.string() + ": changed while it was uploaded; it stays on the card"};
    }
    std::error_code failure;
    if (!std::filesystem::remove(file.path, failure) || failure) {
        return Error{Fault::card,
                     file.path.string() + ": uploaded, but cannot be deleted: " + failure.message()};
    }
    ++uploaded_;
    report_.uploaded(key, *receipt, since(start));
    return {};
}

}  // namespace sallyport::device
