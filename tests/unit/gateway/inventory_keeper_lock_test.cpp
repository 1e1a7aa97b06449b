#include "tests/unit/gateway/inventory_keeper_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

/// Who has the table, and what becomes of one that is not this process's.
using InventoryKeeperLockTest = KeepsInventory;

TEST_F(InventoryKeeperLockTest, leaves_the_table_to_whoever_has_it) {
    live({"A"});
    const auto first = process();
    first->start();
    const std::string before = content_of(file());
    const Life second = live({"B"});
    EXPECT_EQ(ids_of(second.known), std::vector<std::string>{"B"}) << "it restores nothing";
    EXPECT_EQ(content_of(file()), before) << "it writes nothing, not even at its end";
    EXPECT_THAT(second.events, HasSubstr("\"result\":\"not_kept\""));
    EXPECT_THAT(second.events, HasSubstr("a state folder of its own"));
    EXPECT_EQ(second.events.find("not_kept"), second.events.rfind("not_kept")) << "it says so once";
    first->see("C");
    first->end();
}

TEST_F(InventoryKeeperLockTest, takes_over_when_the_other_has_ended) {
    live({"A"});
    auto old = process();
    old->start();
    const auto fresh = process();
    fresh->start();
    fresh->see("B");
    fresh->see("C");
    old->see("B");
    old->end();
    old.reset();
    const Life both = fresh->end();  // its last look
    EXPECT_EQ(ids_of(both.known), (std::vector<std::string>{"A", "B", "C"}));
    EXPECT_EQ(both.day_bytes, 4000U) << "of A, twice of B, of C: each once";
    EXPECT_THAT(both.events, HasSubstr("\"result\":\"not_kept\""));
    EXPECT_THAT(both.events, HasSubstr("\"result\":\"restored\",\"devices\":3"));
    EXPECT_THAT(both.events, HasSubstr("\"result\":\"kept\""));
}

TEST_F(InventoryKeeperLockTest, keeps_what_both_knew) {
    auto old = process();
    old->start();
    auto fresh = process();
    fresh->start();
    fresh->see("B");
    old->see("A");
    old.reset();
    const Life both = fresh->end();
    fresh.reset();
    const Life next = live({});
    EXPECT_EQ(next.known, both.known);
    EXPECT_EQ(next.known.size(), 2U);
    EXPECT_EQ(next.day_bytes, both.day_bytes) << "a restart counts nothing twice";
}

TEST_F(InventoryKeeperLockTest, goes_with_the_folder) {
    auto moving = process();
    moving->start();
    moving->see("A");
    move_to(folder_ / "elsewhere");
    moving->end();
    EXPECT_THAT(live({}).events, HasSubstr("not_kept")) << "the lock has moved, too";
    moving.reset();
    EXPECT_EQ(ids_of(live({}).known), std::vector<std::string>{"A"});
    EXPECT_FALSE(fs::exists(file()));
}

TEST_F(InventoryKeeperLockTest, replaces_no_table_of_another_folder) {
    live({"A"});
    const std::string others = content_of(file());
    move_to(folder_ / "own");
    auto moving = process();
    moving->start();
    moving->see("B");
    move_to(state());
    const Life moved = moving->end();
    moving.reset();
    EXPECT_EQ(ids_of(moved.known), std::vector<std::string>{"B"}) << "it may be an older copy of its own";
    EXPECT_EQ(moved.day_bytes, 1000U);
    EXPECT_THAT(moved.events, HasSubstr("\"result\":\"set_aside\""));
    EXPECT_EQ(content_of(aside()), others);
    EXPECT_EQ(ids_of(live({}).known), std::vector<std::string>{"B"});
}

TEST_F(InventoryKeeperLockTest, replaces_no_table_that_it_cannot_set_aside) {
    live({"A"});
    const std::string others = content_of(file());
    for (int i = 1; i <= 100; ++i)  // all names are taken, and the last one by what takes no file's place
        fs::create_directories(file().string() + ".other-" + std::to_string(i));
    move_to(folder_ / "own");
    const auto moving = process();
    moving->start();
    moving->see("B");
    move_to(state());
    EXPECT_THAT(moving->end().events, HasSubstr("\"result\":\"not_kept\""));
    EXPECT_EQ(content_of(file()), others);
}

TEST_F(InventoryKeeperLockTest, knows_its_own_table_by_another_path) {
    const auto one = process();
    one->start();
    one->see("A");
    one->keeper().stop();
    fs::create_directory_symlink(state(), folder_ / "link");
    move_to(folder_ / "link");
    one->see("B");
    one->keeper().start();
    EXPECT_EQ(ids_of(one->end().known), (std::vector<std::string>{"A", "B"}));
    EXPECT_FALSE(fs::exists(aside()));
}

/// A folder stands for what may only be read: it stops even root.
TEST_F(InventoryKeeperLockTest, a_lock_that_may_only_be_read_is_one) {
    live({"A"});
    fs::remove(lock());
    fs::create_directory(lock());
    const auto one = process();
    one->start();
    EXPECT_THAT(live({"B"}).events, HasSubstr("another gateway")) << "of which it knows nothing more";
    one->see("C");
    EXPECT_EQ(ids_of(one->end().known), (std::vector<std::string>{"A", "C"}));
}

TEST_F(InventoryKeeperLockTest, reads_the_table_where_no_lock_can_be_made) {
    live({"A"});
    const std::string before = content_of(file());
    fs::remove(lock());
    fs::create_symlink(lock(), lock());  // stops even root
    auto one = process();
    one->start();
    one->see("B");
    one->keeper().stop();
    EXPECT_EQ(content_of(file()), before) << "nobody knows who else writes it";
    one->keeper().start();
    const Life life = one->end();
    EXPECT_EQ(ids_of(life.known), (std::vector<std::string>{"A", "B"}));
    EXPECT_EQ(life.day_bytes, 2000U) << "else a restart would give each device its day's bytes again";
    EXPECT_THAT(life.events, HasSubstr("\"result\":\"restored\""));
    EXPECT_EQ(life.events.find("not_kept"), life.events.rfind("not_kept")) << "it says so once";
    EXPECT_THAT(life.events, HasSubstr("Too many levels"));
    EXPECT_EQ(content_of(file()), before);
}

TEST_F(InventoryKeeperLockTest, says_without_a_lock_that_it_reads_no_table) {
    put("no table");
    fs::create_symlink(lock(), lock());
    EXPECT_THAT(live({"A"}).events, HasSubstr("not a table of devices"));
    EXPECT_EQ(content_of(file()), "no table");
    EXPECT_FALSE(fs::exists(file().string() + ".unusable-1"));
}

TEST_F(InventoryKeeperLockTest, goes_on_from_what_it_read_without_a_lock) {
    struct Case {
        const char* name;
        std::string fresh;  ///< seen by another that ran meanwhile; nothing: none did
        std::vector<std::string> known;
        bool is_set_aside;
    };
    const Case cases[] = {
        {"the table is as it was", "", {"A", "B"}, false},
        {"another has written it meanwhile", "C", {"A", "B"}, true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        fs::remove_all(state());
        live({"A"});
        fs::remove(lock());
        fs::create_symlink(lock(), lock());
        auto one = process();
        one->start();
        one->see("B");
        fs::remove(lock());
        if (!c.fresh.empty()) live({c.fresh});
        const Life life = one->end();
        one.reset();
        EXPECT_EQ(ids_of(life.known), c.known);
        EXPECT_EQ(life.day_bytes, 2000U) << "each counts once";
        EXPECT_THAT(life.events, HasSubstr("\"result\":\"kept\""));
        EXPECT_EQ(fs::exists(aside()), c.is_set_aside);
        EXPECT_EQ(ids_of(live({}).known), c.known) << "it was written";
    }
}

TEST_F(InventoryKeeperLockTest, a_folder_that_comes_later_is_read_then) {
    live({"A"});
    fs::rename(state(), folder_ / "later");
    std::ofstream(state()) << "in the way";
    const auto one = process();
    one->start();
    one->see("B");
    fs::remove(state());
    fs::rename(folder_ / "later", state());
    EXPECT_EQ(ids_of(one->end().known), (std::vector<std::string>{"A", "B"}));
    EXPECT_FALSE(fs::exists(aside()));
}

TEST_F(InventoryKeeperLockTest, locks_anew_when_its_lock_was_removed) {
    auto one = process();
    one->start();
    one->see("A");
    fs::remove(lock());
    one->keeper().stop();
    EXPECT_TRUE(fs::exists(lock()));
    EXPECT_THAT(live({"B"}).events, HasSubstr("another gateway"));
    fs::remove(lock());
    one->see("C");
    one->keeper().start();
    one->end();
    one.reset();
    EXPECT_FALSE(fs::exists(aside())) << "it knows its own table";
    EXPECT_EQ(ids_of(live({}).known), (std::vector<std::string>{"A", "C"}));
}

TEST_F(InventoryKeeperLockTest, stops_writing_when_another_has_locked_anew) {
    const auto one = process();
    one->start();
    one->see("A");
    one->keeper().stop();
    fs::remove(lock());
    auto other = process();
    other->start();
    other->see("B");
    one->see("C");
    const std::string before = content_of(file());
    one->keeper().start();
    one->keeper().stop();
    EXPECT_EQ(content_of(file()), before);
    other->end();
    other.reset();
    const std::string others = content_of(file());
    one->keeper().restore();  // once it looks again
    EXPECT_EQ(content_of(aside()), others) << "of which it knows a part already";
    const Life life = one->end();
    EXPECT_THAT(life.events, HasSubstr("another gateway"));
    EXPECT_EQ(ids_of(life.known), (std::vector<std::string>{"A", "C"}));
}

}  // namespace
}  // namespace sallyport::gateway
