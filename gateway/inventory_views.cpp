#include "gateway/inventory_views.h"

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

std::int64_t unix_time(std::chrono::sys_seconds time) {
    return time.time_since_epoch().count();
}

json::value word_or_null(const std::optional<Reason>& reason) {
    return reason ? json::value(to_string(*reason)) : json::value(nullptr);
}

json::object described(const KnownDevice& known) {
    return {{"device", known.device},
            {"listener", known.listener},
            {"proven", known.proven},
            {"first_seen", unix_time(known.first_seen)},
            {"last_seen", unix_time(known.last_seen)},
            {"version", known.version},
            {"cipher", known.cipher},
            {"key_bits", known.key_bits}};
}

}  // namespace

std::string devices_view(const DeviceInventory& inventory) {
    json::array devices;
    for (const KnownDevice& known : inventory.list())
        devices.push_back(described(known));
    const json::object view{{"devices", std::move(devices)}, {"sightings_left_out", inventory.left_out()}};
    return json::serialize(view) + "\n";
}

std::string shadow_view(const DeviceInventory& inventory) {
    json::array devices;
    for (const KnownDevice& known : inventory.list()) {
        if (!known.shadow) continue;
        json::object device = described(known);
        device["enforced"] = known.enforced;
        device["under_high"] = known.refusal ? "refused" : "let_in";
        device["reason"] = word_or_null(known.refusal);
        device["detail"] = known.refusal_detail;
        device["requests"] = known.requests;
        device["requests_denied"] = known.denied;
        device["last_denial"] = word_or_null(known.last_denial);
        device["last_denial_detail"] = known.last_denial_detail;
        devices.push_back(std::move(device));
    }
    const KnownDevice nobody = inventory.nobody();
    json::object view{{"devices", std::move(devices)},
                      {"sightings_left_out", inventory.left_out()},
                      {"without_device",
                       {{"requests_denied", nobody.denied},
                        {"last_denial", word_or_null(nobody.last_denial)},
                        {"last_denial_detail", nobody.last_denial_detail}}}};
    return json::serialize(view) + "\n";
}

}  // namespace sallyport::gateway
