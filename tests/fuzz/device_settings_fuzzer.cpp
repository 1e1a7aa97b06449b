#include "firmware-client/device_status.h"
#include "firmware-client/firmware_image.h"
#include "firmware-client/json_document.h"
#include "firmware-client/settings.h"
#include "tests/fuzz/check.h"

#include <string_view>

namespace device = sallyport::device;
using sallyport::fuzz::check;

/// What may stand on a card or come over the air: a configuration, a device.json, a firmware header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto settings = device::read_settings(text, "f", nullptr)) {
        check(settings->server.port != 0, "a port is one");
        check(!settings->server.host.empty() && !settings->server.region.empty(),
              "host and region are there");
        check(settings->server.host.find_first_of("\r\n /:@") == std::string::npos, "a host is a host");
        check(settings->ssid.find_first_of("\r\n") == std::string::npos, "a name fits into a header");
    }
    if (const auto object = device::parse_json_object(text, "f")) {
        const device::DeviceStatus status = device::read_status(*object);
        check(status.judged.size() <= 16, "what is remembered is bounded");
        check(status.message.find('\x1b') == std::string::npos, "nothing that a terminal would obey");
    }
    if (const auto header = device::read_firmware_header(text, {true, true})) {
        check(header->version.size() == 8, "a version is MM.mm.pp");
        check(std::uint64_t{header->schema.offset} + header->schema.bytes <= device::max_firmware_bytes,
              "an embedded file lies in the image");
    }
    return 0;
}
