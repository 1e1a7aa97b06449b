#include "firmware-client/identity_renewal.h"

#include "tests/support/temporary_folder.h"
#include "tests/unit/firmware_client/recorded_report.h"
#include "tests/unit/firmware_client/scripted_stream.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view configuration = R"({"general": {"device": {}, "security": {}},
  "connect": {"s3": {"sync": {"ota": 600, "heartbeat": 300, "logfiles": 1},
    "server": {"endpoint": "http://127.0.0.1", "port": 9000, "bucket": "fleet", "region": "",
      "request_style": 0, "accesskey": "AKID", "keyformat": 0, "secretkey": "s", "signed_payload": 0}}}})";

/// Answers each request by its first line, and keeps that line.
class AnsweringConnector final : public Connector {
  public:
    std::function<std::string(const std::string& line)> answer;
    std::vector<std::string> lines;

    Result<std::unique_ptr<ByteStream>> connect() override { return std::make_unique<Stream>(*this); }

  private:
    class Stream final : public ByteStream {
      public:
        explicit Stream(AnsweringConnector& owner) : owner_(owner) {}
        Result<std::size_t> read_some(std::span<std::byte> into, Deadline) override {
            const std::string line = written_.substr(0, written_.find(" HTTP/1.1"));
            owner_.lines.push_back(line);
            written_.clear();
            const std::string text = owner_.answer(line);
            std::memcpy(into.data(), text.data(), std::min(text.size(), into.size()));
            return text.size();
        }
        Result<std::optional<std::size_t>> try_read(std::span<std::byte>) override {
            return std::optional<std::size_t>{};
        }
        Result<void> write_all(std::span<const std::byte> from, Deadline) override {
            written_.append(reinterpret_cast<const char*>(from.data()), from.size());
            return {};
        }

      private:
        AnsweringConnector& owner_;
        std::string written_;
    };
};

/// A device without a certificate that asks for one; nobody answers.
struct Renewal : testing::Test {
    test::TemporaryFolder folder;
    Lines lines;
    AnsweringConnector connector;
    std::optional<Device> device;
    std::chrono::sys_seconds now = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
    std::string head_of_request = answer_with("404 Not Found");

    void SetUp() override {
        folder.write("config-01.09.json", configuration);
        const auto card = find_card(folder.path());
        ASSERT_TRUE(card);
        LastGood files(*card);
        device.emplace(load_device(*card, files, "AABBCCDD").value());
        device->settings.server.tls = true;  // else it needs none
        connector.answer = [this](const std::string& line) {
            if (line.starts_with("PUT")) return stored_answer();
            if (line == "HEAD /fleet/AABBCCDD/device.csr") return head_of_request;
            return answer_with("404 Not Found");
        };
    }
    long puts() const { return std::ranges::count(connector.lines, "PUT /fleet/AABBCCDD/device.csr"); }
};

struct PoweredRenewal {
    explicit PoweredRenewal(Renewal& test)
        : store(test.device->settings.server, test.connector, [&test] { return test.now; }),
          watch(*test.device, store),
          puts(
              *test.device, store, [&test] { return test.now; }, test.lines),
          renewal(
              *test.device, watch, puts, [](auto, auto) { return Result<void>{}; }, test.lines, true) {}
    StoreClient store;
    ObjectWatch watch;
    DevicePuts puts;
    IdentityRenewal renewal;
};

TEST_F(Renewal, request_that_was_removed_is_put_again) {
    PoweredRenewal powered(*this);
    EXPECT_EQ(powered.renewal.check().value(), Next::period);
    EXPECT_EQ(puts(), 1);
    now += 4s;
    EXPECT_EQ(powered.renewal.check().value(), Next::period);
    EXPECT_EQ(puts(), 1) << "not at once";
    now += 1s;
    EXPECT_EQ(powered.renewal.check().value(), Next::period);
    EXPECT_EQ(puts(), 2);
    head_of_request = "HTTP/1.1 200 OK\r\nETag: \"a-1\"\r\nContent-Length: 9\r\n\r\n";
    now += 24h;
    EXPECT_EQ(powered.renewal.check().value(), Next::period);
    EXPECT_EQ(puts(), 2) << "it is there";
}

TEST_F(Renewal, request_that_was_removed_is_put_again_after_a_restart) {
    EXPECT_TRUE(PoweredRenewal(*this).renewal.check());
    EXPECT_TRUE(PoweredRenewal(*this).renewal.check());
    EXPECT_EQ(puts(), 2);
}

/// A rule of the bucket that removes whatever comes: 5 s, doubling to 300 s.
TEST_F(Renewal, request_that_is_always_removed_is_put_ever_more_seldom) {
    PoweredRenewal powered(*this);
    std::vector<std::int64_t> times;
    const auto start = now;
    for (; now - start <= 1000s; now += 5s) {
        const auto before = puts();
        ASSERT_TRUE(powered.renewal.check());
        if (puts() != before) times.push_back((now - start).count());
    }
    EXPECT_EQ(times, (std::vector<std::int64_t>{0, 5, 15, 35, 75, 155, 315, 615, 915}));
}

TEST_F(Renewal, clock_that_is_set_back_holds_no_request_back) {
    PoweredRenewal powered(*this);
    ASSERT_TRUE(powered.renewal.check());
    now -= std::chrono::years{20};
    ASSERT_TRUE(powered.renewal.check());
    EXPECT_EQ(puts(), 2);
}

/// An older gateway lets a device put its request only.
TEST_F(Renewal, request_that_may_not_be_looked_at_is_taken_to_be_there) {
    PoweredRenewal powered(*this);
    head_of_request = answer_with("403 Forbidden");
    ASSERT_TRUE(powered.renewal.check());
    now += 1h;
    ASSERT_TRUE(powered.renewal.check());
    EXPECT_EQ(puts(), 1);
}

}  // namespace
}  // namespace sallyport::device
