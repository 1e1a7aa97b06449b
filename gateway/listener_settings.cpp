#include "gateway/listener_settings.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

using config::Located;
using config::MapReader;

void read_tls(MapReader& map, ListenerSettings& listener) {
    using pki::TlsProfile;
    auto tls = map.map("tls");
    if (!tls) return;
    listener.profile =
        tls->choice<TlsProfile>("profile", TlsProfile::canedge,
                                {{"canedge", TlsProfile::canedge},
                                 {"canedge-forward-secret", TlsProfile::canedge_forward_secret},
                                 {"modern", TlsProfile::modern}});
    tls->finish();
}

void read_certificates(MapReader& map, const ConfigurationPaths& paths, ListenerSettings& listener) {
    auto certificates = map.maps("certificates");
    if (certificates.empty()) map.fault("certificates: at least one {chain, key} is needed");
    for (MapReader& certificate : certificates) {
        listener.certificates.push_back(
            {paths.existing(certificate, "chain", certificate.required_string("chain")),
             paths.existing(certificate, "key", certificate.required_string("key"))});
        certificate.finish();
    }
}

/// Without TLS everything can be read on the way: nobody should get there by a slip of the pen.
void read_plain(MapReader& map, const ListenerSettings& listener) {
    if (!map.boolean("insecure", false)) {
        map.fault(
            "mode: 'low' sends data and credentials in the clear; if that is meant, add 'insecure: true'");
    }
    if (map.map("tls") || !map.maps("certificates").empty())
        map.fault("mode: 'low' has no TLS: take out 'tls' and 'certificates', or choose 'medium' or 'high'");
    if (listener.hosts.empty()) map.fault("hosts: needed with mode 'low': the names that devices use");
}

}  // namespace

std::string_view to_string(Mode mode) noexcept {
    switch (mode) {
        case Mode::low:
            return "low";
        case Mode::medium:
            return "medium";
        case Mode::high:
            return "high";
    }
    return "?";
}

ListenerSettings read_listener(MapReader& map, const ConfigurationPaths& paths) {
    ListenerSettings listener;
    listener.name = map.required_string("name").text;
    listener.address = read_address(map, "address", map.required_string("address"));
    if (!map.has("mode")) map.fault("'mode' is missing: low, medium or high");
    listener.mode = map.choice<Mode>("mode", Mode::high,
                                     {{"low", Mode::low}, {"medium", Mode::medium}, {"high", Mode::high}});
    for (const Located& host : map.strings("hosts")) {
        std::string name = host.text;
        std::ranges::transform(name, name.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
        listener.hosts.push_back(std::move(name));
    }
    if (listener.mode == Mode::low) {
        read_plain(map, listener);
    } else {
        read_tls(map, listener);
        read_certificates(map, paths, listener);
    }
    map.finish();
    return listener;
}

}  // namespace sallyport::gateway
