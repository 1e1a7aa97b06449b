#include "tests/unit/gateway/audit_log_fixture.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <iterator>
#include <optional>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t unlimited = std::size_t{1} << 30U;

/// Files of this process take so many bytes, as long as this lives.
class FullDisk {
  public:
    explicit FullDisk(std::size_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        takes(bytes);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

    void takes(std::size_t bytes) const {
        const rlimit full{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &full);
    }

  private:
    rlimit before_{};
};

/// This thread, and those that it starts from here on, can cut no file: ftruncate(2) fails as it does on a
/// file that is append-only (chattr +a, which not every user and file system can set). False: the kernel
/// knows no such filter.
bool forbid_cutting() {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ftruncate, 1, 0),
#ifdef SYS_ftruncate64
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ftruncate64, 0, 1),
#else
        BPF_STMT(BPF_JMP | BPF_JA, 1),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(rules), rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class AuditLogOnFullDisk : public AuditLogTest {
  protected:
    /// Runs it where no file can be cut.
    template <class Test>
    static void on_append_only_files(Test test) {
        bool can = false;
        std::thread([&] {
            can = forbid_cutting();
            if (can) test();
        }).join();
        if (!can) GTEST_SKIP() << "no seccomp(2) here";
    }
    bool has(std::size_t lines) {
        return eventually([&] { return events().size() == lines; });
    }
};

/// What a file cannot let go of stays torn in it. The chain says so before anything else, as after a kill.
TEST_F(AuditLogOnFullDisk, vouches_for_a_line_that_it_could_not_take_back) {
    on_append_only_files([&] {
        std::string torn;
        {
            AuditLog log(path(), health_);
            log.record(record("a"));
            ASSERT_TRUE(has(2));
            const std::size_t before = content().size();
            const FullDisk disk(before + 10);
            log.record(record("waits"));
            ASSERT_TRUE(eventually([&] { return health_.failures_ == 1; }));
            torn = content().substr(before);
            EXPECT_THAT(verdict(), HasSubstr("audit.log:3: is no line"));
            disk.takes(before + 17);  // the record of it is torn, too
            ASSERT_TRUE(eventually([&] { return content().size() == before + 17; }));
        }
        EXPECT_THAT(events(),
                    ElementsAre("log_opened", "a", "torn_line", "waits", "log_lines_lost", "log_closed"));
        EXPECT_THAT(content(), HasSubstr(torn + "\n{\"seq\""));
        EXPECT_THAT(content(), HasSubstr(R"("bytes":17,)")) << content();
        EXPECT_THAT(verdict(), HasSubstr("OK: 6 lines"));
        EXPECT_THAT(verdict(), HasSubstr("1 torn by a process that was killed or a disk that was full"));
    });
}

/// Wherever in a line the disk was full.
TEST_F(AuditLogOnFullDisk, is_whole_wherever_it_was_cut) {
    on_append_only_files([&] {
        write("measured");
        const auto line = content().find("measured");
        const std::size_t size = content().find('\n', line) - content().rfind('\n', line);
        for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, size / 2, size - 2, size - 1, size}) {
            std::filesystem::remove(path());
            AuditLog log(path(), health_);
            ASSERT_TRUE(has(1));
            const std::string before = content();
            {
                const FullDisk disk(before.size() + cut);
                const int failures = health_.failures_;
                log.record(record("measured"));
                ASSERT_TRUE(eventually([&] { return health_.failures_ > failures || cut == size; })) << cut;
            }
            log.record(record("later"));
            ASSERT_TRUE(eventually([&] { return events().back() == "log_lines_lost" || cut == size; }));
            log.finish();
            const auto found = events();
            EXPECT_EQ(std::ranges::count(found, "measured"), 1) << cut;
            EXPECT_EQ(std::ranges::count(found, "torn_line"), cut > 0 && cut + 1 < size ? 1 : 0) << cut;
            EXPECT_THAT(verdict(), HasSubstr("OK: ")) << cut << '\n' << content();
        }
    });
}

/// The line that tells of a torn one may be the first of the next file.
TEST_F(AuditLogOnFullDisk, vouches_in_the_next_file_for_what_is_torn_in_the_one_before) {
    on_append_only_files([&] {
        {
            AuditLog log(path(), health_);
            ASSERT_TRUE(has(1));
            {
                const FullDisk disk(content().size() + 10);
                log.record(record("waits"));
                ASSERT_TRUE(eventually([&] { return health_.failures_ == 1; }));
                std::filesystem::rename(path(), path("audit.log.1"));
                log.reopen();
                ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path()); }));
            }
            ASSERT_TRUE(eventually([&] { return health_.recoveries_ == 1; }));
        }
        EXPECT_THAT(verdict({"audit.log.1", "audit.log"}), HasSubstr("OK: ")) << content();
    });
}

/// A full disk: what is recorded waits, what is too much is counted, and the chain says so when it is back.
TEST_F(AuditLogOnFullDisk, waits_for_a_disk_that_is_full) {
    {
        AuditLog log(path(), health_);
        log.record(record("a"));
        ASSERT_TRUE(has(2));
        const FullDisk disk(content().size() + 10);
        log.record(record("waits"));
        EXPECT_TRUE(eventually([&] { return health_.failures_ == 1; }));
        const std::string flood = record("flood" + std::string(1'000, 'x'));
        for (std::size_t i = 0; i < AuditLog::max_queued_bytes / flood.size(); ++i)
            log.record(flood);
        EXPECT_GT(health_.lost_, 0);
        EXPECT_EQ(health_.recoveries_, 0);
        disk.takes(unlimited);
        EXPECT_TRUE(eventually([&] { return health_.recoveries_ == 1; }));
        EXPECT_TRUE(eventually([&] { return events().back() == "log_lines_lost"; }));
    }
    const auto found = events();
    EXPECT_EQ(std::ranges::count(found, "waits"), 1);
    EXPECT_EQ(std::ranges::count(found, "log_lines_lost"), 1);
    EXPECT_THAT(content(), HasSubstr(R"("event":"log_lines_lost","log":"audit","count":)" +
                                     std::to_string(health_.lost_.load()) + ","));
    EXPECT_THAT(content(), HasSubstr("File too large"));
    EXPECT_THAT(verdict(), HasSubstr("OK: "));
}

/// A fleet is revoked while the disk takes nothing: each connection that was cut stands in the log, and the
/// end of it.
TEST_F(AuditLogOnFullDisk, has_room_for_a_fleet_that_is_cut) {
    constexpr int fleet = 20'000;
    const std::string text =
        R"({"time":"2026-01-05T08:03:09.123456Z","event":"connection_cut","listener":"high",)"
        R"("reason":"revoked","device":"AABBCCDD","serial":"0102030405060708090A0B0C0D0E",)"
        R"("peer":"[2001:db8:1234:5678:9abc:def0:1234:5678]:65535",)"
        R"("detail":"revoked on 2026-01-05T08:03:08Z: keyCompromise"})";
    {
        AuditLog log(path(), health_);
        ASSERT_TRUE(has(1));
        const FullDisk disk(content().size());
        log.record(text, AuditLog::Share::of_cuts);
        ASSERT_TRUE(eventually([&] { return health_.failures_ == 1; }));
        for (int i = 1; i < fleet; ++i)
            log.record(text, AuditLog::Share::of_cuts);
        log.record(record("enforced"));
    }
    EXPECT_EQ(health_.lost_, 0);
    const auto found = events();
    EXPECT_EQ(std::ranges::count(found, "connection_cut"), fleet);
    EXPECT_EQ(std::ranges::count(found, "enforced"), 1);
    EXPECT_THAT(verdict(), HasSubstr("OK: "));
}

/// Refusals take no room from cuts, nor cuts from what there are few of. What is lost is counted.
TEST_F(AuditLogOnFullDisk, keeps_room_for_what_there_are_few_of) {
    constexpr std::uint64_t attempts = 2'000;
    const std::string padding(10'000, 'x');
    const auto long_record = [&](const std::string& event) {
        return record(event).insert(1, R"("padding":")" + padding + R"(",)");
    };
    std::uint64_t refusals_lost = 0;
    {
        AuditLog log(path(), health_);
        ASSERT_TRUE(has(1));
        const FullDisk disk(content().size());
        log.record(record("first"));
        ASSERT_TRUE(eventually([&] { return health_.failures_ == 1; }));
        for (std::uint64_t i = 0; i < attempts; ++i)
            log.refusal({"kind " + std::to_string(i), "others", true, long_record("refused")});
        refusals_lost = health_.lost_;
        EXPECT_GT(refusals_lost, attempts / 2);
        for (std::uint64_t i = 0; i < attempts; ++i)
            log.record(long_record("cut"), AuditLog::Share::of_cuts);
        const std::uint64_t cuts_lost = health_.lost_ - refusals_lost;
        EXPECT_GT(cuts_lost, attempts / 2);
        EXPECT_LT(cuts_lost, attempts * 9 / 10) << "they have room that refusals have not";
        const std::uint64_t lost = health_.lost_;
        log.record(record("enforced"));
        log.record(record("reload"));
        EXPECT_EQ(health_.lost_, lost);
        disk.takes(unlimited);
        ASSERT_TRUE(eventually([&] { return content().find("log_lines_lost") != std::string::npos; }));
        log.record(long_record("cut_later"), AuditLog::Share::of_cuts);
        EXPECT_EQ(health_.lost_, lost) << "the room is free again";
    }
    const auto found = events();
    const auto counted = [&](const char* event) {
        return static_cast<std::uint64_t>(std::ranges::count(found, event));
    };
    EXPECT_EQ(counted("refused"), attempts - refusals_lost);
    EXPECT_EQ(counted("refused") + counted("cut") + health_.lost_, 2 * attempts);
    for (const char* event : {"enforced", "reload", "cut_later"})
        EXPECT_EQ(counted(event), 1) << event;
    EXPECT_THAT(verdict(), HasSubstr("OK: "));
}

TEST_F(AuditLogOnFullDisk, closing_is_the_last_it_says) {
    {
        AuditLog log(path(), health_);
        ASSERT_TRUE(has(1));
        const FullDisk disk(content().size() + 10);
        log.record(record("waits"));
        EXPECT_TRUE(eventually([&] { return health_.failures_ == 1; }));
    }  // before it could tell that the disk is back
    EXPECT_THAT(events(), ElementsAre("log_opened", "waits", "log_lines_lost", "log_closed"));
}

TEST_F(AuditLogOnFullDisk, ends_although_the_disk_is_full) {
    testing::internal::CaptureStderr();
    std::optional<AuditLog> log(std::in_place, path(), health_);
    ASSERT_TRUE(has(1));
    {
        const FullDisk disk(content().size());
        log->record(record("a"));
        log.reset();
    }
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("log audit: 1 lines are lost"));
    EXPECT_EQ(health_.lost_, 1);
    EXPECT_THAT(verdict(), HasSubstr("OK: 1 lines"));
}

}  // namespace
}  // namespace sallyport::gateway
