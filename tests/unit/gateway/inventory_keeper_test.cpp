#include "gateway/inventory_keeper.h"

#include "gateway/rules/device_records.h"
#include "gateway/wall_clock.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class InventoryKeeperTest : public testing::Test {
  protected:
    InventoryKeeperTest() {
        std::string name = (fs::temp_directory_path() / "keeper-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->settings.state = state();
        snapshots_.publish(std::move(snapshot));
    }
    ~InventoryKeeperTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    fs::path state() const { return folder_ / "state"; }
    fs::path file() const { return state() / "devices"; }

    /// One life of the gateway: what it knew at its end, and what it said in the event log.
    struct Life {
        std::vector<KnownDevice> known;
        std::uint64_t day_bytes = 0;
        std::string events;
    };
    Life live(const std::vector<std::string>& seen) {
        LogSettings settings{.access = "off", .events = (folder_ / "events.log").string(), .level = "info"};
        fs::remove(settings.events);
        Life life;
        {
            Log log(settings);
            DeviceInventory inventory;
            DeviceLimiter limiter;
            InventoryKeeper keeper(snapshots_, inventory, limiter, log);
            keeper.restore();
            keeper.start();
            for (const std::string& device : seen) {
                inventory.note(device, {"fleet", "TLSv1.2", "AES128-SHA", 2048, true}, 1600, now_seconds());
                limiter.settle(device, 0, 1000, now_seconds());
            }
            keeper.stop();
            life.known = inventory.list();
            for (const DailyBytes& use : limiter.used_today(now_seconds()))
                life.day_bytes += use.bytes;
        }
        std::ostringstream said;
        said << std::ifstream(settings.events).rdbuf();
        life.events = said.str();
        return life;
    }
    void put(const std::string& bytes) {
        fs::create_directories(state());
        std::ofstream(file(), std::ios::binary) << bytes;
    }

    fs::path folder_;
    SnapshotStore snapshots_;
};

TEST_F(InventoryKeeperTest, remembers_over_a_restart) {
    const Life first = live({"A", "B"});
    struct stat status {};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const Life second = live({});
    EXPECT_EQ(second.known, first.known);
    EXPECT_EQ(second.known.size(), 2U);
    EXPECT_EQ(second.day_bytes, 2000U) << "else a restart would give each device its day's bytes again";
    EXPECT_THAT(second.events, HasSubstr("\"result\":\"restored\",\"devices\":2"));
    EXPECT_EQ(live({"C"}).known.size(), 3U);
    EXPECT_EQ(live({}).known.size(), 3U);
}

TEST_F(InventoryKeeperTest, writes_nothing_when_nothing_has_changed) {
    live({"A"});
    const auto written = fs::last_write_time(file());
    live({});
    EXPECT_EQ(fs::last_write_time(file()), written);
}

TEST_F(InventoryKeeperTest, does_nothing_without_a_state_folder) {
    snapshots_.publish(std::make_shared<Snapshot>());
    EXPECT_EQ(live({"A"}).known.size(), 1U);
    EXPECT_FALSE(fs::exists(state()));
}

TEST_F(InventoryKeeperTest, forgets_devices_of_long_ago) {
    DeviceRecordWriter writer;
    writer.add(KnownDevice{.device = "OLD", .last_seen = now_seconds() - std::chrono::days(401)});
    writer.add(KnownDevice{.device = "NEW", .last_seen = now_seconds() - std::chrono::days(399)});
    put(writer.finish());
    const Life life = live({});
    ASSERT_EQ(life.known.size(), 1U);
    EXPECT_EQ(life.known[0].device, "NEW");
}

TEST_F(InventoryKeeperTest, sets_aside_what_it_cannot_use) {
    live({"A"});
    std::ostringstream good;
    good << std::ifstream(file(), std::ios::binary).rdbuf();
    std::string flipped = good.str();
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
    std::string later = good.str();
    later[18] = 2;
    int aside = 0;
    for (const std::string& bytes : {std::string(), good.str().substr(0, good.str().size() / 2), flipped,
                                     later, std::string("{}"), std::string(100'000, 'x')}) {
        put(bytes);
        const Life life = live({"B"});
        ASSERT_EQ(life.known.size(), 1U) << "it begins empty, and goes on";
        EXPECT_EQ(life.known[0].device, "B");
        EXPECT_THAT(life.events, HasSubstr("\"result\":\"set_aside\""));
        const fs::path kept = file().string() + ".unusable-" + std::to_string(++aside);
        std::ostringstream as_it_was;
        as_it_was << std::ifstream(kept, std::ios::binary).rdbuf();
        EXPECT_EQ(as_it_was.str(), bytes);
        EXPECT_EQ(live({}).known.size(), 1U) << "what it wrote instead is sound";
    }
}

TEST_F(InventoryKeeperTest, reads_no_file_beyond_its_bound) {
    put("");
    fs::resize_file(file(), InventoryKeeper::max_file_bytes + 1);  // a hole: it takes no place
    EXPECT_THAT(live({}).events, HasSubstr("larger than the limit"));
    EXPECT_TRUE(fs::exists(file().string() + ".unusable-1"));
}

TEST_F(InventoryKeeperTest, waits_for_no_pipe_and_follows_no_folder) {
    fs::create_directories(state());
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    EXPECT_THAT(live({"A"}).events, HasSubstr("not a regular file"));
    EXPECT_EQ(live({}).known.size(), 1U);
    fs::remove(file());
    fs::create_directories(file());
    EXPECT_THAT(live({"A"}).events, HasSubstr("set_aside"));
    EXPECT_EQ(live({}).known.size(), 1U);
}

TEST_F(InventoryKeeperTest, goes_on_when_it_cannot_write) {
    std::ofstream(state()) << "a file where the folder should be";
    const Life life = live({"A"});
    EXPECT_EQ(life.known.size(), 1U);
    EXPECT_THAT(life.events, HasSubstr("\"result\":\"failed\""));
}

}  // namespace
}  // namespace sallyport::gateway
