#include "firmware-client/powered_device.h"

#include <utility>

namespace sallyport::device {
namespace {

WallClock reading(const DeviceClock& clock) {
    return [&clock] { return clock.now(); };
}

/// No server's clock stands before the day on which this was written, and a clock that does would make every
/// certificate worthless.
bool is_plausible(std::chrono::sys_seconds time) {
    return time > std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} &&
           time < std::chrono::sys_days{std::chrono::year{2100} / 1 / 1};
}

}  // namespace

PoweredDevice::PoweredDevice(Device device, Descriptor card_lock, std::unique_ptr<TlsClient> tls,
                             const DeviceOptions& options, StopDescriptor stop, DeviceClock& clock,
                             Report& report)
    : device_(std::move(device)),
      card_lock_(std::move(card_lock)),
      clock_(clock),
      report_(report),
      tls_(std::move(tls)),
      connector_(device_.settings.server, tls_.get(), stop, options.cipher_group),
      store_(device_.settings.server, connector_, reading(clock)),
      sync_(device_, store_, reading(clock), report),
      status_(device_.status) {}

Result<std::unique_ptr<PoweredDevice>> PoweredDevice::power_on(const DeviceOptions& options,
                                                               StopDescriptor stop, DeviceClock& clock,
                                                               Report& report) {
    auto device = load_device(options.card, options.id);
    if (!device) return device.error();
    auto lock = lock_card(device->card);
    if (!lock) return lock.error();
    if (auto ensured = ensure_device_key(*device); !ensured) return ensured.error();
    if (auto file = write_device_file(*device); !file) return file.error();
    std::unique_ptr<TlsClient> tls;
    if (device->settings.server.tls) {
        auto made =
            TlsClient::create(device->settings.server.connect_host(), device->trusted,
                              device->identity ? &*device->identity : nullptr,
                              options.modern ? TlsVersions::modern : TlsVersions::device, reading(clock));
        if (!made) return made.error();
        tls = std::move(*made);
    }
    return std::unique_ptr<PoweredDevice>{new PoweredDevice(std::move(*device), std::move(*lock),
                                                            std::move(tls), options, stop, clock, report)};
}

Result<Next> PoweredDevice::perform(Task task) {
    auto done = attempt(task);
    if (done) return done;
    const Error& error = done.error();
    if (error.trouble == Trouble::clock_wrong && error.server_time && device_.settings.clock_from_network &&
        is_plausible(*error.server_time)) {
        report_.clock_set(clock_.set(*error.server_time));
        done = attempt(task);
        if (done) return done;
    }
    return with_certificate_dates(done.error(), device_, clock_.now());
}

Result<Next> PoweredDevice::attempt(Task task) {
    const auto finished = [](const Result<void>& done) {
        return done ? Result<Next>{Next::period} : Result<Next>{done.error()};
    };
    switch (task) {
        case Task::config_check:
            return finished(sync_.check_config());
        case Task::schema:
            return finished(sync_.put_schema());
        case Task::heartbeat: {
            auto file = write_device_file(device_);
            if (!file) return file.error();
            return finished(sync_.put_device_file(std::move(*file)));
        }
        case Task::log_upload: {
            const auto more = sync_.put_next_log();
            if (!more) return more.error();
            return *more ? Next::more : Next::period;
        }
    }
    return Next::period;
}

bool PoweredDevice::failed(Task task, const Error& error, std::chrono::milliseconds wait) {
    return save(status_.failed(task, error, wait, clock_.now()));
}

bool PoweredDevice::succeeded(Task task) {
    return save(status_.succeeded(task, clock_.now()));
}

bool PoweredDevice::save(StatusKeeper::Change change) {
    if (change.state) {
        // A card that cannot be written is no reason to stop the uploads that empty it.
        if (const auto file = write_device_file(device_); !file) report_.trouble(file.error());
    }
    return change.line;
}

}  // namespace sallyport::device
