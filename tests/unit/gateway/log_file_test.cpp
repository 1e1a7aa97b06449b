#include "gateway/log_file.h"

#include "pki/descriptor.h"
#include "tests/support/temporary_folder.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

class LogFileTest : public testing::Test {
  protected:
    std::string path(const char* name) const { return folder_.file(name); }
    std::string content(const char* name) const { return folder_.content(name); }

    test::TemporaryFolder folder_;
};

TEST_F(LogFileTest, is_made_for_nobody_else) {
    const mode_t before = ::umask(0);
    auto file = LogFile::open(path("log"));
    ::umask(before);
    ASSERT_TRUE(file);
    struct stat status {};
    ASSERT_EQ(::stat(path("log").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640);
    EXPECT_EQ(file->append("a\nb\n").bytes, 4);
    EXPECT_EQ(content("log"), "a\nb\n");
}

/// What a log must not be, the same for `check` as for a start.
TEST_F(LogFileTest, is_refused) {
    std::filesystem::create_directory(path("folder"));
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    std::ofstream(path("target")) << "precious\n";
    std::filesystem::create_symlink(path("target"), path("link"));
    std::filesystem::create_symlink(path("nowhere"), path("dangling"));
    std::ofstream(path("open")) << "";
    std::filesystem::permissions(path("open"), std::filesystem::perms(0666));
    struct Case {
        std::string target;
        const char* why;
        LogFile::Kind kind = LogFile::Kind::any;
    };
    const Case cases[] = {
        {path("folder"), "irectory"},
        {path("fifo"), "nobody reads"},
        {path("link"), "symbolic link"},
        {path("dangling"), "symbolic link"},
        {path("open"), "everybody"},
        {path("none/log"), "No such file"},
        {path("target/log"), "Not a directory"},
        {"/dev/null", "regular", LogFile::Kind::regular},
    };
    for (const Case& c : cases) {
        const auto opened = LogFile::open(c.target, c.kind);
        ASSERT_FALSE(opened) << c.target;
        if (c.target == path("fifo")) continue;  // see leaves_a_fifo_to_its_reader
        const bool is_folder = c.target == path("folder");
        EXPECT_THAT(LogFile::why_unusable(c.target, c.kind), HasSubstr(is_folder ? "folder" : c.why));
        EXPECT_THAT(opened.error().message, HasSubstr(c.why)) << c.target;
    }
    EXPECT_EQ(content("target"), "precious\n");
    EXPECT_FALSE(std::filesystem::exists(path("nowhere")));
}

/// To open and close it would be the end for who reads it.
TEST_F(LogFileTest, leaves_a_fifo_to_its_reader) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    const pki::Descriptor reader(::open(path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_EQ(LogFile::why_unusable(path("fifo")), "");
    pollfd state{reader.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&state, 1, 0), 0) << "the reader is told that the writer has ended";
}

/// Of two that write to one pipe, none comes between the lines of the other, however long they are.
TEST_F(LogFileTest, gives_a_pipe_whole_lines) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    const pki::Descriptor reader(::open(path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    auto one = LogFile::open(path("fifo")).value();
    auto other = LogFile::open(path("fifo")).value();
    const std::string text =
        std::string(3'000, 'a') + '\n' + std::string(10'000, 'b') + '\n' + std::string(3'000, 'c') + '\n';
    EXPECT_EQ(one.append(text).bytes, text.size());
    EXPECT_EQ(other.append("d\n").bytes, 2);
    std::string read(65'536, '\0');
    read.resize(static_cast<std::size_t>(::read(reader.get(), read.data(), read.size())));
    EXPECT_EQ(read, text + "d\n");
}

TEST_F(LogFileTest, is_not_made_by_a_question) {
    EXPECT_EQ(LogFile::why_unusable(path("log")), "");
    EXPECT_FALSE(std::filesystem::exists(path("log")));
    for (const char* good : {"stdout", "stderr", "/dev/null"})
        EXPECT_EQ(LogFile::why_unusable(good), "");
}

/// A file that takes no more (RLIMIT_FSIZE counts it like a full disk) keeps whole lines only.
TEST_F(LogFileTest, takes_back_what_was_cut_short) {
    auto file = LogFile::open(path("log"));
    ASSERT_TRUE(file);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{10, before.rlim_max};
    std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto first = file->append("1234\n5678\n90\n");
    const auto second = file->append("x\n");
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(first.bytes, 10);
    EXPECT_THAT(first.failed, HasSubstr("File too large"));
    EXPECT_EQ(second.bytes, 0);
    EXPECT_EQ(content("log"), "1234\n5678\n");
    const rlimit seven{17, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &seven);
    const auto third = file->append("abcd\nefgh\n");
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(third.bytes, 5);
    EXPECT_EQ(file->append("efgh\n").bytes, 5);
    EXPECT_EQ(content("log"), "1234\n5678\nabcd\nefgh\n");
}

TEST_F(LogFileTest, follows_its_name) {
    auto file = LogFile::open(path("log"));
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->is_moved());
    file->append("a\n");
    std::filesystem::rename(path("log"), path("log.1"));
    EXPECT_TRUE(file->is_moved());
    file->append("b\n");
    ASSERT_TRUE(file->reopen());
    EXPECT_FALSE(file->is_moved());
    file->append("c\n");
    EXPECT_EQ(content("log.1"), "a\nb\n");
    EXPECT_EQ(content("log"), "c\n");

    std::filesystem::remove(path("log"));
    std::filesystem::create_directory(path("log"));
    EXPECT_TRUE(file->is_moved());
    EXPECT_FALSE(file->reopen());
    EXPECT_EQ(file->append("d\n").bytes, 2) << "the old one stays in use";
}

}  // namespace
}  // namespace sallyport::gateway
