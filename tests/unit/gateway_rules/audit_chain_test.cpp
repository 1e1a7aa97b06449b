#include "gateway/rules/audit_chain.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using Lines = std::vector<std::string>;
using testing::HasSubstr;

std::string record(const std::string& event, const std::string& more = "") {
    return R"({"time":"2026-01-05T08:03:09.000042Z","event":")" + event + '"' + more + '}';
}

/// Appends to `lines`, whose last line is whole.
void chain(Lines& lines, AuditHead& head, const std::string& record) {
    lines.push_back(audit_line(head, record));
    head = head_after(head.number + 1, lines.back());
}

Lines chained(std::size_t count, AuditHead head = {}) {
    Lines lines;
    for (std::size_t i = 0; i < count; ++i)
        chain(lines, head, record("event", R"(,"i":)" + std::to_string(i)));
    return lines;
}

/// Empty when the chain is whole.
std::string fault_in(const Lines& lines, const std::string& wanted = "") {
    AuditVerifier verifier(wanted);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!verifier.take(lines[i], "f:" + std::to_string(i + 1))) break;
    }
    return verifier.finish().value_or("");
}

TEST(AuditChain, is_whole) {
    const Lines lines = chained(5);
    EXPECT_EQ(fault_in(lines), "");
    AuditVerifier verifier;
    for (const std::string& line : lines)
        EXPECT_TRUE(verifier.take(line, "f"));
    EXPECT_EQ(verifier.lines(), 5);
    EXPECT_EQ(verifier.first_number(), 1);
    EXPECT_EQ(verifier.head().number, 5);
    EXPECT_EQ(verifier.head().hash, audit_digest(lines.back()));
}

TEST(AuditChain, may_begin_anywhere) {
    Lines lines = chained(5);
    lines.erase(lines.begin(), lines.begin() + 2);
    EXPECT_EQ(fault_in(lines), "");
}

TEST(AuditChain, shows_every_change) {
    struct Case {
        const char* what;
        std::function<void(Lines&)> change;
        const char* fault;
    };
    const Case cases[] = {
        {"a changed line", [](Lines& l) { l[2].replace(l[2].find("\"i\":2"), 5, "\"i\":7"); },
         "f:4: the line"},
        {"a changed number", [](Lines& l) { l[2].replace(l[2].find(":3"), 2, ":9"); },
         "f:3: number 9 follows"},
        {"a changed hash", [](Lines& l) { l[2][l[2].find("prev") + 11] ^= 1; }, "f:3: "},
        {"a removed line", [](Lines& l) { l.erase(l.begin() + 2); }, "f:3: number 4 follows number 2"},
        {"two lines swapped", [](Lines& l) { std::swap(l[2], l[3]); }, "f:3: number 4 follows number 2"},
        {"a line twice", [](Lines& l) { l.insert(l.begin() + 2, l[1]); }, "f:3: number 2 follows number 2"},
        {"an inserted line",
         [](Lines& l) { l.insert(l.begin() + 2, audit_line(head_after(2, l[1]), record("forged"))); },
         "f:4: number 3 follows number 3"},
        {"a line put in the place of another",
         [](Lines& l) { l[2] = audit_line(head_after(2, l[1]), record("forged")); }, "f:4: the line before"},
        {"an empty line", [](Lines& l) { l.insert(l.begin() + 2, ""); }, "f:3: is no line"},
        {"text", [](Lines& l) { l.insert(l.begin() + 2, "# all is well"); }, "f:3: is no line"},
        {"a space behind a line", [](Lines& l) { l[2] += ' '; }, "f:4: the line before"},
        {"a line that was cut", [](Lines& l) { l[4].resize(l[4].size() / 2); }, "f:5: is no line"},
        {"another chain behind it",
         [](Lines& l) {
             const Lines other = chained(2);
             l.insert(l.end(), other.begin(), other.end());
         },
         "f:6: a new chain begins here"},
        {"the beginning of a chain that is none",
         [](Lines& l) {
             l[0] = audit_line({0, std::string(64, 'a')}, record("x"));
         },
         "f:1: number 1 and"},
        {"no line", [](Lines& l) { l.clear(); }, "there is no line"},
    };
    for (const Case& c : cases) {
        Lines lines = chained(5);
        c.change(lines);
        EXPECT_THAT(fault_in(lines), testing::StartsWith(c.fault)) << c.what;
    }
}

/// A cut tail leaves a chain that is whole: only who knows a hash of it can tell.
TEST(AuditChain, shows_that_its_end_is_missing_to_who_noted_a_hash) {
    Lines lines = chained(5);
    const std::string last = audit_digest(lines[4]);
    const std::string earlier = audit_digest(lines[1]);
    EXPECT_EQ(fault_in(lines, last), "");
    lines.pop_back();
    EXPECT_EQ(fault_in(lines), "");
    EXPECT_EQ(fault_in(lines, earlier), "");
    EXPECT_THAT(fault_in(lines, last), HasSubstr("no line has the hash"));
    lines.erase(lines.begin(), lines.begin() + 2);
    EXPECT_EQ(fault_in(lines, earlier), "") << "the first line points to it";
}

std::string torn_record(const std::string& torn) {
    return record(std::string(torn_line_event), R"(,"torn_sha256":")" + audit_digest(torn) + '"');
}

/// What a gateway leaves that was killed while it wrote: it may stay, when the next start has said so.
TEST(AuditChain, knows_lines_that_were_torn) {
    for (const std::string torn : {"{\"seq\":3,\"pre", "", "\\0\\0\\0", "two\nlines", "\n", "{}"}) {
        Lines lines = chained(2);
        AuditHead head = head_after(2, lines.back());
        for (std::size_t begin = 0;;) {
            const auto end = torn.find('\n', begin);
            lines.push_back(torn.substr(begin, end - begin));
            if (end == std::string::npos) break;
            begin = end + 1;
        }
        const std::size_t first = lines.size();
        EXPECT_THAT(fault_in(lines), HasSubstr("f:3: is no line")) << torn;
        chain(lines, head, torn_record(torn));
        chain(lines, head, record("later"));
        EXPECT_EQ(fault_in(lines), "") << torn;

        Lines changed = lines;
        changed[2] += 'x';
        EXPECT_NE(fault_in(changed), "") << torn;
        changed = lines;
        changed.erase(changed.begin() + 2, changed.begin() + static_cast<long>(first));
        EXPECT_NE(fault_in(changed), "") << torn;
        changed = lines;
        changed.insert(changed.begin() + 2, "more");
        EXPECT_NE(fault_in(changed), "") << torn;
    }
}

/// A file of which a full disk kept the last line's end, and the next file put behind it.
TEST(AuditChain, knows_lines_that_lost_their_end) {
    for (const std::string torn : {"{\"seq\":3,\"pre", "{", "x"}) {
        Lines lines = chained(2);
        AuditHead head = head_after(2, lines.back());
        Lines next;
        chain(next, head, torn_record(torn));
        lines.push_back(torn + next.back());
        chain(lines, head, record("later"));
        EXPECT_EQ(fault_in(lines), "") << torn;
        Lines changed = lines;
        changed[2].insert(0, "x");
        EXPECT_NE(fault_in(changed), "") << torn;
        changed = lines;
        changed[3].insert(0, torn);
        EXPECT_NE(fault_in(changed), "") << torn;
    }
    Lines whole = chained(4);
    whole[1] += whole[2];
    whole.erase(whole.begin() + 2);
    EXPECT_EQ(fault_in(whole), "");
}

TEST(AuditChain, does_not_take_a_line_for_torn_that_it_has_accepted) {
    Lines lines = chained(3);
    AuditHead head = head_after(3, lines.back());
    chain(lines, head, torn_record(lines[2]));
    EXPECT_THAT(fault_in(lines), HasSubstr("f:4: tells of a torn line before it, which is missing"));
}

TEST(AuditChain, is_bounded) {
    Lines lines = chained(1);
    for (int i = 0; i < 10; ++i)
        lines.emplace_back(max_audit_line_bytes, 'x');
    AuditVerifier verifier;
    EXPECT_FALSE(std::ranges::all_of(lines, [&](const auto& line) { return verifier.take(line, "f"); }));
    EXPECT_TRUE(verifier.finish().has_value());
}

TEST(AuditChain, parses_only_its_own_lines) {
    const std::string good = audit_line({}, record("a"));
    EXPECT_TRUE(parse_audit_line(good));
    const std::string bad[] = {
        "",
        "{}",
        "[]",
        "null",
        good + "x",
        good.substr(0, good.size() - 1),
        R"({"seq":1})",
        R"({"seq":0,"prev":")" + std::string(64, '0') + R"(","time":"t","event":"e"})",
        R"({"seq":-1,"prev":")" + std::string(64, '0') + R"(","time":"t","event":"e"})",
        R"({"seq":1.5,"prev":")" + std::string(64, '0') + R"(","time":"t","event":"e"})",
        R"({"seq":"1","prev":")" + std::string(64, '0') + R"(","time":"t","event":"e"})",
        R"({"seq":1,"prev":")" + std::string(64, 'A') + R"(","time":"t","event":"e"})",
        R"({"seq":1,"prev":")" + std::string(63, '0') + R"(","time":"t","event":"e"})",
        R"({"seq":1,"prev":")" + std::string(64, '0') + R"(","event":"e"})",
        R"({"seq":1,"prev":")" + std::string(64, '0') + R"(","time":"t"})",
        R"({"seq":1,"prev":7,"time":"t","event":"e"})",
        std::string(100'000, '['),
    };
    for (const std::string& line : bad)
        EXPECT_FALSE(parse_audit_line(line)) << line.substr(0, 100);
}

}  // namespace
}  // namespace sallyport::gateway
