#include "gateway/file_watch.h"

#include "tests/support/temporary_folder.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

/// A folder with `watched` in it, `listed/` of which all files matter, and others that do not.
class FileWatchTest : public testing::Test {
  protected:
    FileWatchTest() {
        std::filesystem::create_directory(folder_ / "listed");
        write("watched");
    }

    void write(const std::string& name) const { std::ofstream(folder_ / name) << "x"; }

    void replace(const std::string& name) const {
        write(".new");
        std::filesystem::rename(folder_ / ".new", folder_ / name);
    }

    /// Has a change been told within this time?
    bool is_told_within(std::chrono::milliseconds patience) {
        bool told = false;
        boost::asio::co_spawn(io_, watch_.changed(), [&](std::exception_ptr failure, bool changed) {
            told = !failure && changed;
            io_.stop();
        });
        io_.restart();
        io_.run_for(patience);
        return told;
    }

    test::TemporaryFolder temporary_;
    std::filesystem::path folder_ = temporary_.path();
    boost::asio::io_context io_;
    FileWatch watch_{io_};
};

constexpr auto long_enough = 10s;
constexpr auto a_moment = 50ms;

TEST_F(FileWatchTest, tells_of_what_was_named) {
    watch_.watch({folder_ / "watched", folder_ / "missing", folder_ / "listed"}, {});
    for (const char* name : {"watched", "missing", "listed/a"}) {
        replace(name);
        EXPECT_TRUE(is_told_within(long_enough)) << name;
        write(name);
        EXPECT_TRUE(is_told_within(long_enough)) << name;
        std::filesystem::remove(folder_ / name);
        EXPECT_TRUE(is_told_within(long_enough)) << name;
    }
}

TEST_F(FileWatchTest, tells_of_nothing_else) {
    watch_.watch({folder_ / "watched", folder_ / "listed"}, {folder_ / "listed"});
    write("other");
    write(".watched.new");
    write("listed/.hidden");
    EXPECT_FALSE(is_told_within(a_moment));
}

TEST_F(FileWatchTest, takes_changes_in_a_row_for_one) {
    watch_.watch({folder_ / "watched", folder_ / "listed"}, {});
    replace("watched");
    replace("listed/a");
    EXPECT_TRUE(is_told_within(long_enough));
    EXPECT_FALSE(is_told_within(a_moment));
}

/// Who writes without end must not keep a change from being told.
TEST_F(FileWatchTest, does_not_wait_for_an_end) {
    for (const bool is_urgent : {false, true}) {
        const std::vector<std::filesystem::path> list{folder_ / "listed"};
        watch_.watch({folder_ / "watched", folder_ / "listed"},
                     is_urgent ? list : std::vector<std::filesystem::path>());
        std::atomic<bool> stop = false;
        std::thread writer([&] {
            while (!stop)
                write("listed/busy");
        });
        EXPECT_TRUE(is_told_within(long_enough)) << is_urgent;
        stop = true;
        writer.join();
    }
}

}  // namespace
}  // namespace sallyport::gateway
