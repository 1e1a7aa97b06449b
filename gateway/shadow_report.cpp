#include "gateway/shadow_report.h"

#include "gateway/admin_client.h"
#include "gateway/wall_clock.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

constexpr std::uint64_t max_report_bytes = 1ULL << 30U;

std::string text_of(const json::object& object, std::string_view key) {
    const json::value& value = object.at(key);
    return value.is_null() ? "" : json::value_to<std::string>(value);
}

/// One line of the table.
struct Row {
    std::string device = {};
    std::string last_seen = {};
    std::string verdict = {};
    std::string suite = {};
    std::string key = {};
    bool served = true;
};

Row row_of(const json::object& device) {
    Row row{.device = text_of(device, "device"),
            .last_seen = utc_text(std::chrono::sys_seconds(
                std::chrono::seconds(device.at("last_seen").to_number<std::int64_t>()))),
            .suite = text_of(device, "version") + " " + text_of(device, "cipher")};
    const auto bits = device.at("key_bits").to_number<std::int64_t>();
    row.key = bits == 0 ? "-" : std::to_string(bits);
    const auto denied = device.at("requests_denied").to_number<std::uint64_t>();
    if (const std::string reason = text_of(device, "reason"); !reason.empty()) {
        row.served = false;
        row.verdict = "refused: " + reason;
    } else if (denied > 0) {
        row.served = false;
        row.verdict = "let in; " + std::to_string(denied) +
                      " requests denied: " + text_of(device, "last_denial") + " (" +
                      text_of(device, "last_denial_detail") + ")";
    } else {
        row.verdict = "let in";
    }
    if (device.at("enforced").as_bool()) row.verdict += " [enforced]";
    return row;
}

std::string table_of(const std::vector<Row>& rows) {
    const Row titles{"DEVICE", "LAST SEEN", "UNDER MODE HIGH", "SUITE", "KEY BITS"};
    constexpr std::string Row::*columns[] = {&Row::device, &Row::last_seen, &Row::suite, &Row::key,
                                             &Row::verdict};
    std::string text;
    const auto add = [&](const Row& row) {
        std::string line;
        for (const auto column : columns) {
            std::size_t width = (titles.*column).size();
            for (const Row& other : rows)
                width = std::max(width, (other.*column).size());
            line += row.*column;
            if (column != columns[std::size(columns) - 1]) line.append(width - (row.*column).size() + 2, ' ');
        }
        text += line + "\n";
    };
    add(titles);
    std::ranges::for_each(rows, add);
    return text;
}

}  // namespace

ShadowReport shadow_report(std::string json, bool all) {
    ShadowReport report;
    const json::value document = json::parse(json);
    const json::array& devices = document.at("devices").as_array();
    std::vector<Row> rows;
    for (const json::value& device : devices) {
        Row row = row_of(device.as_object());
        if (!row.served) ++report.refused;
        if (all || !row.served) rows.push_back(std::move(row));
    }
    std::ranges::stable_partition(rows, [](const Row& row) { return !row.served; });
    if (!rows.empty()) report.text = table_of(rows);
    report.text += std::to_string(devices.size()) + " devices seen, " +
                   std::to_string(devices.size() - report.refused) + " would be served by mode high, " +
                   std::to_string(report.refused) + " would not\n";
    const auto left_out = document.at("sightings_left_out").to_number<std::uint64_t>();
    if (left_out > 0) {
        report.text += "incomplete: " + std::to_string(left_out) +
                       " requests came from devices for which there was no room (limits.known_devices)\n";
    }
    const json::object& without = document.at("without_device").as_object();
    const auto without_device = without.at("requests_denied").to_number<std::uint64_t>();
    if (without_device > 0) {
        report.text += "requests about no device that mode high denies: " + std::to_string(without_device) +
                       ", the last: " + text_of(without, "last_denial") + " (" +
                       text_of(without, "last_denial_detail") + ")\n";
    }
    report.is_clean = report.refused == 0 && left_out == 0 && without_device == 0;
    report.json = std::move(json);
    return report;
}

ShadowReport fetch_shadow_report(const AdminSettings& admin, bool all) {
    constexpr std::chrono::seconds patience{30};
    AdminAnswer answer = ask_admin(admin, "/status?view=shadow", ShowToken::yes, max_report_bytes, patience);
    if (answer.status != 200)
        throw std::runtime_error("the admin listener gives no report: status " +
                                 std::to_string(answer.status));
    return shadow_report(std::move(answer.body), all);
}

}  // namespace sallyport::gateway
