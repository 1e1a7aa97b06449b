#pragma once

#include "gateway/rules/header_rules.h"
#include "gateway/rules/request_head.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace sallyport::test {

/// Cuts a head into lines and fields as a forgiving reader would (any LF ends a line, white space around
/// values goes), so that the rules and not the splitter refuse. The views point into `raw`.
class HeadSplitter {
  public:
    explicit HeadSplitter(std::string_view raw) : rest_(raw) {}

    gateway::RequestHead request() {
        gateway::RequestHead head;
        const std::string_view line = next_line();
        const auto first = std::min(line.find(' '), line.size());
        const auto last = line.rfind(' ');
        head.method = line.substr(0, first);
        if (last != line.npos && last > first) head.target = line.substr(first + 1, last - first - 1);
        head.version = line.ends_with("HTTP/1.0") ? 10 : 11;
        head.fields = fields();
        return head;
    }

    gateway::AnswerHead answer() {
        gateway::AnswerHead head;
        const std::string_view line = next_line();
        head.version = line.starts_with("HTTP/1.0") ? 10 : 11;
        for (const char c : line.substr(std::min<std::size_t>(9, line.size()))) {
            if (c < '0' || c > '9' || head.status > 999) break;
            head.status = head.status * 10 + static_cast<unsigned>(c - '0');
        }
        head.reason = line.substr(std::min<std::size_t>(13, line.size()));
        head.fields = fields();
        return head;
    }

  private:
    std::string_view next_line() {
        const auto end = std::min(rest_.find('\n'), rest_.size());
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    std::vector<gateway::HeaderField> fields() {
        std::vector<gateway::HeaderField> found;
        for (auto line = next_line(); !line.empty(); line = next_line()) {
            const auto colon = std::min(line.find(':'), line.size());
            std::string_view value = line.substr(std::min(colon + 1, line.size()));
            while (value.starts_with(' ') || value.starts_with('\t'))
                value.remove_prefix(1);
            while (value.ends_with(' ') || value.ends_with('\t'))
                value.remove_suffix(1);
            found.push_back({line.substr(0, colon), value});
        }
        return found;
    }

    std::string_view rest_;
};

}  // namespace sallyport::test
