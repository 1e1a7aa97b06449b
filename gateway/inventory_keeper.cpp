#include "gateway/inventory_keeper.h"

#include "gateway/crl_archive.h"
#include "gateway/rules/device_records.h"
#include "gateway/wall_clock.h"
#include "pki/file.h"

#include <algorithm>
#include <exception>

#include <pthread.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t page_rows = 1'000;
constexpr int most_set_aside = 100;  // a name for each; then the last one is replaced

}  // namespace

std::filesystem::path InventoryKeeper::file() const {
    const auto state = snapshots_.current()->settings.state;
    return state.empty() ? state : state / "devices";
}

void InventoryKeeper::restore() {
    const auto path = file();
    std::error_code error;
    if (path.empty() || !std::filesystem::exists(std::filesystem::symlink_status(path, error))) return;
    pki::remove_unfinished(path);
    const auto bytes = pki::read_file(path, max_file_bytes);
    if (!bytes) return set_aside(path, bytes.error().message);
    const auto now = now_seconds();
    const std::size_t capacity = snapshots_.current()->settings.limits.known_devices;
    const auto read =
        read_device_records(*bytes, {.known =
                                         [&](const KnownDevice& known) {
                                             if (known.last_seen + memory >= now)
                                                 inventory_.restore(known, capacity);
                                         },
                                     .daily = [&](const DailyBytes& use) { limiter_.restore(use, now); }});
    if (!read) return set_aside(path, path.string() + ": " + read.error().message);
    written_changes_ = inventory_.changes();
    written_bytes_ = bytes->size();
    log_.event(Log::Level::info, "state",
               {{"result", "restored"}, {"devices", inventory_.size()}, {"file", path.string()}});
}

/// Never over what was set aside earlier: somebody may want to know what happened to it.
void InventoryKeeper::set_aside(const std::filesystem::path& file, const std::string& why) {
    std::filesystem::path aside;
    for (int i = 1; i <= most_set_aside; ++i) {
        aside = file.string() + ".unusable-" + std::to_string(i);
        std::error_code error;
        if (!std::filesystem::exists(std::filesystem::symlink_status(aside, error))) break;
    }
    std::error_code error;
    std::filesystem::rename(file, aside, error);
    log_.event(Log::Level::error, "state",
               {{"result", "set_aside"},
                {"detail", why + "; the table of devices begins empty" +
                               (error ? "; it could not be renamed: " + error.message() : "")},
                {"file", aside.string()}});
}

void InventoryKeeper::start() {
    thread_ = std::thread([this] { run(); });
}

void InventoryKeeper::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void InventoryKeeper::run() {
    ::pthread_setname_np(::pthread_self(), "devices");
    for (bool last = false; !last;) {
        const auto pause = std::max(interval, std::chrono::seconds(written_bytes_ / bytes_per_second));
        {
            std::unique_lock lock(mutex_);
            last = changed_.wait_for(lock, pause, [this] { return stopping_; });
        }
        try {
            write_if_changed();
        } catch (const std::exception& problem) {  // no memory: the next time, perhaps
            report_failed(problem.what());
        }
    }
}

void InventoryKeeper::write_if_changed() {
    const auto path = file();
    const std::uint64_t changes = inventory_.changes();
    if (path.empty() || changes == written_changes_) return;
    DeviceRecordWriter writer;
    std::string after;
    for (;;) {
        const auto page = inventory_.page(after, page_rows);
        if (page.empty()) break;
        for (const KnownDevice& known : page)
            writer.add(known);
        after = page.back().device;
    }
    for (const DailyBytes& use : limiter_.used_today(now_seconds()))
        writer.add(use);
    const std::string bytes = writer.finish();
    if (bytes.size() > max_file_bytes) {
        return report_failed(path.string() + ": the table of devices has outgrown " +
                             std::to_string(max_file_bytes) + " bytes: lower limits.known_devices");
    }
    if (auto prepared = CrlArchive(path.parent_path()).prepare(); !prepared)
        return report_failed(prepared.error().message);
    if (auto written = pki::replace_file(path, bytes, 0600); !written)
        return report_failed(written.error().message);
    written_changes_ = changes;
    written_bytes_ = bytes.size();
    last_failure_.clear();
}

void InventoryKeeper::report_failed(const std::string& detail) {
    if (detail == last_failure_) return;  // said already
    last_failure_ = detail;
    log_.event(Log::Level::error, "state", {{"result", "failed"}, {"detail", detail}});
}

}  // namespace sallyport::gateway
