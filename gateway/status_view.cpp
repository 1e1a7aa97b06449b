#include "gateway/status_view.h"

#include "gateway/admin_access.h"
#include "gateway/wall_clock.h"
#include "pki/certificate.h"

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

std::int64_t unix_time(std::chrono::sys_seconds time) {
    return time.time_since_epoch().count();
}

json::object crl_object(const pki::CrlFacts& crl) {
    json::object object{{"issuer", crl.issuer_name},
                        {"number", crl.number},
                        {"entries", crl.entries},
                        {"this_update", unix_time(crl.this_update)},
                        {"next_update", unix_time(crl.next_update)},
                        {"origin", crl.origin},
                        {"sha256", crl.sha256}};
    if (crl.is_delta()) object["base_number"] = crl.base;
    if (!crl.point_text.empty()) object["distribution_point"] = crl.point_text;
    return object;
}

json::object endpoint_object(const StoreUpstream& upstream, const StoreEndpoint& endpoint) {
    json::array addresses;
    const auto servers = upstream.servers();
    for (const auto& server : *servers) {
        if (server->endpoint.get() != &endpoint) continue;
        addresses.push_back({{"address", server->address_text()},
                             {"up", server->state->up()},
                             {"requests", server->state->in_flight.load()}});
    }
    return {{"endpoint", endpoint.label}, {"addresses", std::move(addresses)}};
}

/// Whose certificate of which usage ends when.
void add_certificate(json::array& certificates, std::string_view usage, std::string_view name,
                     std::chrono::sys_seconds not_after, std::chrono::sys_seconds now) {
    certificates.push_back({{"usage", usage},
                            {"name", name},
                            {"not_after", unix_time(not_after)},
                            {"days_left", std::chrono::floor<std::chrono::days>(not_after - now).count()}});
}

void add_authority(json::array& certificates, std::string_view usage,
                   const std::vector<pki::CertificatePtr>& authorities, std::chrono::sys_seconds now) {
    for (const auto& certificate : authorities) {
        const auto dates = pki::validity(*certificate);
        if (!dates) continue;
        add_certificate(certificates, usage, pki::name_text(*X509_get_subject_name(certificate.get())),
                        dates->not_after, now);
    }
}

json::array certificates_of(const Snapshot& snapshot, std::chrono::sys_seconds now) {
    json::array certificates;
    for (const ListenerRules& listener : snapshot.listeners) {
        if (listener.certificate_not_after)
            add_certificate(certificates, "server", listener.name, *listener.certificate_not_after, now);
    }
    if (const auto not_after = snapshot.admin->certificate_not_after())
        add_certificate(certificates, "admin", "admin", *not_after, now);
    if (snapshot.devices) {
        add_authority(certificates, "device_ca", snapshot.devices->trust->anchors(), now);
        add_authority(certificates, "device_intermediate", snapshot.devices->trust->intermediates(), now);
    }
    if (snapshot.operators) {
        add_authority(certificates, "operator_ca", snapshot.operators->trust->anchors(), now);
        add_authority(certificates, "operator_intermediate", snapshot.operators->trust->intermediates(), now);
    }
    return certificates;
}

json::array crls_of(const Snapshot& snapshot, std::chrono::sys_seconds now) {
    json::array crls;
    for (const pki::RevocationList& list : snapshot.revocation.lists()) {
        json::object object = crl_object(list.newest());
        object["entries"] = list.size();
        object["state"] = pki::to_string(snapshot.revocation.state(list, now));
        if (list.delta()) object["applied_to"] = crl_object(list.complete()->facts);
        crls.push_back(std::move(object));
    }
    return crls;
}

json::array listeners_of(const Snapshot& snapshot) {
    json::array listeners;
    for (std::size_t i = 0; i < snapshot.listeners.size(); ++i) {
        const SocketAddress& address = snapshot.settings.listeners[i].address;
        const auto& not_after = snapshot.listeners[i].certificate_not_after;
        listeners.push_back({{"name", snapshot.listeners[i].name},
                             {"mode", to_string(snapshot.listeners[i].mode)},
                             {"shadow", snapshot.listeners[i].admission->is_shadow()},
                             {"ramp_percent", snapshot.listeners[i].ramp.percent},
                             {"address", address.host},
                             {"port", address.port},
                             {"hosts", json::value_from(snapshot.listeners[i].hosts)},
                             {"certificate_not_after",
                              not_after ? json::value(unix_time(*not_after)) : json::value(nullptr)}});
    }
    return listeners;
}

}  // namespace

std::string readiness_view(const Shared& shared, bool draining) {
    // An aged CRL does not make a replica unready: all replicas have the same one, and none would be left.
    const auto snapshot = shared.snapshots.current();
    const auto now = now_seconds();
    std::string body = draining ? "draining\n" : "ready\n";
    for (const pki::RevocationList& list : snapshot->revocation.lists()) {
        const pki::CrlFacts& crl = list.newest();
        body += "crl " + std::string(pki::to_string(snapshot->revocation.state(list, now))) + ", number " +
                crl.number + ", " + crl.issuer_name +
                (crl.point_text.empty() ? "" : ", distribution point " + crl.point_text) + "\n";
    }
    return body;
}

std::string status_view(const Shared& shared, const ProcessState& process) {
    const auto snapshot = shared.snapshots.current();
    const auto now = now_seconds();
    json::array agreed;
    for (const auto& [what, devices] : shared.inventory.totals()) {
        const auto& [version, cipher, key_bits] = what;
        agreed.push_back(
            {{"version", version}, {"cipher", cipher}, {"key_bits", key_bits}, {"devices", devices}});
    }
    json::array endpoints;
    for (const auto& endpoint : snapshot->upstream->endpoints())
        endpoints.push_back(endpoint_object(*snapshot->upstream, *endpoint));
    const json::value document = {{"version", SALLYPORT_VERSION},
                                  {"started", std::chrono::system_clock::to_time_t(process.started)},
                                  {"now", unix_time(now)},
                                  {"draining", process.draining},
                                  {"generation", snapshot->generation},
                                  {"enforced_generation", shared.enforced_generation.load()},
                                  {"connections", shared.connections.load()},
                                  {"listeners", listeners_of(*snapshot)},
                                  {"certificates", certificates_of(*snapshot, now)},
                                  {"known_devices", std::move(agreed)},
                                  {"devices_at_most", snapshot->settings.limits.known_devices},
                                  {"store", std::move(endpoints)},
                                  {"crls", crls_of(*snapshot, now)}};
    return json::serialize(document) + "\n";
}

std::string events_view(const RecentEvents& recent) {
    std::string all = R"({"events":[)";
    bool is_first = true;
    for (const std::string& line : recent.list()) {
        if (!std::exchange(is_first, false)) all += ',';
        all += line;
    }
    return all + "],\"now\":" + std::to_string(unix_time(now_seconds())) + "}\n";
}

}  // namespace sallyport::gateway
