#pragma once

#include "gateway/audit_log.h"
#include "gateway/audit_verify.h"
#include "tests/support/temporary_folder.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class Health final : public LogHealth {
  public:
    void lost(std::uint64_t lines) override { lost_ += lines; }
    void failed(const std::string&) override { ++failures_; }
    void caught_up(std::uint64_t) override { ++recoveries_; }

    std::atomic<std::uint64_t> lost_{0};
    std::atomic<int> failures_{0};
    std::atomic<int> recoveries_{0};
};

class AuditLogTest : public testing::Test {
  protected:
    std::string path(const std::string& name = "audit.log") const { return (folder_ / name).string(); }
    std::string content(const std::string& name = "audit.log") const { return temporary_.content(name); }
    void append(const std::string& text, const std::string& name = "audit.log") const {
        std::ofstream(path(name), std::ios::app) << text;
    }
    /// Of all lines that are JSON.
    std::vector<std::string> events(const std::string& name = "audit.log") const {
        std::istringstream text(content(name));
        std::vector<std::string> found;
        for (std::string line; std::getline(text, line);) {
            if (const auto parsed = parse_audit_line(line)) found.push_back(parsed->event);
        }
        return found;
    }
    void write(const std::string& event) {
        AuditLog log(path(), health_);
        log.record(record(event));
    }
    static std::string record(const std::string& event) {
        return R"({"time":"2026-01-05T08:03:09Z","event":")" + event + R"("})";
    }
    std::string verdict(const std::vector<std::string>& names = {"audit.log"}, const std::string& head = "") {
        std::vector<std::string> files;
        for (const auto& name : names)
            files.push_back(path(name));
        return verify_audit_files(files, head).value().text;
    }
    template <class Condition>
    static bool eventually(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(2ms);
        return condition();
    }

    test::TemporaryFolder temporary_;
    std::filesystem::path folder_ = temporary_.path();
    Health health_;
};

}  // namespace sallyport::gateway
