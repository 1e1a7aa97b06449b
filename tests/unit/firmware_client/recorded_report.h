#pragma once

#include "firmware-client/report.h"

#include <string>
#include <vector>

namespace sallyport::device {

/// Keeps what it is told.
struct Lines final : Report {
    std::vector<std::string> lines;
    std::uint64_t last_index = 0;
    std::uint64_t last_count = 0;
    void uploaded(const std::string& key, const Receipt& receipt, std::chrono::milliseconds) override {
        lines.push_back(key + ' ' + std::to_string(receipt.bytes));
    }
    void present(const std::string& key) override { lines.push_back("present " + key); }
    void clock_set(std::chrono::seconds) override {}
    void trouble(const Error& error) override { lines.push_back("trouble " + error.message); }
    void updated(const std::string& what) override { lines.push_back("updated " + what); }
    void progress(const UploadProgress& progress) override {
        last_index = progress.index;
        last_count = progress.count;
    }
};

}  // namespace sallyport::device
