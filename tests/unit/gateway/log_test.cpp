#include "gateway/log.h"

#include "pki/descriptor.h"
#include "tests/support/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <boost/json.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

/// A folder with both logs.
class LogFolder : public test::TemporaryFolder {
  public:
    LogSettings settings(const std::string& level = "info") const {
        return {.access = file("access"), .events = file("events"), .level = level};
    }
};

std::vector<json::object> parse(std::istream& text) {
    std::vector<json::object> lines;
    for (std::string line; std::getline(text, line);) {
        EXPECT_FALSE(text.eof()) << "no line end: " << line;
        lines.push_back(json::parse(line).as_object());
    }
    return lines;
}

std::vector<json::object> read_lines(const std::string& file) {
    std::ifstream text(file);
    return parse(text);
}

std::int64_t number(const json::object& line, const char* name) {
    return line.at(name).to_number<std::int64_t>();
}

/// A log file that nobody reads: it takes what a pipe holds, then writers to it wait.
class StuckFile {
  public:
    explicit StuckFile(const std::string& name) : name_(name) {
        if (::mkfifo(name.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
        descriptor_ = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    StuckFile(const StuckFile&) = delete;
    StuckFile& operator=(const StuckFile&) = delete;
    ~StuckFile() { ::close(descriptor_); }

    /// Until a writer that has more than a pipe holds waits for us.
    void wait_until_full() const {
        const pki::Descriptor writer(::open(name_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        pollfd room{writer.get(), POLLOUT, 0};
        while (::poll(&room, 1, 0) != 0)
            std::this_thread::sleep_for(1ms);
    }
    /// Reads until the writer has ended.
    std::vector<json::object> read_all() {
        std::stringstream text;
        char block[65536];
        for (;;) {
            const ssize_t count = ::read(descriptor_, block, sizeof block);
            if (count == 0) return parse(text);
            if (count > 0) text.write(block, count);
            if (count < 0 && errno == EAGAIN) std::this_thread::sleep_for(1ms);
        }
    }

  private:
    std::string name_;
    int descriptor_;
};

/// Ends `log` while what it still has to write is read.
std::vector<json::object> end(std::optional<Log>& log, StuckFile& file) {
    std::thread ending([&log] { log.reset(); });
    auto lines = file.read_all();
    ending.join();
    return lines;
}

RequestRecord request(std::string key) {
    RequestRecord record;
    record.key = std::move(key);
    return record;
}

TEST(Log, writes_a_request_as_one_line) {
    const LogFolder folder;
    {
        Log log(folder.settings());
        RequestRecord record = request("a \"b\"\n\x01");
        record.time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5) + 8h + 3min + 9s + 42us;
        record.listener = "high";
        record.status = 403;
        record.reason = Reason::revoked;
        record.bytes_in = 1'234'567'890'123;
        record.duration = 1'234'567ns;
        log.request(record);
    }
    const auto lines = read_lines(folder.file("access"));
    ASSERT_EQ(lines.size(), 1);
    EXPECT_EQ(lines[0].at("time"), "2026-01-05T08:03:09.000042Z");
    EXPECT_EQ(lines[0].at("listener"), "high");
    EXPECT_EQ(lines[0].at("key"), "a \"b\"\n\x01");
    EXPECT_EQ(number(lines[0], "status"), 403);
    EXPECT_EQ(lines[0].at("reason"), "revoked");
    EXPECT_EQ(number(lines[0], "bytes_in"), 1'234'567'890'123);
    EXPECT_DOUBLE_EQ(lines[0].at("duration_ms").as_double(), 1.234);
    EXPECT_FALSE(lines[0].contains("detail"));
    EXPECT_FALSE(lines[0].contains("upstream_status"));
}

TEST(Log, writes_events_from_its_level_on) {
    const LogFolder folder;
    {
        Log log(folder.settings("warning"));
        log.event(Log::Level::debug, "a", {});
        log.event(Log::Level::info, "b", {});
        log.event(Log::Level::warning, "c", {{"text", "x"}, {"flag", true}, {"count", 7U}, {"ms", 0.5}});
        log.event(Log::Level::error, "d", {});
    }
    const auto lines = read_lines(folder.file("events"));
    ASSERT_EQ(lines.size(), 2);
    EXPECT_EQ(lines[0].at("event"), "c");
    EXPECT_EQ(lines[0].at("level"), "warning");
    EXPECT_EQ(lines[0].at("text"), "x");
    EXPECT_EQ(lines[0].at("flag"), true);
    EXPECT_EQ(number(lines[0], "count"), 7);
    EXPECT_DOUBLE_EQ(lines[0].at("ms").as_double(), 0.5);
    EXPECT_EQ(lines[1].at("event"), "d");
}

TEST(Log, is_off_or_cannot_be_opened) {
    const LogFolder folder;
    LogSettings settings = folder.settings();
    settings.access = "off";
    Log(settings).request(request("a"));
    EXPECT_FALSE(std::filesystem::exists(folder.file("off")));
    settings.access = folder.file("events/below-a-file");
    EXPECT_THROW(Log{settings}, std::runtime_error);
}

TEST(Log, appends_to_what_is_there) {
    const LogFolder folder;
    for (int i = 0; i < 2; ++i)
        Log(folder.settings()).event(Log::Level::info, "start", {});
    EXPECT_EQ(read_lines(folder.file("events")).size(), 2);
}

TEST(Log, is_written_soon) {
    const LogFolder folder;
    Log log(folder.settings());
    for (std::size_t i = 1; i < 4; ++i) {
        log.event(Log::Level::info, "one", {});
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (read_lines(folder.file("events")).size() < i && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(5ms);
        EXPECT_EQ(read_lines(folder.file("events")).size(), i);
    }
}

/// Below what the queues hold, whatever the writers do.
TEST(Log, keeps_every_line_and_each_threads_order) {
    constexpr int threads = 4;
    constexpr int each = 2000;
    const LogFolder folder;
    {
        Log log(folder.settings());
        std::vector<std::thread> running;
        for (int thread = 0; thread < threads; ++thread) {
            running.emplace_back([&log, thread] {
                for (int i = 0; i < each; ++i) {
                    log.event(Log::Level::info, "line", {{"thread", thread}, {"number", i}});
                    log.request(request(std::to_string(i)));
                }
            });
        }
        for (std::thread& thread : running)
            thread.join();
    }
    std::vector<std::int64_t> next(threads, 0);
    for (const auto& line : read_lines(folder.file("events"))) {
        ASSERT_EQ(line.at("event"), "line");
        EXPECT_EQ(number(line, "number"), next.at(static_cast<std::size_t>(number(line, "thread")))++);
    }
    EXPECT_THAT(next, testing::Each(each));
    EXPECT_EQ(read_lines(folder.file("access")).size(), threads * each);
}

constexpr std::int64_t stuck = 400;     // fills the pipe
constexpr std::int64_t flood = 40'000;  // much more than the queue holds

/// How many of the flood are missing; they must be the oldest of those that waited.
std::int64_t missing(const std::vector<std::int64_t>& numbers) {
    std::int64_t gaps = 0;
    for (std::size_t i = 1; i < numbers.size(); ++i) {
        EXPECT_GT(numbers[i], numbers[i - 1]);
        if (numbers[i] != numbers[i - 1] + 1) ++gaps;
    }
    EXPECT_LE(gaps, 1);
    EXPECT_EQ(numbers.front(), 0);
    EXPECT_EQ(numbers.back(), flood - 1);
    return flood - static_cast<std::int64_t>(numbers.size());
}

TEST(Log, loses_the_oldest_requests_and_says_so) {
    const LogFolder folder;
    StuckFile access(folder.file("access"));
    std::optional<Log> log(folder.settings());
    const std::string padding(512, 'x');
    for (std::int64_t i = 0; i < flood; ++i) {
        log->request(request(std::to_string(i) + "/" + padding));
        if (i == stuck) access.wait_until_full();
    }
    log->event(Log::Level::info, "unharmed", {});
    std::vector<std::int64_t> numbers;
    for (const auto& line : end(log, access))
        numbers.push_back(std::stoll(std::string(line.at("key").as_string())));
    const auto events = read_lines(folder.file("events"));
    ASSERT_EQ(events.size(), 2);
    EXPECT_EQ(events[0].at("event"), "unharmed");
    EXPECT_EQ(events[1].at("event"), "log_lines_lost");
    EXPECT_EQ(events[1].at("level"), "error");
    EXPECT_EQ(events[1].at("log"), "access");
    EXPECT_EQ(number(events[1], "count"), missing(numbers));
    EXPECT_GT(missing(numbers), 0);
    EXPECT_LE(numbers.size() * padding.size(), 2 * LineWriter::max_queued_bytes);
}

TEST(Log, loses_the_oldest_events_and_says_so) {
    const LogFolder folder;
    StuckFile events(folder.file("events"));
    std::optional<Log> log(folder.settings("error"));
    const std::string padding(512, 'x');
    for (std::int64_t i = 0; i < flood; ++i) {
        log->event(Log::Level::error, "one", {{"number", i}, {"padding", padding}});
        if (i == stuck) events.wait_until_full();
    }
    log->request(request("unharmed"));
    auto lines = end(log, events);
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back().at("event"), "log_lines_lost");
    EXPECT_EQ(lines.back().at("log"), "events");
    const auto lost = number(lines.back(), "count");
    lines.pop_back();
    std::vector<std::int64_t> numbers;
    for (const auto& line : lines)
        numbers.push_back(number(line, "number"));
    EXPECT_EQ(lost, missing(numbers));
    EXPECT_GT(lost, 0);
    EXPECT_EQ(read_lines(folder.file("access")).size(), 1);
}

/// Neither log keeps the end waiting, nor costs the other one.
TEST(Log, ends_though_a_reader_has_stopped) {
    for (const char* stuck_log : {"access", "events"}) {
        const LogFolder folder;
        StuckFile file(folder.file(stuck_log));
        LogSettings settings = folder.settings();
        settings.audit = folder.file("audit");
        testing::internal::CaptureStderr();
        {
            Log log(settings);
            const std::string padding(512, 'x');
            for (int i = 0; i < stuck; ++i) {
                log.request(request(padding));
                log.event(Log::Level::info, "one", {{"padding", padding}});
            }
            file.wait_until_full();
        }
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_EQ(read_lines(folder.file("audit")).back().at("event"), "log_closed");
        if (std::string_view(stuck_log) == "events") {
            EXPECT_EQ(read_lines(folder.file("access")).size(), stuck);
            EXPECT_THAT(said, testing::ContainsRegex("log events: .* the last [0-9]+ lines are lost"));
        } else {
            const auto events = read_lines(folder.file("events"));
            EXPECT_EQ(events.back().at("event"), "log_failed");
            EXPECT_THAT(std::string(events.back().at("detail").as_string()),
                        testing::ContainsRegex("the last [0-9]+ lines are lost"));
        }
    }
}

/// A full disk: /dev/full takes nothing.
TEST(Log, survives_a_file_that_takes_nothing) {
    const LogFolder folder;
    LogSettings settings = folder.settings();
    settings.events = "/dev/full";
    testing::internal::CaptureStderr();
    {
        Log log(settings);
        log.event(Log::Level::info, "one", {});
        log.request(request("a"));
        std::this_thread::sleep_for(3 * LineWriter::longest_delay);
        log.event(Log::Level::info, "two", {});
    }
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("log events: No space left"));
    EXPECT_EQ(read_lines(folder.file("access")).size(), 1);
}

TEST(Log, says_where_it_can_that_a_file_takes_nothing) {
    const LogFolder folder;
    LogSettings settings = folder.settings();
    settings.access = "/dev/full";
    settings.audit = folder.file("audit");
    {
        Log log(settings);
        log.request(request("a"));
        // The audit log ends first: what fails at the end stands in the events alone.
        std::this_thread::sleep_for(3 * LineWriter::longest_delay);
    }
    for (const char* other : {"events", "audit"}) {
        bool is_said = false;
        for (const auto& line : read_lines(folder.file(other)))
            is_said |= line.at("event") == "log_failed" && line.at("log") == "access";
        EXPECT_TRUE(is_said) << other;
    }
}

TEST(Log, follows_a_rotation) {
    const LogFolder folder;
    LogSettings settings = folder.settings();
    settings.audit = folder.file("audit");
    constexpr int each = 300;
    {
        Log log(settings);
        for (int i = 0; i < 3 * each; ++i) {
            log.audited(Log::Level::info, "line", {{"number", i}});
            log.request(request(std::to_string(i)));
            if (i % each != each - 1 || i > 2 * each) continue;
            for (const char* name : {"access", "events", "audit"})
                std::filesystem::rename(folder.file(name),
                                        folder.file(name) + "." + std::to_string(i / each));
            log.reopen();
            const auto deadline = std::chrono::steady_clock::now() + 10s;
            const auto is_there = [&](const char* name) {
                return std::filesystem::exists(folder.file(name));
            };
            while ((!is_there("access") || !is_there("events") || !is_there("audit")) &&
                   std::chrono::steady_clock::now() < deadline)
                std::this_thread::sleep_for(1ms);
        }
    }
    for (const std::string name : {"access", "events", "audit"}) {
        std::int64_t next = 0;
        for (const std::string suffix : {".0", ".1", ""}) {
            for (const auto& line : read_lines(folder.file(name.c_str()) + suffix)) {
                if (name == "access") {
                    EXPECT_EQ(line.at("key").as_string(), std::to_string(next++));
                } else if (line.at("event") == "line") {
                    EXPECT_EQ(number(line, "number"), next++);
                }
            }
        }
        EXPECT_EQ(next, 3 * each) << name;
        EXPECT_EQ(
            std::filesystem::status(folder.file(name.c_str())).permissions() & std::filesystem::perms(0137),
            std::filesystem::perms::none);
    }
}

TEST(Log, audits_refusals_and_what_is_to_be_audited) {
    const LogFolder folder;
    LogSettings settings = folder.settings("error");
    settings.access = "off";
    settings.audit = folder.file("audit");
    {
        Log log(settings);
        log.event(Log::Level::error, "not_audited", {});
        log.audited(Log::Level::debug, "change", {{"detail", std::string(5'000, 'x')}});
        for (const Reason reason :
             {Reason::revoked, Reason::revoked, Reason::peer_closed, Reason::no_certificate}) {
            HandshakeRecord handshake;
            handshake.listener = "high";
            handshake.peer = "192.0.2.1:443";
            handshake.client = {ClientKind::devices, "AABBCCDD"};
            handshake.serial = "0102";
            handshake.failure = reason;
            log.handshake(handshake);
        }
        RequestRecord refused = request("other");
        refused.client = {ClientKind::operators, "ann"};
        refused.reason = Reason::wrong_prefix;
        log.request(refused);
        refused.reason = Reason::store_down;
        log.request(refused);
    }
    std::vector<std::string> events;
    const auto lines = read_lines(folder.file("audit"));
    for (const auto& line : lines)
        events.emplace_back(line.at("event").as_string());
    EXPECT_THAT(events, testing::ElementsAre("log_opened", "change", "handshake_refused", "handshake_refused",
                                             "request_refused", "refusals_repeated", "log_closed"));
    EXPECT_EQ(lines[1].at("detail").as_string().size(), 2'048);
    EXPECT_EQ(lines[2].at("reason"), "revoked");
    EXPECT_EQ(lines[2].at("device"), "AABBCCDD");
    EXPECT_EQ(lines[2].at("serial"), "0102");
    EXPECT_EQ(lines[2].at("peer"), "192.0.2.1:443");
    EXPECT_EQ(lines[2].at("listener"), "high");
    EXPECT_EQ(lines[4].at("operator"), "ann");
    EXPECT_EQ(lines[4].at("key"), "other");
    EXPECT_EQ(number(lines[5], "count"), 1);
    EXPECT_EQ(lines[5].at("last").at("reason"), "revoked");
}

/// systemd.exec(5), JOURNAL_STREAM: the level stands before the line only where the journal reads it.
TEST(Log, tells_the_journal_the_level) {
    for (const bool into_journal : {true, false}) {
        struct stat status {};
        ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
        testing::internal::CaptureStderr();
        ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
        const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
        ::setenv("JOURNAL_STREAM", into_journal ? stream.c_str() : "1:1", 1);
        { Log({.access = "off"}).event(Log::Level::warning, "w", {}); }
        ::unsetenv("JOURNAL_STREAM");
        EXPECT_THAT(testing::internal::GetCapturedStderr(),
                    testing::StartsWith(into_journal ? "<4>{\"time\"" : "{\"time\""));
    }
}

}  // namespace
}  // namespace sallyport::gateway
