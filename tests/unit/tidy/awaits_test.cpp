#include "tests/unit/tidy/source_files.h"

#include <optional>
#include <regex>

#include <gtest/gtest.h>

namespace sallyport::tidy {
namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\n");
    if (first == text.npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

/// What stands before `at` in its statement, from the last `;`, `{` or `}`.
std::string before(std::string_view code, std::size_t at) {
    const auto start = code.find_last_of(";{}", at);
    return trimmed(
        code.substr(start == code.npos ? 0 : start + 1, at - (start == code.npos ? 0 : start + 1)));
}

/// What is awaited, up to the `;` of the statement; what stands within brackets is left out. Nothing when the
/// await ends otherwise: it is part of something.
std::optional<std::string> operand(std::string_view code, std::size_t at) {
    std::string text;
    int depth = 0;
    for (; at < code.size(); ++at) {
        const char c = code[at];
        if (depth == 0 && c == ';') return trimmed(text);
        if (c == ')' || c == ']' || c == '}') --depth;
        if (depth < 0) return std::nullopt;
        if (depth == 0) text += c;
        if (c == '(' || c == '[' || c == '{') ++depth;
    }
    return std::nullopt;
}

/// Does the `co_await` at `at` stand alone: as a statement of its own, behind an `if (...)` or `else`, or as
/// all that is assigned or initialised? GCC 12 destroys temporaries twice or too early when an await
/// stands within a larger expression.
bool stands_alone(std::string_view code, std::size_t at) {
    static const std::regex control(R"re(else|(else\s+)?if\s*\(.*\))re");
    // Nothing is called, added or chosen on the left: names, types, the brackets of a structured binding.
    static const std::regex assignment(
        R"re((else\s+|(else\s+)?if\s*\(.*\)\s*|if\s*\()?[\w:<>,&*.\s\[\]]*(->[\w.]+)*[\w\s\]]=)re");
    static const std::regex call(R"re([\w:.\s<>()\[\]{}*]*(->[\w:.\s<>()\[\]{}]*)*)re");
    std::string head = before(code, at);
    std::ranges::replace(head, '\n', ' ');
    const bool begins_alone =
        head.empty() || std::regex_match(head, control) || std::regex_match(head, assignment);
    const auto awaited = operand(code, at + std::string_view("co_await").size());
    return begins_alone && awaited && std::regex_match(*awaited, call);
}

/// The lines of the awaits that do not.
std::vector<std::size_t> lines_of_mixed_awaits(std::string_view text) {
    const std::string code = code_of(text);
    constexpr std::string_view keyword = "co_await";
    std::vector<std::size_t> lines;
    for (auto at = code.find(keyword); at != code.npos; at = code.find(keyword, at + 1)) {
        const bool whole_word = (at == 0 || !is_word(code[at - 1])) && !is_word(code[at + keyword.size()]);
        if (whole_word && !stands_alone(code, at)) lines.push_back(line_of(code, at));
    }
    return lines;
}

TEST(Awaits, stand_alone) {
    std::size_t files = 0;
    for (const SourceFile& file : files_below("gateway", {".h", ".cpp"})) {
        for (const std::size_t line : lines_of_mixed_awaits(file.text))
            ADD_FAILURE() << file.path << ":" << line << ": a co_await within a larger expression";
        files += file.text.find("co_await ") != std::string::npos;
    }
    EXPECT_GT(files, 5U) << "the coroutines have moved; look for them elsewhere";
}

struct AwaitCase {
    const char* name;
    const char* text;
    bool alone;
};

const AwaitCase await_cases[] = {
    {"statement", "void f() { co_await g(); }", true},
    {"initialised", "{ const auto x = co_await g(1, a(2)); }", true},
    {"structured", "{ auto [a, b] = co_await s.g(token); }", true},
    {"assigned", "{ x = co_await s->g(); }", true},
    {"member_assigned", "{ this->x = co_await s->g()->h(); }", true},
    {"over_two_lines", "{ const auto x =\n co_await g(); }", true},
    {"guarded", "{ if (a(b) && !c) co_await g(); }", true},
    {"otherwise", "{ if (a) b(); else co_await g(); }", true},
    {"guarded_assignment", "{ if (a) x = co_await g(); }", true},
    {"statement_of_an_if", "{ if (const auto x = co_await g(); x) h(); }", true},
    {"in_a_comment", "{ f(/* co_await g() */ 1); // a + co_await b\n }", true},
    {"longer_word", "{ f(co_awaited()); }", true},

    {"argument", "{ f(co_await g()); }", false},
    {"returned", "{ co_return co_await g(); }", false},
    {"assigned_within_condition", "{ if ((x = co_await g())) h(); }", false},
    {"assigned_behind_and", "{ if (a && (x = co_await g())) h(); }", false},
    {"assigned_as_argument", "{ if (a) h(x = co_await g()); }", false},
    {"condition", "{ if (co_await g()) h(); }", false},
    {"negated", "{ if (!co_await g()) h(); }", false},
    {"loop_condition", "{ while (co_await g()) h(); }", false},
    {"right_of_and", "{ x = a && co_await g(); }", false},
    {"left_of_and", "{ x = co_await g() && a; }", false},
    {"left_of_plus", "{ x = co_await g() + 1; }", false},
    {"chosen", "{ x = a ? co_await g() : b; }", false},
    {"chooses", "{ x = co_await g() ? a : b; }", false},
    {"within_await", "{ co_await f(co_await g()); }", false},
    {"in_braces", "{ x = X{co_await g()}; }", false},
    {"one_of_two", "{ X x{co_await g(), 1}; }", false},
    {"member_of_result", "{ x = (co_await g()).y; }", false},
    {"compared", "{ x = co_await g() == 1; }", false},
    {"target_calls", "{ f(a) = co_await g(); }", false},
    {"added_to", "{ x += co_await g(); }", false},
};

class Await : public testing::TestWithParam<AwaitCase> {};

TEST_P(Await, is_judged) {
    EXPECT_EQ(lines_of_mixed_awaits(GetParam().text).empty(), GetParam().alone);
}
INSTANTIATE_TEST_SUITE_P(table, Await, testing::ValuesIn(await_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::tidy
