#pragma once

#include "pki/crl.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// The serial numbers that one CRL revokes, in one byte array per serial length: 17 bytes for a 16-byte
/// serial with its reason, nothing else. Filled once, sealed, then read by any number of threads.
class RevokedSerials {
  public:
    /// Takes a serial in minimal INTEGER octets (`CrlEntry::serial`).
    void add(Bytes serial, CrlReason reason);

    /// Sorts. Must be called once, after the last `add` and before the first `find`.
    void seal();

    /// The reason when `serial` is listed. A serial that stands twice gives one of its reasons.
    std::optional<CrlReason> find(Bytes serial) const noexcept;

    std::size_t size() const noexcept { return size_; }

  private:
    /// All serials of one length; a row is the serial and then the reason.
    struct Rows {
        std::vector<std::uint8_t> bytes;
        /// For each value of a serial's first two octets the first row that is not below it: random serials,
        /// which RFC 5280 4.1.2.2 suggests, then take a few steps instead of twenty.
        std::vector<std::uint32_t> starts;
    };

    static constexpr std::size_t max_row_serial = 32;  // RFC 5280 allows 20 octets, some CAs break it
    Rows rows_[max_row_serial + 1];
    std::map<std::string, CrlReason, std::less<>> oversized_;
    std::size_t size_ = 0;
};

}  // namespace sallyport::pki
