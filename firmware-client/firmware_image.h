#pragma once

#include "firmware-client/result.h"
#include "firmware-client/settings.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::device {

inline constexpr std::size_t firmware_header_bytes = 64;
inline constexpr std::uint64_t max_firmware_bytes = std::uint64_t{64} * 1024 * 1024;

/// The header of a firmware image: reference, section 8.
struct FirmwareHeader {
    /// A file inside the image.
    struct Embedded {
        std::uint32_t offset;
        std::uint32_t bytes;
    };
    std::string version;  ///< MM.mm.pp
    Embedded schema;
    Embedded configuration;

    std::string minor_version() const { return version.substr(0, 5); }
};

/// Reads the first 64 bytes; all numbers are big-endian. Errors: configuration, when they are fewer, when the
/// image is for another model, or when the embedded files cannot lie where it says.
Result<FirmwareHeader> read_firmware_header(std::string_view bytes, const Model& model);

/// A whole image on the card.
struct FirmwareImage {
    FirmwareHeader header;
    std::string schema;         ///< the embedded Rule Schema
    std::string configuration;  ///< the embedded default configuration
};

/// Checks the header, that the embedded files are there, and that each is a JSON object of at most 1 MiB.
/// Errors: configuration; card.
Result<FirmwareImage> read_firmware_image(const std::filesystem::path& path, const Model& model);

}  // namespace sallyport::device
