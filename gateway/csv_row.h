#pragma once

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Writes the cells of one row of a CSV file (RFC 4180).
class CsvRow {
  public:
    /// What spreadsheets take for a formula is made text by an apostrophe before it. Source: OWASP, "CSV
    /// Injection".
    void add(std::string_view text) {
        if (!row_.empty()) row_ += ',';
        const bool is_formula =
            !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != text.npos;
        const bool needs_quotes = is_formula || text.empty() || text.find_first_of("\",\r\n") != text.npos;
        if (!needs_quotes) {
            row_ += text;
            return;
        }
        row_ += '"';
        if (is_formula) row_ += '\'';
        for (const char c : text) {
            if (c == '"') row_ += '"';
            row_ += c;
        }
        row_ += '"';
    }
    std::string finish() { return std::move(row_) + "\r\n"; }

  private:
    std::string row_;
};

}  // namespace sallyport::gateway
