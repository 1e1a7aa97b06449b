#include "tests/unit/gateway/audit_log_fixture.h"

namespace sallyport::gateway {
namespace {

/// A start without a file of its own name, which logrotate has taken or nobody has restored.
class AuditLogRotated : public AuditLogTest {
  protected:
    using Clock = std::filesystem::file_time_type::clock;

    /// The chain as it was after one start, two and three: three lines for each.
    std::string after(int starts) {
        for (; chains_.size() < static_cast<std::size_t>(starts);) {
            write("line");
            chains_.push_back(content());
        }
        return chains_.at(static_cast<std::size_t>(starts) - 1);
    }
    void make(const std::string& name, const std::string& text, std::chrono::minutes age) const {
        std::ofstream(path(name)) << text;
        std::filesystem::last_write_time(path(name), Clock::now() - age);
    }
    /// What the first line of a start says.
    std::string opened() {
        std::filesystem::remove(path());
        write("next");
        return content().substr(0, content().find('\n'));
    }

  private:
    std::vector<std::string> chains_;
};

/// logrotate renames whether the gateway runs or not.
TEST_F(AuditLogRotated, finds_the_file_that_was_rotated_while_it_did_not_run) {
    write("a");
    std::filesystem::rename(path(), path("audit.log.2"));
    std::filesystem::last_write_time(path("audit.log.2"), std::filesystem::file_time_type::clock::now() - 1h);
    write("b");
    append("torn", "audit.log");
    std::filesystem::rename(path(), path("audit.log.1"));
    write("c");
    EXPECT_THAT(content(), HasSubstr(R"("continues":"audit.log.1")"));
    EXPECT_THAT(verdict({"audit.log.2", "audit.log.1", "audit.log"}), HasSubstr("OK: 10 lines"));
}

/// logrotate(8), dateformat and extension, and what people do by hand.
TEST_F(AuditLogRotated, knows_every_name) {
    for (const char* name :
         {"audit.log.1", "audit.log-20260131", "audit.log-20260131.1", "audit.log-20260131-1700000000",
          "audit.log-2026-01-31", "audit.log.2026013112", "audit.log.old", "audit.log.bak"}) {
        make(name, after(1), 0min);
        EXPECT_THAT(opened(), HasSubstr(std::string(R"("continues":")") + name + '"'));
        EXPECT_THAT(verdict({name, "audit.log"}), HasSubstr("OK: 6 lines"));
        std::filesystem::remove(path(name));
    }
}

TEST_F(AuditLogRotated, passes_over_what_is_none) {
    const std::string chain = after(2);
    for (const char* name : {"audit.log.1.gz", "audit.log.1.xz", "audit.log.1.zst", "audit.log.1.bz2",
                             "audit.logs", "audit.log2", "audit.log.", "my-audit.log.1"})
        make(name, chain, 0min);
    std::filesystem::create_directory(path("audit.log.d"));
    std::filesystem::create_symlink(path("audit.log.1.gz"), path("audit.log.link"));
    make("audit.log.notes", "some text\n", 0min);
    make("audit.log.empty", "", 0min);
    EXPECT_THAT(opened(), HasSubstr(R"("new_chain":true)"));
    make("audit.log.1", after(1), 10min);
    EXPECT_THAT(opened(), HasSubstr(R"("continues":"audit.log.1")"));
}

/// Not the newest: a copy, a restoration and touch(1) change times.
TEST_F(AuditLogRotated, goes_on_where_the_chain_is_longest) {
    make("audit.log.3", after(1), 0min);
    make("audit.log.1", after(3), 60min);
    make("audit.log.2", after(2), 30min);
    const std::string line = opened();
    EXPECT_THAT(line, HasSubstr(R"("continues":"audit.log.1")"));
    EXPECT_THAT(line, HasSubstr(R"({"seq":10,)"));
    EXPECT_THAT(line, testing::Not(HasSubstr("fork")));
}

TEST_F(AuditLogRotated, says_that_the_chain_has_two_ends) {
    const std::string chain = after(2);
    make("audit.log.copy", chain, 0min);
    make("audit.log.2", chain, 10min);
    EXPECT_THAT(opened(), testing::AllOf(HasSubstr(R"("continues":"audit.log.copy")"),
                                         testing::Not(HasSubstr("fork"))));
    std::string other = chain;
    other.replace(other.rfind(R"("time":"20)"), 10, R"("time":"19)");
    make("audit.log.1", other, 5min);
    EXPECT_THAT(opened(), HasSubstr(R"("continues":"audit.log.copy","fork":"audit.log.1")"));
    make("audit.log.3", after(3), 60min);
    EXPECT_THAT(opened(),
                testing::AllOf(HasSubstr(R"("continues":"audit.log.3")"), testing::Not(HasSubstr("fork"))));
}

/// Whatever the first was cut short in: as `zcat audit.log.3.gz audit.log.2.gz` does.
TEST_F(AuditLogRotated, can_be_put_behind_one_another) {
    for (const std::string cut_short : {"torn", "", "\n"}) {
        std::string chain = after(1);
        chain.pop_back();
        make("audit.log.1", chain + (cut_short == "torn" ? "\ntorn" : cut_short), 0min);
        opened();
        make("both", content("audit.log.1") + content(), 0min);
        EXPECT_THAT(verdict({"audit.log.1", "audit.log"}), HasSubstr("OK: "));
        EXPECT_THAT(verdict({"both"}), HasSubstr("OK: ")) << cut_short;
    }
}

TEST_F(AuditLogRotated, leaves_a_chain_that_another_process_still_writes) {
    AuditLog other(path(), health_);
    ASSERT_TRUE(eventually([this] { return content().ends_with('\n'); }));
    std::filesystem::rename(path(), path("audit.log.1"));
    EXPECT_THAT([this] { AuditLog(path(), health_); },
                testing::ThrowsMessage<std::runtime_error>(
                    testing::AllOf(HasSubstr("audit.log.1"), HasSubstr("still writes it"))));
    EXPECT_EQ(AuditFile::why_unusable(path()), "") << "a check beside a gateway that runs";
}

TEST_F(AuditLogRotated, finds_a_last_line_before_much_that_is_torn) {
    make("audit.log.1", after(1) + std::string(200'000, 'x'), 0min);
    EXPECT_THAT(opened(), HasSubstr(R"("event":"torn_line")"));
    EXPECT_THAT(verdict({"audit.log.1", "audit.log"}), HasSubstr("OK: "));
}

}  // namespace
}  // namespace sallyport::gateway
