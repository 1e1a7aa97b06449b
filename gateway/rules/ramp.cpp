#include "gateway/rules/ramp.h"

#include <algorithm>
#include <cstdint>

#include <openssl/sha.h>

namespace sallyport::gateway {

unsigned ramp_position(std::string_view device) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(device.data()), device.size(), digest);
    std::uint32_t number = 0;
    for (int i = 0; i < 4; ++i)
        number = number << 8U | digest[i];
    return number % 100;
}

bool Ramp::includes(std::string_view device) const {
    if (device.empty()) return false;
    return std::ranges::find(devices, device) != devices.end() ||
           (percent > 0 && ramp_position(device) < percent);
}

}  // namespace sallyport::gateway
