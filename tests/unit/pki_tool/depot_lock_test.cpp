#include "pki/tool/depot_lock.h"

#include "tests/support/temporary_folder.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;

TEST(DepotLock, is_held_by_one_and_names_its_pid) {
    const sallyport::test::TemporaryFolder folder;
    const auto path = folder.path() / "lock";
    {
        const auto first = DepotLock::acquire(path, 0ms);
        ASSERT_TRUE(first) << first.error().message;
        const auto second = DepotLock::acquire(path, 30ms);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().fault, Fault::runtime);
        EXPECT_THAT(second.error().message, testing::HasSubstr("process " + std::to_string(::getpid())));
    }
    EXPECT_TRUE(DepotLock::acquire(path, 0ms)) << "given back";
}

TEST(DepotLock, waits_for_the_holder_to_finish) {
    const sallyport::test::TemporaryFolder folder;
    const auto path = folder.path() / "lock";
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = DepotLock::acquire(path, 0ms);
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
        ::usleep(100'000);
        ::kill(::getpid(), SIGKILL);  // the kernel gives the lock back, however its holder ends
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    const auto lock = DepotLock::acquire(path, 5000ms);
    EXPECT_TRUE(lock) << lock.error().message;
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

}  // namespace
}  // namespace sallyport::pki
