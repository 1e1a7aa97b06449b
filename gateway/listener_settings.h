#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/rules/client.h"
#include "gateway/rules/ramp.h"
#include "gateway/socket_address.h"
#include "pki/tls_server.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// What a listener asks of its clients beside API credentials.
enum class Mode {
    low,     ///< nothing: HTTP
    medium,  ///< TLS: the server is known, the client is not
    high,    ///< TLS with a device certificate
};
std::string_view to_string(Mode mode) noexcept;

/// A server certificate with its chain, and its key.
struct CertificateFiles {
    std::filesystem::path chain;
    std::filesystem::path key;
    std::filesystem::path anchors = {};  ///< what devices hold (certs_server.p7b or PEM); may be empty
};

struct ListenerSettings {
    std::string name;       // restart-only
    SocketAddress address;  // restart-only
    Mode mode = Mode::high;
    pki::TlsProfile profile = pki::TlsProfile::canedge;
    std::vector<CertificateFiles>
        certificates;                ///< the first is for clients that name no server; none for mode low
    std::vector<std::string> hosts;  ///< lower case; empty = the names of the server certificate
    std::vector<std::string> server_names;                        ///< lower case; see ListenerRules
    ClientKind clients = ClientKind::devices;                     ///< whose certificates mode high asks for
    unsigned minimum_key_bits = pki::LeafRules::strong_rsa_bits;  ///< RSA, of the client's own certificate
    bool tickets = false;
    bool shadow = false;  ///< mode medium that asks for certificates and tells what mode high would refuse
    Ramp ramp;

    pki::ClientCertificate client_certificate() const {
        if (mode == Mode::high) return pki::ClientCertificate::required;
        return shadow ? pki::ClientCertificate::wanted : pki::ClientCertificate::unused;
    }
};

/// Reads one entry of `listeners`. Faults go to `map`.
ListenerSettings read_listener(config::MapReader& map, const ConfigurationPaths& paths);

}  // namespace sallyport::gateway
