#include "gateway/listener_settings.h"

#include "gateway/credential.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

using config::Located;
using config::MapReader;

/// A weak key is let in only by those who know what they do.
void read_key_strength(MapReader& tls, ListenerSettings& listener) {
    constexpr unsigned strong = pki::LeafRules::strong_rsa_bits;
    constexpr unsigned weak = 1024;
    constexpr unsigned broken = 512;
    listener.minimum_key_bits =
        tls.choice<unsigned>("device_key_bits", strong, {{"2048", strong}, {"1024", weak}, {"512", broken}});
    const bool knowingly = tls.boolean("broken_keys_let_strangers_in", false);
    if (listener.minimum_key_bits == broken && !knowingly) {
        tls.fault(
            "device_key_bits: anyone computes a key of 512 bits within hours and is that device; if that is "
            "meant, add 'broken_keys_let_strangers_in: true'");
    }
    if (listener.minimum_key_bits != strong &&
        listener.client_certificate() == pki::ClientCertificate::unused)
        tls.fault("device_key_bits: this listener asks for no certificate");
}

void read_tls(MapReader& map, ListenerSettings& listener) {
    using pki::TlsProfile;
    auto tls = map.map("tls");
    if (!tls) return;
    listener.profile =
        tls->choice<TlsProfile>("profile", TlsProfile::canedge,
                                {{"canedge", TlsProfile::canedge},
                                 {"canedge-forward-secret", TlsProfile::canedge_forward_secret},
                                 {"modern", TlsProfile::modern}});
    listener.tickets = tls->boolean("tickets", false);
    read_key_strength(*tls, listener);
    tls->finish();
}

void read_shadow(MapReader& map, ListenerSettings& listener) {
    listener.shadow = map.boolean("shadow", false);
    if (listener.shadow && listener.mode != Mode::medium)
        map.fault("shadow: only for mode medium: it tells what mode high would refuse");
    auto ramp = map.map("ramp");
    if (!ramp) return;
    if (!listener.shadow) map.fault("ramp: needs 'shadow: true'");
    listener.ramp.percent = static_cast<unsigned>(ramp->integer("percent", 0, 0, 100));
    for (const Located& device : ramp->strings("devices"))
        listener.ramp.devices.push_back(device.text);
    ramp->finish();
}

void read_clients(MapReader& map, ListenerSettings& listener) {
    listener.clients =
        map.choice<ClientKind>("clients", ClientKind::devices,
                               {{"devices", ClientKind::devices}, {"operators", ClientKind::operators}});
    if (listener.clients == ClientKind::operators && listener.mode != Mode::high)
        map.fault("clients: operators prove themselves by certificates: choose mode high");
}

void read_certificates(MapReader& map, const ConfigurationPaths& paths, ListenerSettings& listener) {
    auto certificates = map.maps("certificates");
    if (certificates.empty()) map.fault("certificates: at least one {chain, key} is needed");
    for (MapReader& certificate : certificates) {
        listener.certificates.push_back({read_file_or_credential(certificate, "chain", paths),
                                         read_file_or_credential(certificate, "key", paths)});
        if (const auto anchors = certificate.string("anchors"))
            listener.certificates.back().anchors = paths.existing(certificate, "anchors", *anchors);
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
    for (const Located& host : map.strings("hosts"))
        listener.hosts.push_back(pki::lower_case(host.text));
    for (const Located& name : map.strings("server_names"))
        listener.server_names.push_back(pki::lower_case(name.text));
    read_clients(map, listener);
    read_shadow(map, listener);
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
