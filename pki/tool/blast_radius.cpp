#include "pki/tool/blast_radius.h"

#include "pki/file.h"
#include "pki/time.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::size_t max_activity_bytes = std::size_t{256} * 1024 * 1024;
constexpr std::size_t max_listed = 20;

/// When each device was last seen.
Result<std::map<std::string, std::chrono::sys_seconds>> read_activity(const std::filesystem::path& path) {
    const auto text = read_file(path, max_activity_bytes);
    if (!text) return text.error();
    const auto malformed = [&](const std::string& why) {
        return Error{Fault::input,
                     path.string() + ": " + why + "; save a gateway's /status?view=devices to this file"};
    };
    boost::system::error_code code;
    const json::value value = json::parse(*text, code);
    if (code) return malformed("not JSON (" + code.message() + ")");
    const json::object* const object = value.if_object();
    const json::value* const devices = object != nullptr ? object->if_contains("devices") : nullptr;
    if (devices == nullptr || !devices->is_array()) return malformed("no list 'devices'");
    std::map<std::string, std::chrono::sys_seconds> seen;
    for (const json::value& entry : devices->get_array()) {
        const json::object* const device = entry.if_object();
        const json::value* const id = device != nullptr ? device->if_contains("device") : nullptr;
        const json::value* const last = device != nullptr ? device->if_contains("last_seen") : nullptr;
        if (id == nullptr || !id->is_string() || last == nullptr || !last->is_int64())
            return malformed("a device without 'device' or 'last_seen'");
        const std::chrono::sys_seconds at{std::chrono::seconds{last->get_int64()}};
        auto& newest = seen[std::string(id->get_string())];
        newest = std::max(newest, at);
    }
    return seen;
}

std::string percent(const FleetShare& share) {
    if (share.fleet == 0) return "0 %";
    const std::uint64_t tenths = (share.devices * 1000 + share.fleet - 1) / share.fleet;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

Result<void> add_activity(Answer& answer, std::span<const CertificateRecord> records,
                          const std::filesystem::path& activity, std::chrono::days within,
                          std::chrono::sys_seconds now) {
    const auto seen = read_activity(activity);
    if (!seen) return seen.error();
    std::set<std::string> active;
    for (const CertificateRecord& record : records) {
        const auto found = seen->find(record.name);
        if (record.kind == CertificateKind::device && found != seen->end() && found->second + within >= now)
            active.insert(record.name);
    }
    answer.text += std::to_string(active.size()) + " of these devices were seen in the last " +
                   std::to_string(within.count()) + " days\n";
    json::array names;
    for (const std::string& name : active) {
        names.emplace_back(name);
        if (names.size() <= max_listed)
            answer.text += "  " + name + " last seen " + rfc3339(seen->at(name)) + "\n";
    }
    if (active.size() > max_listed)
        answer.text += "  and " + std::to_string(active.size() - max_listed) + " more\n";
    answer.json["active"] = std::move(names);
    return {};
}

}  // namespace

Result<FleetShare> fleet_share(Depot& depot, std::span<const CertificateRecord> records,
                               std::chrono::sys_seconds now) {
    FleetShare share;
    std::set<std::string_view> devices;
    for (const CertificateRecord& record : records) {
        if (record.kind == CertificateKind::device) devices.insert(record.name);
    }
    share.devices = devices.size();
    const auto fleet = depot.index().count_fleet(now);
    if (!fleet) return fleet.error();
    share.fleet = *fleet;
    return share;
}

Result<Answer> blast_radius(Depot& depot, std::string_view action, std::span<const CertificateRecord> records,
                            const std::filesystem::path& activity, std::chrono::days active_within,
                            std::chrono::sys_seconds now) {
    const auto share = fleet_share(depot, records, now);
    if (!share) return share.error();
    std::map<std::string_view, std::uint64_t> kinds;
    for (const CertificateRecord& record : records)
        ++kinds[to_string(record.kind)];
    Answer answer;
    answer.text = "would " + std::string(action) + " " + std::to_string(records.size()) +
                  (records.size() == 1 ? " certificate\n" : " certificates\n");
    json::object by_kind;
    for (const auto& [kind, count] : kinds) {
        answer.text += "  " + std::to_string(count) + " of kind " + std::string(kind) + "\n";
        by_kind[kind] = count;
    }
    answer.text += "  " + percent(*share) + " of the " + std::to_string(share->fleet) +
                   " devices with a certificate in use\n";
    answer.json = {{"dry_run", true},
                   {"action", action},
                   {"certificates", records.size()},
                   {"by_kind", std::move(by_kind)},
                   {"devices", share->devices},
                   {"fleet", share->fleet}};
    if (!activity.empty()) {
        const auto added = add_activity(answer, records, activity, active_within, now);
        if (!added) return added.error();
    }
    for (std::size_t i = 0; i < std::min(records.size(), max_listed); ++i)
        answer.text += "  " + hex(records[i].serial) + " (" + records[i].name + ")\n";
    if (records.size() > max_listed)
        answer.text += "  and " + std::to_string(records.size() - max_listed) + " more\n";
    return answer;
}

}  // namespace sallyport::pki
