#include "firmware-client/simulated_fleet.h"

#include "firmware-client/card.h"
#include "firmware-client/credentials.h"
#include "firmware-client/device_key.h"
#include "firmware-client/last_good.h"
#include "pki/file.h"
#include "pki/pkcs7.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <system_error>
#include <utility>

#include <arpa/inet.h>

namespace sallyport::device {
namespace {

namespace fs = std::filesystem;

using SteadyClock = std::chrono::steady_clock;

constexpr unsigned most_splits = 99'999'999;

std::chrono::microseconds since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
}

/// Bytes of no meaning, without a buffer of their own.
class FillerBody final : public Body {
  public:
    explicit FillerBody(std::uint64_t size) : size_(size) {}
    std::uint64_t size() const override { return size_; }
    Result<std::span<const std::byte>> next() override {
        static constexpr std::array<std::byte, 64 * 1024> block{};
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size_ - given_, block.size()));
        given_ += count;
        return std::span{block}.first(count);
    }
    Result<void> rewind() override {
        given_ = 0;
        return {};
    }

  private:
    std::uint64_t size_;
    std::uint64_t given_ = 0;
};

/// The folders of the devices, by name.
Result<std::vector<fs::path>> device_folders(const SimulationOptions& options) {
    std::error_code failure;
    const fs::path depot = options.fleet / "devices";
    std::vector<fs::path> folders;
    for (fs::directory_iterator entry(fs::is_directory(depot, failure) ? depot : options.fleet, failure), end;
         !failure && entry != end; entry.increment(failure)) {
        if (is_present(entry->path() / identity_file) || is_present(entry->path() / trust_file)) {
            folders.push_back(entry->path());
        }
    }
    if (failure) {
        return Error{Fault::configuration, options.fleet.string() + ": cannot list: " + failure.message()};
    }
    if (folders.size() < options.devices) {
        return Error{Fault::configuration, options.fleet.string() + ": has " +
                                               std::to_string(folders.size()) + " devices, not " +
                                               std::to_string(options.devices)};
    }
    std::sort(folders.begin(), folders.end());
    folders.resize(options.devices);
    return folders;
}

Result<ServerSettings> server_of(const SimulationOptions& options, const fs::path& folder) {
    fs::path path = options.configuration;
    if (path.empty()) {
        const auto card = open_card(folder);
        if (!card) return card.error();
        path = card->file(card->config_name());
    }
    const auto key = load_device_key(folder / "device.key");
    if (!key) return key.error();
    const auto text = pki::read_file(path, max_configuration_bytes);
    if (!text) return from_pki(text.error());
    auto settings = read_settings(*text, path.string(), key->get());
    if (!settings) return settings.error();
    const std::string& host = settings->server.host;
    if (!may_simulate_against(host, options.gateway)) {
        return Error{Fault::configuration,
                     path.string() + ": its server is " + host +
                         "; a simulation speaks to loopback only, or to the host that --gateway names"};
    }
    return std::move(settings->server);
}

Result<std::vector<pki::CertificatePtr>> trust_of(const SimulationOptions& options, const Card& card,
                                                  LastGood& files) {
    if (options.trust.empty()) return read_trust(card, files);
    const auto bytes = pki::read_file(options.trust, pki::max_bundle_bytes);
    if (!bytes) return from_pki(bytes.error());
    return parse_trust(*bytes, options.trust.string());
}

Result<std::unique_ptr<SimulatedDevice>> load_device_of(const SimulationOptions& options,
                                                        const fs::path& folder, StopDescriptor stop) {
    const Card card{folder, ""};
    LastGood files(card);
    auto settings = server_of(options, folder);
    if (!settings) return settings.error();
    const auto trusted = trust_of(options, card, files);
    if (!trusted) return trusted.error();
    const auto identity = read_identity(card, files);
    if (!identity) return identity.error();
    std::string id = folder.filename().string();
    if (*identity) {
        auto named = device_id_of(*(*identity)->certificate);
        if (!named) return named.error();
        id = std::move(*named);
    } else if (!is_device_id(id)) {
        return Error{Fault::configuration, folder.string() + ": is not called like a device"};
    }
    std::unique_ptr<TlsClient> tls;
    if (settings->tls) {
        auto made = TlsClient::create(settings->connect_host(), *trusted, *identity ? &**identity : nullptr,
                                      options.modern ? TlsVersions::modern : TlsVersions::device);
        if (!made) return made.error();
        tls = std::move(*made);
    }
    return std::make_unique<SimulatedDevice>(std::move(id), std::move(*settings), std::move(tls), options,
                                             stop);
}

}  // namespace

bool may_simulate_against(const std::string& host, const std::string& gateway) {
    in_addr address{};
    constexpr std::uint32_t loopback = 127;
    if (::inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == loopback) {
        return true;
    }
    return host == "localhost" || (!gateway.empty() && host == gateway);
}

Result<std::unique_ptr<ByteStream>> SimulatedDevice::TimedConnector::connect() {
    const auto start = SteadyClock::now();
    auto stream = inner_.connect();
    if (stream && visit != nullptr) visit->connects.push_back(since(start));
    return stream;
}

SimulatedDevice::SimulatedDevice(std::string id, ServerSettings settings, std::unique_ptr<TlsClient> tls,
                                 const SimulationOptions& options, StopDescriptor stop)
    : id_(std::move(id)),
      settings_(std::move(settings)),
      tls_(std::move(tls)),
      options_(options),
      server_(settings_, tls_.get(), stop, options.cipher_group),
      store_(settings_, connector_, system_time) {}

Visit SimulatedDevice::visit() {
    Visit visit;
    connector_.visit = &visit;
    auto done = look(visit);
    if (done && options_.upload_bytes > 0) done = put_log(visit);
    if (!done) visit.error = done.error();
    connector_.visit = nullptr;
    store_.close();
    return visit;
}

Result<void> SimulatedDevice::look(Visit& visit) {
    for (const char* name : {"device.json", "firmware.bin", "certs_server.p7b"}) {
        const std::size_t connects = visit.connects.size();
        const auto start = SteadyClock::now();
        const auto there = store_.head(id_ + '/' + name);
        if (!there) return there.error();
        auto time = since(start);
        if (visit.connects.size() > connects) time -= visit.connects.back();  // that is a figure of its own
        visit.heads.push_back(time);
    }
    return {};
}

Result<void> SimulatedDevice::put_log(Visit& visit) {
    const auto now = system_time();
    split_ = split_ % most_splits + 1;
    char split[16];
    std::snprintf(split, sizeof split, "%08u", split_);
    const LogFile file{{}, "99999999", split, "MF4", options_.upload_bytes};
    FillerBody body(options_.upload_bytes);
    const auto start = SteadyClock::now();
    const auto put = store_.put(file.object_key(id_, now.time_since_epoch().count()), body, {});
    if (!put) return put.error();
    visit.puts.push_back(since(start));
    visit.bytes += put->bytes;
    return {};
}

Result<std::vector<std::unique_ptr<SimulatedDevice>>> load_fleet(const SimulationOptions& options,
                                                                 StopDescriptor stop) {
    const auto folders = device_folders(options);
    if (!folders) return folders.error();
    std::vector<std::unique_ptr<SimulatedDevice>> fleet;
    for (const fs::path& folder : *folders) {
        auto device = load_device_of(options, folder, stop);
        if (!device) return device.error();
        const std::string server = (*device)->settings().host_header();
        if (!fleet.empty() && server != fleet.front()->settings().host_header()) {
            return Error{Fault::configuration, folder.string() + ": its server is " + server + ", not " +
                                                   fleet.front()->settings().host_header()};
        }
        fleet.push_back(std::move(*device));
    }
    return fleet;
}

}  // namespace sallyport::device
