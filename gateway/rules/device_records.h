#pragma once

#include "gateway/rules/known_device.h"
#include "pki/result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::gateway {

/// Longer names are no device's.
inline constexpr std::size_t max_device_bytes = 128;
/// Longer texts (a detail) are cut.
inline constexpr std::size_t max_text_bytes = 256;

/// The device table as bytes that outlive the process. All integers are little-endian:
///
///     "sallyport-devices" LF, version: 4 bytes
///     records, each with its kind in one byte: 1 = a known device, 2 = the bytes of a day, 0 = the end
///     SHA-256 of all of the above
///
/// A text that is said for the first time stands where it is said; later its number stands for it.
class DeviceRecordWriter {
  public:
    DeviceRecordWriter();
    /// Devices with names longer than `max_device_bytes`, or with none, are left out.
    void add(const KnownDevice& known);
    void add(const DailyBytes& use);
    std::size_t bytes() const { return out_.size(); }
    /// The whole; call it last.
    std::string finish();

  private:
    void put_text(std::string_view text);
    void put_refusals(const Refusals& refusals);

    std::string out_;
    std::unordered_map<std::string, std::uint32_t> texts_;
};

/// What becomes of the records that are read.
struct DeviceRecordTaker {
    std::function<void(KnownDevice)> known;
    std::function<void(DailyBytes)> daily;
};

/// Reads what DeviceRecordWriter wrote. All or nothing: the whole is checked before the first record is
/// handed over. Errors say what is wrong: another file, a later version, a damaged or truncated one.
pki::Result<void> read_device_records(std::string_view bytes, const DeviceRecordTaker& taker);

}  // namespace sallyport::gateway
