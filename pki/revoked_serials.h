#pragma once

#include "pki/crl.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// How many serials there are of each length in octets; those of more than 32 are counted together at the
/// end.
using SerialLengths = std::array<std::uint32_t, 34>;

/// Counts without looking further into the entries; stops at the first that is malformed.
SerialLengths serial_lengths(const CrlView& view);

/// The serial numbers that one CRL revokes, in one byte array per serial length: 21 bytes for a 16-byte
/// serial with its reason and date, nothing else. Filled once, sealed, then read by any number of threads.
class RevokedSerials {
  public:
    /// What is kept of an entry beside its serial.
    struct Entry {
        CrlReason reason;
        std::chrono::sys_seconds revoked_at;  ///< 1970 to 2106; dates outside are taken to the nearer end
    };

    /// Makes room for that much, so that a list of millions never needs twice its memory while it grows.
    void reserve(const SerialLengths& lengths);

    void add(const CrlEntry& entry);

    /// Sorts. Must be called once, after the last `add` and before the first `find`.
    void seal();

    /// The entry when `serial` (minimal INTEGER octets) is listed. One that stands twice gives either.
    std::optional<Entry> find(Bytes serial) const noexcept;

    /// Does one serial stand twice?
    bool repeats_a_serial() const noexcept;

    using Visitor = std::function<void(Bytes serial, const Entry& entry)>;
    void for_each(const Visitor& visit) const;

    /// Visits the serials of this list that are not on `newer`. Linear in both.
    void for_each_missing_in(const RevokedSerials& newer, const Visitor& visit) const;

    std::size_t size() const noexcept { return size_; }

  private:
    /// All serials of one length; a row is the serial, the reason, the date in 4 octets.
    struct Rows {
        std::vector<std::uint8_t> bytes;
        /// So many leading octets are the same in all rows (a sign octet, or the head of serials that count).
        std::size_t shared = 0;
        /// For each value of the two octets behind those the first row that is not below it: random serials,
        /// which RFC 5280 4.1.2.2 suggests, then take a few steps instead of twenty. Empty for a short list.
        std::vector<std::uint32_t> starts;
    };
    template <std::size_t Serial>
    static void sort(Rows& rows);

    static constexpr std::size_t max_row_serial = 32;  // RFC 5280 allows 20 octets, some CAs break it
    static_assert(std::tuple_size_v<SerialLengths> == max_row_serial + 2);
    Rows rows_[max_row_serial + 1];
    std::multimap<std::string, Entry, std::less<>> oversized_;
    std::size_t size_ = 0;
};

}  // namespace sallyport::pki
