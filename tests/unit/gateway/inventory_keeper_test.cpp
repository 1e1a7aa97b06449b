#include "gateway/inventory_keeper.h"

#include "gateway/rules/device_records.h"
#include "gateway/wall_clock.h"
#include "tests/unit/gateway/inventory_keeper_fixture.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

using InventoryKeeperTest = KeepsInventory;

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
    const std::string good = content_of(file());
    std::string flipped = good;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
    std::string later = good;
    later[18] = 2;
    int aside = 0;
    for (const std::string& bytes : {std::string(), good.substr(0, good.size() / 2), flipped, later,
                                     std::string("{}"), std::string(100'000, 'x')}) {
        put(bytes);
        const Life life = live({"B"});
        ASSERT_EQ(life.known.size(), 1U) << "it begins empty, and goes on";
        EXPECT_EQ(life.known[0].device, "B");
        EXPECT_THAT(life.events, HasSubstr("\"result\":\"set_aside\""));
        const fs::path kept = file().string() + ".unusable-" + std::to_string(++aside);
        EXPECT_EQ(content_of(kept), bytes);
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
    EXPECT_THAT(life.events, HasSubstr("\"result\":\"not_kept\""));
}

/// Root can read everything, so the file stands behind what stops even root.
TEST_F(InventoryKeeperTest, leaves_what_it_cannot_read_and_tries_again) {
    live({"A"});
    const fs::path good = folder_ / "good";
    fs::rename(file(), good);
    struct Case {
        const char* name;
        fs::path target;
        const char* said;
    };
    const Case cases[] = {
        {"a link that leads nowhere yet", folder_ / "not-mounted", "No such file"},
        {"a link to itself", file(), "Too many levels"},
        {"an error of the disk", "/proc/self/mem", "Input/output error"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        fs::remove(file());
        fs::create_symlink(c.target, file());
        const Life unlucky = live({"B"});
        EXPECT_EQ(ids_of(unlucky.known), std::vector<std::string>{"B"}) << "the service goes on";
        EXPECT_THAT(unlucky.events, HasSubstr("\"result\":\"not_kept\""));
        EXPECT_THAT(unlucky.events, HasSubstr(c.said));
        EXPECT_EQ(unlucky.events.find("not_kept"), unlucky.events.rfind("not_kept")) << "it says so once";
        EXPECT_TRUE(fs::is_symlink(file())) << "neither set aside nor overwritten";
        const auto patient = process();
        patient->start();
        patient->see("B");
        fs::remove(file());
        fs::copy_file(good, file());
        const Life lucky = patient->end();
        EXPECT_EQ(ids_of(lucky.known), (std::vector<std::string>{"A", "B"}));
        EXPECT_THAT(lucky.events, HasSubstr("\"result\":\"kept\""));
    }
    EXPECT_FALSE(fs::exists(file().string() + ".unusable-1"));
}

TEST_F(InventoryKeeperTest, a_want_of_descriptors_costs_no_table) {
    live({"A"});
    const auto poor = process();
    struct rlimit usual {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    const struct rlimit none { 0, usual.rlim_max };
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    poor->keeper().restore();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    poor->see("B");
    poor->keeper().start();
    const Life life = poor->end();
    EXPECT_THAT(life.events, HasSubstr("Too many open files"));
    EXPECT_EQ(ids_of(life.known), (std::vector<std::string>{"A", "B"}));
}

/// Else it would build the whole of it every ten seconds, for nothing.
TEST_F(InventoryKeeperTest, pauses_after_a_large_table_whatever_came_of_it) {
    constexpr std::size_t large = 20 * InventoryKeeper::bytes_per_second;
    constexpr std::size_t most = InventoryKeeper::max_file_bytes;
    struct Case {
        const char* name;
        std::size_t file_bytes_at_most;
        bool can_write;
        const char* said;
    };
    const Case cases[] = {
        {"written", most, true, ""},
        {"not written", most, false, "cannot replace"},
        {"too large", large, true, "has outgrown"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        fs::remove_all(state());
        const auto one = process(c.file_bytes_at_most);
        EXPECT_EQ(one->keeper().pause(), InventoryKeeper::interval);
        one->start();
        for (std::size_t i = 0; i < 2 * large / max_device_bytes; ++i) {
            std::string id = std::to_string(i);
            one->see(id.insert(0, max_device_bytes - id.size(), '0'));
        }
        if (!c.can_write) fs::create_directories(file() / "in the way");
        const Life life = one->end();
        EXPECT_GE(one->keeper().pause(), std::chrono::seconds(large / InventoryKeeper::bytes_per_second));
        EXPECT_THAT(life.events, HasSubstr(c.said));
    }
}

}  // namespace
}  // namespace sallyport::gateway
