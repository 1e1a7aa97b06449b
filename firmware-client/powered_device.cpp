#include "firmware-client/powered_device.h"

#include "firmware-client/identity_slots.h"
#include "firmware-client/ntp.h"

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

TlsVersions versions_of(const DeviceOptions& options) {
    return options.modern ? TlsVersions::modern : TlsVersions::device;
}

struct LoadedCard {
    Device device;
    Descriptor lock;
};

/// All that happens at power-on before the network is needed.
Result<LoadedCard> load_card(const DeviceOptions& options, const FirmwareHook& hook, Report& report) {
    for (;;) {
        auto card = find_card(options.card);
        if (!card) return card.error();
        auto lock = lock_card(*card);
        if (!lock) return lock.error();
        if (auto ready = prepare_card(*card); !ready) report.trouble(ready.error());
        if (auto ended = finish_promotion(*card); !ended) return ended.error();
        LastGood files(*card);
        auto device = load_device(*card, files, options.id);
        if (!device) return device.error();
        for (const Error& fault : files.faults())
            report.trouble(fault);
        if (auto kept = files.keep(); !kept) report.trouble(kept.error());
        // A card that is full or cannot be written any more must be emptied all the same.
        if (auto ensured = ensure_device_key(*device); !ensured) report.trouble(ensured.error());
        const auto updated = apply_firmware(*device, hook, report);
        if (!updated) return updated.error();
        if (*updated) continue;  // the new version has a configuration of its own
        if (const auto file = write_device_file(*device); !file) {
            report.trouble(file.error());
        } else if (auto kept = keep_device_file(*device, *file); !kept) {
            report.trouble(kept.error());
        }
        return LoadedCard{std::move(*device), std::move(*lock)};
    }
}

}  // namespace

PoweredDevice::PoweredDevice(Device device, Descriptor card_lock, std::unique_ptr<TlsClient> tls,
                             const DeviceOptions& options, StopDescriptor stop, DeviceClock& clock,
                             Report& report)
    : device_(std::move(device)),
      card_lock_(std::move(card_lock)),
      clock_(clock),
      report_(report),
      options_(options),
      stop_(stop),
      tls_(std::move(tls)),
      connector_(device_.settings.server, tls_.get(), stop, options.cipher_group),
      store_(device_.settings.server, connector_, reading(clock)),
      watch_(device_, store_),
      puts_(device_, store_, reading(clock), report),
      sync_(device_, watch_, puts_, report),
      firmware_(device_, watch_, store_, report),
      trust_(
          device_, watch_,
          [this](auto trusted, const auto* identity) { return try_connection(trusted, identity); }, report),
      identity_(
          device_, watch_, puts_,
          [this](auto trusted, const auto* identity) { return try_connection(trusted, identity); }, report,
          options.enrol),
      logs_(device_, puts_, report),
      status_(device_.status),
      saved_judgements_(device_.status.judged) {}

Result<std::unique_ptr<PoweredDevice>> PoweredDevice::power_on(const DeviceOptions& options,
                                                               StopDescriptor stop, DeviceClock& clock,
                                                               Report& report) {
    const FirmwareHook hook =
        options.firmware_hook.empty() ? FirmwareHook{} : program_hook(options.firmware_hook, stop);
    auto loaded = load_card(options, hook, report);
    if (!loaded) return loaded.error();
    const Device& device = loaded->device;
    std::unique_ptr<TlsClient> tls;
    if (device.settings.server.tls) {
        auto made = TlsClient::create(device.settings.server.connect_host(), device.trusted,
                                      device.identity ? &*device.identity : nullptr, versions_of(options),
                                      reading(clock));
        if (!made) return made.error();
        tls = std::move(*made);
    }
    return std::unique_ptr<PoweredDevice>{new PoweredDevice(
        std::move(loaded->device), std::move(loaded->lock), std::move(tls), options, stop, clock, report)};
}

Result<Next> PoweredDevice::perform(Task task) {
    auto done = attempt(task);
    if (!done && done.error().trouble == Trouble::clock_wrong) {
        if (const auto now = network_time(done.error())) {
            report_.clock_set(clock_.set(*now));
            done = attempt(task);
        }
    }
    if (!done && done.error().trouble == Trouble::server_untrusted) {
        // The server's certificate may be the one that the set kept aside is for.
        if (const auto adopted = trust_.adopt_kept(); adopted && *adopted) done = Next::restart;
    }
    // Before anything else happens: what was fetched once shall not be fetched at each start.
    if (device_.status.judged != saved_judgements_) save_status();
    if (done) return done;
    return with_certificate_dates(done.error(), device_, clock_.now());
}

/// The server says it with its answer. Without an answer, because its certificate has not begun by the clock
/// of this device, NTP must.
std::optional<std::chrono::sys_seconds> PoweredDevice::network_time(const Error& error) const {
    constexpr std::chrono::seconds ntp_time{5};
    if (!device_.settings.clock_from_network) return std::nullopt;
    auto time = error.server_time;
    if (!time && !device_.settings.ntp_server.empty()) {
        const auto answer = ask_ntp(device_.settings.ntp_server, ntp_port,
                                    std::chrono::steady_clock::now() + ntp_time, stop_);
        if (answer) {
            time = *answer;
        } else {
            report_.trouble(answer.error());
        }
    }
    return time && is_plausible(*time) ? time : std::nullopt;
}

Result<Next> PoweredDevice::attempt(Task task) {
    const auto finished = [](const Result<void>& done) {
        return done ? Result<Next>{Next::period} : Result<Next>{done.error()};
    };
    switch (task) {
        case Task::config_check:
            return sync_.check_config();
        case Task::schema:
            return finished(sync_.put_schema());
        case Task::heartbeat: {
            auto file = write_device_file(device_);
            if (!file) return file.error();
            return finished(sync_.put_device_file(std::move(*file)));
        }
        case Task::firmware_check:
            if (options_.firmware_hook.empty()) return Next::period;
            return firmware_.check();
        case Task::trust_check:
            return trust_.check();
        case Task::identity_check:
            return identity_.check();
        case Task::log_upload: {
            const auto more = logs_.put_next();
            if (!more) return more.error();
            return *more ? Next::more : Next::period;
        }
    }
    return Next::period;
}

Result<void> PoweredDevice::try_connection(std::span<const pki::CertificatePtr> trusted,
                                           const ClientIdentity* identity) {
    const ServerSettings& server = device_.settings.server;
    const auto tls =
        TlsClient::create(server.connect_host(), trusted, identity, versions_of(options_), reading(clock_));
    if (!tls) return tls.error();
    // From the group that the server has shown to like.
    ServerConnector connector(server, tls->get(), stop_, connector_.group());
    StoreClient store(server, connector, reading(clock_));
    // With TLS 1.3 a server refuses a certificate only after the handshake.
    const auto answered = store.head(watch_.key("device.json"));
    if (answered || traits_of(answered.error().kind()).scope == TroubleScope::task) return {};
    return answered.error();
}

bool PoweredDevice::failed(Task task, const Error& error, std::chrono::milliseconds wait) {
    return save(status_.failed(task, error, wait, clock_.now()));
}

bool PoweredDevice::succeeded(Task task) {
    return save(status_.succeeded(task, clock_.now()));
}

bool PoweredDevice::save(StatusKeeper::Change change) {
    if (change.state) save_status();
    return change.line;
}

/// A card that cannot be written is no reason to stop the uploads that empty it.
void PoweredDevice::save_status() {
    if (const auto file = write_device_file(device_); !file) report_.trouble(file.error());
    saved_judgements_ = device_.status.judged;
}

}  // namespace sallyport::device
