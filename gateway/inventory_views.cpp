#include "gateway/inventory_views.h"

#include "gateway/csv_row.h"
#include "gateway/wall_clock.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;
using View = InventoryQuestion::View;
using Format = InventoryQuestion::Format;

constexpr std::size_t page_rows = 500;

std::int64_t unix_time(std::chrono::sys_seconds time) {
    return time.time_since_epoch().count();
}

json::value word_or_null(const std::optional<Reason>& reason) {
    return reason ? json::value(to_string(*reason)) : json::value(nullptr);
}

json::object described(const Refusals& refusals) {
    return {{"count", refusals.count},
            {"last", word_or_null(refusals.last)},
            {"detail", refusals.detail},
            {"at", refusals.count == 0 ? json::value(nullptr) : json::value(unix_time(refusals.at))}};
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

void add_use(json::object& device, const KnownDevice& known) {
    device["serial"] = known.serial;
    device["certificate_not_after"] = known.certificate_not_after
                                          ? json::value(unix_time(*known.certificate_not_after))
                                          : json::value(nullptr);
    device["requests"] = known.requests_seen;
    device["bytes_in"] = known.bytes_in;
    device["bytes_out"] = known.bytes_out;
    device["refusals"] = described(known.refusals);
    device["claims"] = described(known.claims);
}

void add_verdict(json::object& device, const KnownDevice& known) {
    device["enforced"] = known.enforced;
    device["under_high"] = known.refusal ? "refused" : "let_in";
    device["reason"] = word_or_null(known.refusal);
    device["detail"] = known.refusal_detail;
    device["requests"] = known.requests;
    device["requests_denied"] = known.denied;
    device["last_denial"] = word_or_null(known.last_denial);
    device["last_denial_detail"] = known.last_denial_detail;
}

constexpr std::string_view columns[] = {"device",
                                        "listener",
                                        "first_seen",
                                        "last_seen",
                                        "version",
                                        "cipher",
                                        "key_bits",
                                        "identity",
                                        "serial",
                                        "certificate_not_after",
                                        "requests",
                                        "bytes_in",
                                        "bytes_out",
                                        "refusals",
                                        "last_refusal",
                                        "last_refusal_detail",
                                        "last_refusal_at",
                                        "unproven_refusals",
                                        "last_unproven_refusal",
                                        "last_unproven_refusal_at"};

std::string header() {
    CsvRow row;
    for (const std::string_view column : columns)
        row.add(column);
    return row.finish();
}

std::string time_of(const Refusals& refusals) {
    return refusals.count == 0 ? "" : utc_text(refusals.at);
}

std::string csv_row(const KnownDevice& known) {
    const auto word = [](const std::optional<Reason>& reason) { return reason ? to_string(*reason) : ""; };
    CsvRow row;
    row.add(known.device);
    row.add(known.listener);
    row.add(utc_text(known.first_seen));
    row.add(utc_text(known.last_seen));
    row.add(known.version);
    row.add(known.cipher);
    row.add(std::to_string(known.key_bits));
    row.add(known.proven ? "proven" : "claimed");
    row.add(known.serial);
    row.add(known.certificate_not_after ? utc_text(*known.certificate_not_after) : "");
    for (const std::uint64_t number :
         {known.requests_seen, known.bytes_in, known.bytes_out, known.refusals.count})
        row.add(std::to_string(number));
    row.add(word(known.refusals.last));
    row.add(known.refusals.detail);
    row.add(time_of(known.refusals));
    row.add(std::to_string(known.claims.count));
    row.add(word(known.claims.last));
    row.add(time_of(known.claims));
    return row.finish();
}

}  // namespace

InventoryView::InventoryView(const DeviceInventory& inventory, InventoryQuestion question,
                             std::chrono::sys_seconds now)
    : inventory_(&inventory), question_(std::move(question)), now_(now) {}

std::string InventoryView::next() {
    if (stage_ == Stage::ended) return "";
    if (stage_ == Stage::rows) {
        std::string some = rows();
        if (!some.empty()) return some;
        stage_ = Stage::ended;
        return end();
    }
    stage_ = Stage::rows;
    return question_.format == Format::csv ? header() : R"({"devices":[)";
}

/// Of one page; empty when there are no more.
std::string InventoryView::rows() {
    std::string text;
    if (is_cut_) return text;
    const std::size_t left = question_.limit ? *question_.limit - given_ : page_rows;
    const auto page = inventory_->page(question_.after, std::min(left, page_rows), question_.since);
    if (!page.empty()) {
        for (const KnownDevice& known : page) {
            if (question_.view == View::shadow && !known.shadow) continue;
            if (question_.format == Format::csv) {
                text += csv_row(known);
                continue;
            }
            json::object device = described(known);
            question_.view == View::shadow ? add_verdict(device, known) : add_use(device, known);
            if (!std::exchange(is_first_, false)) text += ',';
            text += json::serialize(device);
        }
        given_ += page.size();
        question_.after = page.back().device;
        is_cut_ = question_.limit && given_ >= *question_.limit;
        // None of them is shown, and a piece must not be empty: JSON takes blanks between its elements.
        if (text.empty()) text = "\n";
    }
    return text;
}

std::string InventoryView::end() {
    if (question_.format == Format::csv) return "";
    json::object rest{{"sightings_left_out", inventory_->left_out()},
                      {"known", inventory_->size()},
                      {"now", unix_time(now_)},
                      {"next", is_cut_ ? json::value(question_.after) : json::value(nullptr)}};
    if (question_.view == View::shadow) {
        const KnownDevice nobody = inventory_->nobody();
        rest["without_device"] = {{"requests_denied", nobody.denied},
                                  {"last_denial", word_or_null(nobody.last_denial)},
                                  {"last_denial_detail", nobody.last_denial_detail}};
    }
    return "]," + json::serialize(rest).substr(1) + "\n";
}

std::string whole(InventoryView view) {
    std::string all;
    for (std::string piece = view.next(); !piece.empty(); piece = view.next())
        all += piece;
    return all;
}

}  // namespace sallyport::gateway
