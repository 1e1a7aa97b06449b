#include "pki/tool/csv.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_faults = 20;

/// Reads one record after the other from a text.
class Records {
  public:
    explicit Records(std::string_view text) : rest_(text) {}

    bool at_end() const noexcept { return rest_.empty(); }
    std::size_t line() const noexcept { return line_; }

    /// The next record; its fault, if it has one, is put into `fault` and the rest of its line passed over.
    std::vector<std::string> next(std::string& fault) {
        std::vector<std::string> fields;
        for (;;) {
            fields.push_back(rest_.starts_with('"') ? quoted(fault) : plain(fault));
            if (!fault.empty()) {
                skip_line();
                return fields;
            }
            if (rest_.starts_with(',')) {
                rest_.remove_prefix(1);
                continue;
            }
            end_line();
            return fields;
        }
    }

  private:
    std::string plain(std::string& fault) {
        const auto end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
        std::string field(rest_.substr(0, end));
        rest_.remove_prefix(end);
        if (field.find('"') != field.npos) fault = "a quote in the middle of a field";
        const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
        if (std::ranges::any_of(field, is_control)) fault = "a control character in a field";
        if (rest_.starts_with('\r') && !rest_.starts_with("\r\n"))
            fault = "a carriage return without a line feed";
        return field;
    }

    std::string quoted(std::string& fault) {
        std::string field;
        rest_.remove_prefix(1);
        for (;;) {
            const auto end = rest_.find('"');
            if (end == rest_.npos) {
                fault = "a quote that is not closed";
                return field;
            }
            field += rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
            if (!rest_.starts_with('"')) break;
            field += '"';
            rest_.remove_prefix(1);
        }
        line_ += static_cast<std::size_t>(std::ranges::count(field, '\n'));
        if (!rest_.empty() && rest_.find_first_of(",\r\n") != 0) fault = "text behind a quoted field";
        return field;
    }

    void end_line() {
        rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : rest_.starts_with('\n') ? 1 : 0);
        ++line_;
    }

    void skip_line() {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        end_line();
    }

    std::string_view rest_;
    std::size_t line_ = 1;
};

void check_columns(const std::vector<std::string>& columns, const std::vector<std::string>& known,
                   std::size_t line, LineFaults& faults) {
    for (auto column = columns.begin(); column != columns.end(); ++column) {
        if (std::ranges::find(known, *column) == known.end()) {
            std::string names;
            for (const std::string& name : known)
                names += (names.empty() ? "" : ", ") + name;
            faults.add(line, "the header has a column '" + *column + "'; known are: " + names);
        }
        if (std::find(columns.begin(), column, *column) != column)
            faults.add(line, "the header has column '" + *column + "' twice");
    }
}

}  // namespace

void LineFaults::add(std::size_t line, std::string_view what) {
    if (++count_ > max_faults) return;
    text_ += (text_.empty() ? "" : "\n") + origin_ + ":" + std::to_string(line) + ": " + std::string(what);
}

Error LineFaults::error() const {
    const std::string more =
        count_ > max_faults ? "\nand " + std::to_string(count_ - max_faults) + " more" : std::string();
    return {Fault::input, text_ + more};
}

Result<CsvTable> parse_csv(std::string_view text, const std::string& origin,
                           const std::vector<std::string>& known) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    CsvTable table;
    LineFaults faults(origin);
    Records records(text);
    while (!records.at_end()) {
        const std::size_t line = records.line();
        std::string fault;
        auto fields = records.next(fault);
        if (!fault.empty()) {
            faults.add(line, fault);
        } else if (fields.size() == 1 && fields.front().empty()) {
            continue;  // an empty line
        } else if (table.columns.empty()) {
            check_columns(fields, known, line, faults);
            table.columns = std::move(fields);
        } else if (fields.size() != table.columns.size()) {
            faults.add(line, std::to_string(fields.size()) + " fields where the header has " +
                                 std::to_string(table.columns.size()));
        } else {
            table.rows.push_back({line, std::move(fields)});
        }
    }
    if (table.columns.empty() && faults.empty()) faults.add(1, "no header line");
    if (!faults.empty()) return faults.error();
    return table;
}

}  // namespace sallyport::pki
