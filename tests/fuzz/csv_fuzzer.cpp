#include "pki/tool/csv.h"
#include "tests/fuzz/check.h"

#include <cstdint>

namespace pki = sallyport::pki;
using sallyport::fuzz::check;

namespace {

/// A field as RFC 4180 writes any text.
std::string quoted(const std::string& field) {
    std::string out = "\"";
    for (const char c : field)
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

std::string line_of(const std::vector<std::string>& fields) {
    std::string line;
    for (const std::string& field : fields)
        line += (line.empty() ? "" : ",") + quoted(field);
    return line + "\r\n";
}

}  // namespace

/// What is read is what the text says: written anew, with every field in quotes, it is read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::string> known{"device_id", "serial"};
    const auto table =
        pki::parse_csv(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.csv", known);
    if (!table) {
        check(table.error().message.starts_with("fuzz.csv:"), "each fault names its file");
        return 0;
    }
    check(!table->columns.empty() && table->columns.size() <= known.size(), "only known columns, each once");
    std::string again = line_of(table->columns);
    std::size_t line = 0;
    for (const pki::CsvRow& row : table->rows) {
        check(row.fields.size() == table->columns.size(), "a field for each column");
        check(row.line > line, "lines are counted forwards");
        line = row.line;
        again += line_of(row.fields);
    }
    const auto reread = pki::parse_csv(again, "again.csv", known);
    check(reread.has_value() && reread->rows.size() == table->rows.size(), "no row is lost");
    for (std::size_t i = 0; i < table->rows.size(); ++i)
        check(reread->rows[i].fields == table->rows[i].fields, "no field changes");
    return 0;
}
