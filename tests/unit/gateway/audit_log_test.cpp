#include "gateway/log.h"
#include "tests/unit/gateway/audit_log_fixture.h"

#include <algorithm>

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;

TEST_F(AuditLogTest, goes_on_across_starts) {
    write("a");
    write("b");
    EXPECT_THAT(events(), ElementsAre("log_opened", "a", "log_closed", "log_opened", "b", "log_closed"));
    EXPECT_THAT(verdict(), HasSubstr("OK: 6 lines, numbers 1 to 6, "));
    EXPECT_THAT(content(), HasSubstr(R"("new_chain":true,"was_closed":true)"));
    EXPECT_THAT(content(), HasSubstr(R"("new_chain":false,"was_closed":true)"));
}

TEST_F(AuditLogTest, is_written_while_it_runs) {
    AuditLog log(path(), health_);
    log.record(record("a"));
    EXPECT_TRUE(eventually([&] { return events() == std::vector<std::string>{"log_opened", "a"}; }));
}

/// Killed at every byte of its last line: what is left is recorded, and the chain is whole.
TEST_F(AuditLogTest, takes_up_what_a_killed_process_left) {
    write("a");
    const std::string whole = content();
    const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t size = last; size < whole.size(); ++size) {
        std::ofstream(path()) << whole.substr(0, size);
        write("b");
        ASSERT_THAT(verdict(), HasSubstr("OK: ")) << size;
        const bool is_torn = size > last && size < whole.size() - 1;
        EXPECT_EQ(events()[2] == "torn_line", is_torn) << size;
        EXPECT_EQ(content().find("completed_last_line") != std::string::npos, size == whole.size() - 1)
            << size;
        EXPECT_EQ(content().substr(0, size), whole.substr(0, size)) << "nothing is removed";
    }
}

TEST_F(AuditLogTest, says_that_it_was_not_closed) {
    write("a");
    const std::string whole = content();
    std::ofstream(path()) << whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1);
    write("b");
    EXPECT_THAT(content(), HasSubstr(R"("was_closed":false)"));
}

TEST_F(AuditLogTest, takes_up_a_first_line_that_was_torn) {
    append(R"({"seq":1,"prev)");
    write("a");
    EXPECT_THAT(events(), ElementsAre("torn_line", "log_opened", "a", "log_closed"));
    EXPECT_THAT(verdict(), HasSubstr("1 torn by a process that was killed"));
}

TEST_F(AuditLogTest, refuses_what_is_no_audit_log) {
    for (const std::string text : {"some text\n", "{\"a\":1}\n", "\n"}) {
        std::ofstream(path()) << text;
        EXPECT_THROW(AuditLog(path(), health_), std::runtime_error) << text;
        EXPECT_THAT(AuditFile::why_unusable(path()), HasSubstr("not an audit log"));
        EXPECT_EQ(content(), text);
    }
    std::filesystem::remove(path());
    EXPECT_EQ(AuditFile::why_unusable(path()), "");
}

TEST_F(AuditLogTest, belongs_to_one_process) {
    AuditLog log(path(), health_);
    EXPECT_THROW(AuditLog(path(), health_), std::runtime_error);
}

TEST_F(AuditLogTest, carries_the_chain_into_a_new_file) {
    {
        AuditLog log(path(), health_);
        log.record(record("a"));
        ASSERT_TRUE(eventually([&] { return events().size() == 2; }));
        std::filesystem::rename(path(), path("audit.log.1"));
        log.record(record("b"));
        log.reopen();
        ASSERT_TRUE(eventually([&] { return !events().empty(); }));
        log.record(record("c"));
        EXPECT_THROW(AuditLog(path(), health_), std::runtime_error) << "the new file is locked, too";
    }
    EXPECT_THAT(events(), ElementsAre("log_continued", "c", "log_closed"));
    EXPECT_THAT(verdict({"audit.log.1", "audit.log"}), HasSubstr("OK: 6 lines, numbers 1 to 6"));
    EXPECT_THAT(verdict(), HasSubstr("before number 4 is not in these files"));
    EXPECT_THAT(verdict({"audit.log", "audit.log.1"}), HasSubstr("audit.log.1:1: a new chain begins here"));
    const std::string head =
        audit_digest(content("audit.log.1").substr(0, content("audit.log.1").find('\n')));
    EXPECT_THAT(verdict({"audit.log.1", "audit.log"}, head), HasSubstr("OK: "));
    EXPECT_THAT(verdict({"audit.log"}, head), HasSubstr("no line has the hash"));
}

TEST_F(AuditLogTest, keeps_the_old_file_when_the_new_one_is_not_empty) {
    {
        AuditLog log(path(), health_);
        ASSERT_TRUE(eventually([&] { return events().size() == 1; }));
        std::filesystem::rename(path(), path("audit.log.1"));
        append("foreign\n");
        log.reopen();
        EXPECT_TRUE(eventually([&] { return health_.failures_ == 1; }));
        log.record(record("a"));
    }
    EXPECT_EQ(content(), "foreign\n");
    EXPECT_THAT(events("audit.log.1"), ElementsAre("log_opened", "a", "log_closed"));
}

/// What is alike is written once and counted; who has proved itself is not pushed out by strangers.
TEST_F(AuditLogTest, counts_a_flood_of_refusals) {
    {
        AuditLog log(path(), health_);
        for (int i = 0; i < 10'000; ++i) {
            const std::string kind = "stranger " + std::to_string(i % 1'000);
            log.refusal({kind, "others", false, record("refused")});
        }
        log.refusal({"device", "others", true, record("device_refused")});
        log.record(record("reload"));
    }
    const auto found = events();
    EXPECT_EQ(std::ranges::count(found, "refused"), AuditLog::max_stranger_kinds + 1);
    EXPECT_EQ(std::ranges::count(found, "device_refused"), 1);
    EXPECT_EQ(std::ranges::count(found, "reload"), 1);
    std::istringstream text(content());
    std::int64_t counted = 0;
    for (std::string line; std::getline(text, line);) {
        const auto object = json::parse(line).as_object();
        if (object.at("event") == "refusals_repeated") counted += object.at("count").as_int64();
    }
    EXPECT_EQ(counted + std::ranges::count(found, "refused"), 10'000);
    EXPECT_EQ(health_.lost_, 0);
    EXPECT_THAT(verdict(), HasSubstr("OK: "));
}

TEST_F(AuditLogTest, leaves_a_file_that_was_removed) {
    {
        AuditLog log(path(), health_);
        log.record(record("a"));
        ASSERT_TRUE(eventually([&] { return events().size() == 2; }));
        std::filesystem::remove(path());  // and nobody says so
        ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path()); }));
        log.record(record("b"));
    }
    EXPECT_THAT(events(), ElementsAre("log_continued", "b", "log_closed"));
}

TEST_F(AuditLogTest, tells_that_it_is_well_once_its_name_is_free) {
    AuditLog log(path(), health_);
    log.record(record("a"));
    ASSERT_TRUE(eventually([&] { return events().size() == 2; }));
    std::filesystem::rename(path(), path("audit.log.1"));
    std::filesystem::create_directory(path());
    log.reopen();
    ASSERT_TRUE(eventually([&] { return health_.failures_ == 1; }));
    std::filesystem::remove(path());
    EXPECT_TRUE(eventually([&] { return health_.recoveries_ == 1; }));
    EXPECT_TRUE(eventually([&] { return events().size() == 1; })) << content();
}

TEST_F(AuditLogTest, verdict_on_files_that_cannot_be_read) {
    EXPECT_FALSE(verify_audit_files({path("none")}, ""));
    EXPECT_FALSE(verify_audit_files({folder_.string()}, ""));
}

TEST_F(AuditLogTest, verdict_is_bounded) {
    append(std::string(4U << 20U, 'x'));
    EXPECT_THAT(verdict(), HasSubstr("audit.log:1: is no line"));
}

/// Of a stranger's addresses, one network's are alike: it has 2^64 of them.
TEST_F(AuditLogTest, counts_the_refusals_of_one_network_together) {
    const auto refuse = [](Log& log, const char* address) {
        HandshakeRecord handshake;
        handshake.listener = "high";
        const std::string peer = "[" + std::string(address) + "]:443";
        handshake.peer = peer;
        handshake.network = network_of(boost::asio::ip::make_address(address));
        handshake.failure = Reason::no_certificate;
        log.handshake(handshake);
        log.audited_alike(Log::Level::warning, "address_limited", handshake.network, {{"peer", peer}});
    };
    {
        Log log({.access = "off", .events = path("events.log"), .audit = path()});
        for (const char* address : {"2001:db8::1", "2001:db8::2", "2001:db8::ffff:1", "2001:db8:0:1::1"})
            refuse(log, address);
    }
    const auto found = events();
    EXPECT_EQ(std::ranges::count(found, "handshake_refused"), 2);
    EXPECT_EQ(std::ranges::count(found, "address_limited"), 2);
    EXPECT_EQ(std::ranges::count(found, "refusals_repeated"), 2);
}

/// A presigned query that was encoded into the key: nobody shall use it who reads a log.
TEST_F(AuditLogTest, shows_no_secret_that_stands_in_a_key) {
    {
        Log log({.access = path("access.log"), .events = path("events.log"), .audit = path()});
        RequestRecord request;
        request.key = "a?X-Amz-Signature=0123&b";
        request.reason = Reason::wrong_prefix;
        log.request(request);
    }
    for (const char* name : {"access.log", "audit.log"})
        EXPECT_THAT(content(name), HasSubstr(R"("key":"a?X-Amz-Signature=...&b")")) << name;
}

}  // namespace
}  // namespace sallyport::gateway
