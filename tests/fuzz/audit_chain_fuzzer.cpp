#include "gateway/rules/audit_chain.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway = sallyport::gateway;
using sallyport::fuzz::check;

namespace {

struct Log {
    std::string text;
    gateway::AuditHead head;

    void add(std::string_view record) {
        const std::string line = gateway::audit_line(head, record);
        head = gateway::head_after(head.number + 1, line);
        (text += line) += '\n';
    }
};

const Log& whole_log() {
    static const Log made = [] {
        Log log;
        log.add(R"({"time":"t","event":"start"})");
        log.add(R"({"time":"t","event":"x","detail":"a"})");
        const std::string torn = R"({"seq":3,"prev)";
        log.text += torn + '\n';
        log.add(R"({"time":"t","event":"torn_line","torn_sha256":")" + gateway::audit_digest(torn) + R"("})");
        log.add(R"({"time":"t","event":"stop"})");
        return log;
    }();
    return made;
}

bool is_whole(std::string_view text, const std::string& wanted) {
    gateway::AuditVerifier verifier(wanted);
    if (text.ends_with('\n')) text.remove_suffix(1);
    for (std::size_t begin = 0;;) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (!verifier.take(text.substr(begin, end - begin), "f") || end == text.size()) break;
        begin = end + 1;
    }
    return !verifier.finish().has_value();
}

/// What is left when whole lines at the beginning are gone.
bool is_rest_of(const std::string& whole, std::string_view text) {
    const std::string ended = std::string(text) + (text.ends_with('\n') ? "" : "\n");
    if (!whole.ends_with(ended)) return false;
    const std::size_t begin = whole.size() - ended.size();
    return begin == 0 || whole[begin - 1] == '\n';
}

}  // namespace

/// A piece of a good log is replaced by other bytes: who knows the last hash sees it, unless only whole lines
/// at the beginning are gone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Log& log = whole_log();
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    is_whole(input, "");
    check(is_whole(log.text, log.head.hash), "a good log is whole");
    if (size < 4) return 0;
    const auto place = [&](std::size_t at) {
        return (static_cast<std::size_t>(data[at]) << 8U | data[at + 1]) % (log.text.size() + 1);
    };
    const auto [first, last] = std::minmax({place(0), place(2)});
    const std::string_view other = input.substr(4);
    if (other.find(log.head.hash) != std::string_view::npos) return 0;  // it knows what only the end can know
    std::string changed = log.text;
    changed.replace(first, last - first, other);
    check(!is_whole(changed, log.head.hash) || is_rest_of(log.text, changed), "a change is seen");
    return 0;
}
