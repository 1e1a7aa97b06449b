#include "gateway/status_page.h"

#include "gateway/status_page_source.h"

#include <string_view>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t times = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++times;
    return times;
}

TEST(StatusPage, holds_its_one_style_and_script) {
    const StatusPage page;
    EXPECT_EQ(count(page.html(), status_page_style), 1U);
    EXPECT_EQ(count(page.html(), status_page_script), 1U);
    EXPECT_EQ(count(page.html(), "<script"), 1U);
    EXPECT_EQ(count(page.html(), "<style"), 1U);
    EXPECT_EQ(count(page.html(), " style="), 0U);
    EXPECT_EQ(count(page.html(), "/*script*/") + count(page.html(), "/*style*/"), 0U);
}

/// What comes from the gateway must not be read as markup or code.
TEST(StatusPage, makes_no_markup_or_code_of_texts) {
    for (const auto* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                             "Function(", "srcdoc", "setAttribute('on", "localStorage", "sessionStorage"})
        EXPECT_EQ(count(status_page_script, word), 0U) << word;
    EXPECT_EQ(count(status_page_html, " on"), 0U) << "event handlers in attributes";
}

TEST(StatusPage, asks_nobody_but_its_gateway) {
    const StatusPage page;
    EXPECT_EQ(count(page.html(), "https://"), 0U);
    EXPECT_EQ(count(page.html(), "http://"), 1U) << "the name space of its icon";
    EXPECT_EQ(count(page.html(), "url("), 0U);
    EXPECT_EQ(count(page.html(), "@import"), 0U);
    EXPECT_TRUE(page.policy().starts_with("default-src 'none'; connect-src 'self'; img-src data:; "))
        << page.policy();
    EXPECT_EQ(count(page.policy(), "'sha256-"), 2U);
    EXPECT_EQ(count(page.policy(), "unsafe"), 0U);
    EXPECT_EQ(count(page.policy(), "frame-ancestors 'none'"), 1U);
}

}  // namespace
}  // namespace sallyport::gateway
