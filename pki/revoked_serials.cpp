#include "pki/revoked_serials.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <span>
#include <utility>

namespace sallyport::pki {
namespace {

constexpr std::size_t prefix_octets = 2;
constexpr std::size_t prefixes = 1U << 16U;
constexpr std::size_t rows_worth_a_prefix_table = 4096;

/// Reason and date behind the serial.
constexpr std::size_t tail_octets = 1 + 4;

std::array<std::uint8_t, tail_octets> tail_of(const CrlEntry& entry) {
    const auto since = std::clamp<std::int64_t>(entry.revoked_at.time_since_epoch().count(), 0, UINT32_MAX);
    std::array<std::uint8_t, tail_octets> tail{static_cast<std::uint8_t>(entry.reason)};
    for (unsigned i = 0; i < 4; ++i)
        tail[1 + i] = static_cast<std::uint8_t>(since >> (8 * i));
    return tail;
}

RevokedSerials::Entry read_tail(const std::uint8_t* tail) {
    std::uint32_t since = 0;
    for (unsigned i = 0; i < 4; ++i)
        since |= std::uint32_t{tail[1 + i]} << (8 * i);
    return {static_cast<CrlReason>(tail[0]), std::chrono::sys_seconds(std::chrono::seconds(since))};
}

template <std::size_t Serial>
using Row = std::array<std::uint8_t, Serial + tail_octets>;

std::uint64_t big_endian(const std::uint8_t* octets) noexcept {
    std::uint64_t word;
    std::memcpy(&word, octets, sizeof word);
    return __builtin_bswap64(word);
}

/// Orders rows that are the same up to `from`.
template <std::size_t Serial>
void sort_from(Row<Serial>* first, Row<Serial>* last, std::size_t from) {
    std::sort(first, last, [from](const Row<Serial>& a, const Row<Serial>& b) {
        if constexpr (Serial >= 8) {
            if (from + 8 <= Serial) {
                const std::uint64_t left = big_endian(a.data() + from);
                const std::uint64_t right = big_endian(b.data() + from);
                if (left != right) return left < right;
            }
        }
        return std::memcmp(a.data() + from, b.data() + from, Serial - from) < 0;
    });
}

std::size_t prefix_of(const std::uint8_t* octets) noexcept {
    return std::size_t{octets[0]} << 8U | octets[1];
}

/// How many leading octets all rows have in common, so that two are left behind them.
template <std::size_t Serial>
std::size_t shared_octets(std::span<const Row<Serial>> rows) {
    std::size_t shared = Serial - prefix_octets;
    for (const Row<Serial>& row : rows) {
        while (std::memcmp(row.data(), rows.front().data(), shared) != 0)
            --shared;
    }
    return shared;
}

/// Moves each row to its octet's rows, in place (American flag sort). Octet `n` begins at `starts[n * step]`.
template <std::size_t Serial>
void sort_by_octet(std::span<Row<Serial>> rows, std::size_t octet, const std::uint32_t* starts,
                   std::size_t step) {
    std::array<std::uint32_t, 256> next;
    for (std::size_t value = 0; value < next.size(); ++value)
        next[value] = starts[value * step];
    for (std::size_t value = 0; value < next.size(); ++value) {
        const std::uint32_t end = starts[(value + 1) * step];
        while (next[value] < end) {
            Row<Serial> row = rows[next[value]];
            for (std::size_t belongs = row[octet]; belongs != value; belongs = row[octet]) {
                Row<Serial>& place = rows[next[belongs]++];
                const Row<Serial> displaced = place;  // std::swap would go through arrays octet by octet
                place = row;
                row = displaced;
            }
            rows[next[value]++] = row;
        }
    }
}

/// Orders by the first octet, then the much shorter parts by the second: those stay in the cache.
template <std::size_t Serial>
void sort_by_prefix(std::span<Row<Serial>> rows, std::size_t shared,
                    const std::vector<std::uint32_t>& starts) {
    sort_by_octet<Serial>(rows, shared, starts.data(), 256);
    for (std::size_t octet = 0; octet < 256; ++octet)
        sort_by_octet<Serial>(rows, shared + 1, &starts[octet << 8U], 1);
    for (std::size_t prefix = 0; prefix < prefixes; ++prefix) {
        Row<Serial>* first = rows.data() + starts[prefix];
        sort_from<Serial>(first, rows.data() + starts[prefix + 1], shared + prefix_octets);
    }
}

/// Where a serial stands among the `low` to `high` of its prefix when they lie evenly, as random ones do.
std::size_t expected_place(Bytes serial, std::size_t shared, std::size_t low, std::size_t high) noexcept {
    const std::size_t next = shared + prefix_octets;
    return next < serial.size() ? low + (high - low) * serial[next] / 256 : low + (high - low) / 2;
}

std::string_view as_text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

SerialLengths serial_lengths(const CrlView& view) {
    SerialLengths lengths{};
    DerReader entries(view.revoked);
    while (!entries.at_end()) {
        const auto entry = entries.next(Tag::sequence);
        if (!entry) break;
        const auto serial = DerReader(entry->content).next(Tag::integer);
        if (!serial) break;
        ++lengths[std::min(minimal_integer(serial->content).size(), lengths.size() - 1)];
    }
    return lengths;
}

void RevokedSerials::reserve(const SerialLengths& lengths) {
    for (std::size_t length = 0; length <= max_row_serial; ++length)
        rows_[length].bytes.reserve(lengths[length] * (length + tail_octets));
}

void RevokedSerials::add(const CrlEntry& entry) {
    ++size_;
    if (entry.serial.size() > max_row_serial) {
        oversized_.emplace(as_text(entry.serial), Entry{entry.reason, entry.revoked_at});
        return;
    }
    auto& bytes = rows_[entry.serial.size()].bytes;
    const auto tail = tail_of(entry);
    bytes.insert(bytes.end(), entry.serial.begin(), entry.serial.end());
    bytes.insert(bytes.end(), tail.begin(), tail.end());
}

template <std::size_t Serial>
void RevokedSerials::sort(Rows& rows) {
    static_assert(sizeof(Row<Serial>) == Serial + tail_octets && alignof(Row<Serial>) == 1);
    const std::span<Row<Serial>> all(reinterpret_cast<Row<Serial>*>(rows.bytes.data()),
                                     rows.bytes.size() / sizeof(Row<Serial>));
    const auto ordered = [](const Row<Serial>& a, const Row<Serial>& b) {
        return std::memcmp(a.data(), b.data(), Serial) < 0;
    };
    const bool in_order = std::is_sorted(all.begin(), all.end(), ordered);  // many CAs list in order
    if constexpr (Serial >= prefix_octets) {
        if (all.size() >= rows_worth_a_prefix_table) {
            rows.shared = shared_octets<Serial>(all);
            rows.starts.assign(prefixes + 1, 0);
            for (const Row<Serial>& row : all)
                ++rows.starts[prefix_of(row.data() + rows.shared) + 1];
            std::partial_sum(rows.starts.begin(), rows.starts.end(), rows.starts.begin());
            if (!in_order) sort_by_prefix<Serial>(all, rows.shared, rows.starts);
            return;
        }
    }
    if (!in_order) sort_from<Serial>(all.data(), all.data() + all.size(), 0);
}

void RevokedSerials::seal() {
    static constexpr auto sort_by_length = []<std::size_t... Serial>(std::index_sequence<Serial...>) {
        return std::array{&RevokedSerials::sort<Serial>...};
    }
    (std::make_index_sequence<max_row_serial + 1>{});
    for (std::size_t length = 0; length <= max_row_serial; ++length) {
        Rows& rows = rows_[length];
        rows.bytes.shrink_to_fit();
        if (!rows.bytes.empty()) sort_by_length[length](rows);
    }
}

std::optional<RevokedSerials::Entry> RevokedSerials::find(Bytes serial) const noexcept {
    if (serial.size() > max_row_serial) {
        const auto found = oversized_.find(as_text(serial));
        return found == oversized_.end() ? std::nullopt : std::optional(found->second);
    }
    const Rows& rows = rows_[serial.size()];
    const std::size_t stride = serial.size() + tail_octets;
    std::size_t low = 0;
    std::size_t high = rows.bytes.size() / stride;
    if (!rows.starts.empty()) {
        if (std::memcmp(rows.bytes.data(), serial.data(), rows.shared) != 0) return std::nullopt;
        const std::size_t prefix = prefix_of(serial.data() + rows.shared);
        low = rows.starts[prefix];
        high = rows.starts[prefix + 1];
    }
    const auto row = [&](std::size_t at) { return rows.bytes.data() + at * stride; };
    const auto order = [&](std::size_t at) { return std::memcmp(row(at), serial.data(), serial.size()); };
    std::size_t at =
        rows.starts.empty() ? low + (high - low) / 2 : expected_place(serial, rows.shared, low, high);
    // From there with growing steps: what is close lies in the same line of the cache, and the middle does
    // not.
    for (std::size_t step = 1; low < high; step *= 2) {
        const int found = order(at);
        if (found == 0) return read_tail(row(at) + serial.size());
        if (found < 0) {
            low = at + 1;
            at = std::min(low + step - 1, low + (high - low) / 2);
        } else {
            high = at;
            at = std::max(high - std::min(high, step), low + (high - low) / 2);
        }
    }
    return std::nullopt;
}

bool RevokedSerials::repeats_a_serial() const noexcept {
    for (std::size_t length = 0; length <= max_row_serial; ++length) {
        const std::size_t stride = length + tail_octets;
        const auto& bytes = rows_[length].bytes;
        for (std::size_t at = stride; at < bytes.size(); at += stride) {
            if (std::memcmp(&bytes[at - stride], &bytes[at], length) == 0) return true;
        }
    }
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    return std::adjacent_find(oversized_.begin(), oversized_.end(), same) != oversized_.end();
}

void RevokedSerials::for_each(const Visitor& visit) const {
    for_each_missing_in({}, visit);
}

void RevokedSerials::for_each_missing_in(const RevokedSerials& newer, const Visitor& visit) const {
    for (std::size_t length = 0; length <= max_row_serial; ++length) {
        const std::size_t stride = length + tail_octets;
        const auto& mine = rows_[length].bytes;
        const auto& theirs = newer.rows_[length].bytes;
        std::size_t other = 0;
        for (std::size_t at = 0; at < mine.size(); at += stride) {  // both are sorted: one walk through each
            int order = -1;
            while (other < theirs.size() && (order = std::memcmp(&theirs[other], &mine[at], length)) < 0)
                other += stride;
            const bool listed = other < theirs.size() && order == 0;
            if (!listed) visit({&mine[at], length}, read_tail(&mine[at + length]));
        }
    }
    for (const auto& [serial, entry] : oversized_) {
        if (!newer.oversized_.contains(serial))
            visit({reinterpret_cast<const std::uint8_t*>(serial.data()), serial.size()}, entry);
    }
}

}  // namespace sallyport::pki
