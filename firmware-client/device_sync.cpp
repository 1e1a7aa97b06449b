#include "firmware-client/device_sync.h"

#include "pki/file.h"

#include <utility>

namespace sallyport::device {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::chrono::milliseconds since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start);
}

}  // namespace

Metadata DevicePuts::metadata(std::chrono::sys_seconds modified) {
    Metadata metadata{{"hw", device_.hardware_version},
                      {"fw", device_.firmware_version},
                      {"timestamp", s3::amz_date(modified)},
                      {"put-index", std::to_string(++put_index_)}};
    if (!device_.settings.ssid.empty()) metadata.emplace_back("ssid", device_.settings.ssid);
    return metadata;
}

Result<void> DevicePuts::put(const std::string& key, Body& body, std::chrono::sys_seconds modified,
                             HashedBody::Progress progress) {
    const auto start = SteadyClock::now();
    const auto receipt = store_.put(key, body, metadata(modified), std::move(progress));
    if (!receipt) return receipt.error();
    report_.uploaded(key, *receipt, since(start));
    return {};
}

Result<void> DevicePuts::put_text(const std::string& name, std::string content) {
    TextBody body{std::move(content)};
    return put(device_.id + '/' + name, body, clock_());
}

Result<Next> DeviceSync::check_config() {
    const std::string name = device_.card.config_name();
    const auto there = watch_.fetch_changed(name, device_.configuration, max_configuration_bytes);
    if (!there) return there.error();
    if (there->state == WatchedObject::State::absent) {
        if (auto done = puts_.put_text(name, device_.configuration); !done) return done.error();
        return Next::period;
    }
    if (there->state == WatchedObject::State::unchanged) {
        report_.present(watch_.key(name));
        return Next::period;
    }
    // Also one that would switch S3 off: nothing that comes over the air could switch it on again.
    if (const std::string fault = fault_of_configuration(there->bytes, name, device_); !fault.empty()) {
        return watch_.refuse(name, there->etag, fault);
    }
    if (auto kept = pki::replace_file(device_.card.file(name), there->bytes, 0600); !kept) {
        return from_pki(kept.error());
    }
    watch_.accept(name, there->etag);
    report_.updated(name);
    return Next::restart;
}

Result<void> DeviceSync::put_schema() {
    const std::string name = device_.card.schema_name();
    const auto path = device_.card.file(name);
    if (!is_present(path)) return {};
    auto body = FileBody::open(path);
    if (!body) return body.error();
    return puts_.put(device_.id + '/' + name, *body, body->modified());
}

}  // namespace sallyport::device
