#pragma once

#include "pki/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

struct CsvRow {
    std::size_t line;                 ///< where it begins, from 1
    std::vector<std::string> fields;  ///< as many as there are columns
};

/// A table with a header line (RFC 4180).
struct CsvTable {
    std::vector<std::string> columns;
    std::vector<CsvRow> rows;
};

/// Reads at most `max_csv_bytes` of text. A field in double quotes may hold commas, line ends and doubled
/// quotes; around other fields white space is not taken away. Empty lines and a byte order mark are passed
/// over. Errors (input), as "origin:line: what", one for each faulty line and at most 20: a row with another
/// number of fields than the header, a quote in the middle of a field, one that is not closed, a control
/// character; and a header with an empty or repeated column or one that is not in `known`.
Result<CsvTable> parse_csv(std::string_view text, const std::string& origin,
                           const std::vector<std::string>& known);

inline constexpr std::size_t max_csv_bytes = std::size_t{256} * 1024 * 1024;

/// The faults of a text with lines, each "origin:line: what"; more than 20 are counted only.
class LineFaults {
  public:
    explicit LineFaults(std::string origin) : origin_(std::move(origin)) {}
    void add(std::size_t line, std::string_view what);
    bool empty() const noexcept { return count_ == 0; }
    Error error() const;

  private:
    std::string origin_;
    std::string text_;
    std::size_t count_ = 0;
};

}  // namespace sallyport::pki
