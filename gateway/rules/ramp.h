#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// The devices of a listener of mode medium that are held to mode high already (shadow mode).
struct Ramp {
    unsigned percent = 0;              ///< of all devices, chosen by their ids; raising it keeps those chosen
    std::vector<std::string> devices;  ///< and these

    bool includes(std::string_view device) const;
    bool includes_anybody() const { return percent > 0 || !devices.empty(); }
};

/// 0 to 99: the first 4 octets of the id's SHA-256 as a big-endian number, modulo 100. Stable, so that all
/// gateways of a fleet choose the same devices, and so that a shell can tell which.
unsigned ramp_position(std::string_view device);

}  // namespace sallyport::gateway
