#include "pki/revoked_serials.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sallyport::pki {
namespace {

constexpr std::size_t prefix_octets = 2;
constexpr std::size_t prefixes = 1U << 16U;
constexpr std::size_t rows_worth_a_prefix_table = 4096;

template <std::size_t Serial>
void sort_rows(std::vector<std::uint8_t>& bytes) {
    using Row = std::array<std::uint8_t, Serial + 1>;
    static_assert(sizeof(Row) == Serial + 1 && alignof(Row) == 1);
    auto* first = reinterpret_cast<Row*>(bytes.data());
    auto* last = first + bytes.size() / sizeof(Row);
    const auto before = [](const Row& a, const Row& b) {
        return std::memcmp(a.data(), b.data(), Serial) < 0;
    };
    if (!std::is_sorted(first, last, before)) std::sort(first, last, before);  // many CAs list in order
}

template <std::size_t... Serial>
constexpr auto sorters(std::index_sequence<Serial...>) {
    return std::array{&sort_rows<Serial>...};
}

std::size_t prefix_of(const std::uint8_t* serial) noexcept {
    return std::size_t{serial[0]} << 8U | serial[1];
}

std::string_view as_text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void RevokedSerials::add(Bytes serial, CrlReason reason) {
    ++size_;
    if (serial.size() > max_row_serial) {
        oversized_.emplace(as_text(serial), reason);
        return;
    }
    auto& bytes = rows_[serial.size()].bytes;
    bytes.insert(bytes.end(), serial.begin(), serial.end());
    bytes.push_back(static_cast<std::uint8_t>(reason));
}

void RevokedSerials::seal() {
    static constexpr auto sort_by_length = sorters(std::make_index_sequence<max_row_serial + 1>{});
    for (std::size_t length = 0; length <= max_row_serial; ++length) {
        Rows& rows = rows_[length];
        if (rows.bytes.empty()) continue;
        sort_by_length[length](rows.bytes);
        rows.bytes.shrink_to_fit();

        const std::size_t stride = length + 1;
        const std::size_t count = rows.bytes.size() / stride;
        if (length < prefix_octets || count < rows_worth_a_prefix_table) continue;
        rows.starts.assign(prefixes + 1, static_cast<std::uint32_t>(count));
        std::size_t next = 0;
        for (std::size_t row = 0; row < count; ++row) {
            for (const std::size_t prefix = prefix_of(&rows.bytes[row * stride]); next <= prefix; ++next) {
                rows.starts[next] = static_cast<std::uint32_t>(row);
            }
        }
    }
}

std::optional<CrlReason> RevokedSerials::find(Bytes serial) const noexcept {
    if (serial.size() > max_row_serial) {
        const auto found = oversized_.find(as_text(serial));
        return found == oversized_.end() ? std::nullopt : std::optional(found->second);
    }
    const Rows& rows = rows_[serial.size()];
    const std::size_t stride = serial.size() + 1;
    std::size_t low = 0;
    std::size_t high = rows.bytes.size() / stride;
    if (!rows.starts.empty()) {
        const std::size_t prefix = prefix_of(serial.data());
        low = rows.starts[prefix];
        high = rows.starts[prefix + 1];
    }
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const std::uint8_t* row = rows.bytes.data() + middle * stride;
        const int order = std::memcmp(row, serial.data(), serial.size());
        if (order == 0) return static_cast<CrlReason>(row[serial.size()]);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return std::nullopt;
}

}  // namespace sallyport::pki
