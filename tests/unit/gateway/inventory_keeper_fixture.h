#pragma once

#include "gateway/inventory_keeper.h"
#include "gateway/wall_clock.h"
#include "tests/support/temporary_folder.h"

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::gateway {

namespace fs = std::filesystem;

/// Lives of gateways with one state folder.
class KeepsInventory : public testing::Test {
  protected:
    KeepsInventory() {
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->settings.state = state();
        snapshots_.publish(std::move(snapshot));
    }

    fs::path state() const { return folder_ / "state"; }
    fs::path file() const { return state() / "devices"; }

    /// One life of the gateway: what it knew at its end, and what it said in the event log.
    struct Life {
        std::vector<KnownDevice> known;
        std::uint64_t day_bytes = 0;
        std::string events;
    };
    class Process {
      public:
        Process(const SnapshotStore& snapshots, fs::path events,
                std::size_t file_bytes_at_most = InventoryKeeper::max_file_bytes)
            : events_(std::move(events)),
              log_(LogSettings{.access = "off", .events = events_.string(), .level = "info"}),
              keeper_(snapshots, inventory_, limiter_, *log_, file_bytes_at_most) {}

        void start() {
            keeper_.restore();
            keeper_.start();
        }
        void see(const std::string& device) {
            const Sighting seen{"fleet", "TLSv1.2", "AES128-SHA", 2048, true};
            inventory_.note(device, seen, 100'000, now_seconds());
            limiter_.settle(device, 0, 1000, now_seconds());
        }
        InventoryKeeper& keeper() { return keeper_; }
        /// To be asked once.
        Life end() {
            keeper_.stop();
            Life life;
            life.known = inventory_.list();
            for (const DailyBytes& use : limiter_.used_today(now_seconds()))
                life.day_bytes += use.bytes;
            log_.reset();
            std::ostringstream said;
            said << std::ifstream(events_).rdbuf();
            life.events = said.str();
            return life;
        }

      private:
        fs::path events_;
        std::optional<Log> log_;
        DeviceInventory inventory_;
        DeviceLimiter limiter_;
        InventoryKeeper keeper_;
    };
    std::unique_ptr<Process> process(std::size_t file_bytes_at_most = InventoryKeeper::max_file_bytes) {
        const std::string name = "events-" + std::to_string(++processes_) + ".log";
        return std::make_unique<Process>(snapshots_, folder_ / name, file_bytes_at_most);
    }
    Life live(const std::vector<std::string>& seen) {
        const auto one = process();
        one->start();
        for (const std::string& device : seen)
            one->see(device);
        return one->end();
    }
    static std::string content_of(const fs::path& file) {
        std::ostringstream content;
        content << std::ifstream(file, std::ios::binary).rdbuf();
        return content.str();
    }
    void put(const std::string& bytes) {
        fs::create_directories(state());
        std::ofstream(file(), std::ios::binary) << bytes;
    }
    void move_to(const fs::path& state) {
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->settings.state = state;
        snapshots_.publish(std::move(snapshot));
    }
    fs::path lock() const { return file().string() + ".lock"; }
    fs::path aside() const { return file().string() + ".other-1"; }

    test::TemporaryFolder temporary_;
    fs::path folder_ = temporary_.path();
    SnapshotStore snapshots_;
    int processes_ = 0;
};

inline std::vector<std::string> ids_of(const std::vector<KnownDevice>& known) {
    std::vector<std::string> ids;
    for (const KnownDevice& one : known)
        ids.push_back(one.device);
    return ids;
}

}  // namespace sallyport::gateway
