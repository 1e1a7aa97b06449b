#include "firmware-client/firmware_image.h"

#include "firmware-client/body.h"
#include "firmware-client/card.h"
#include "firmware-client/json_document.h"

#include <algorithm>
#include <cstdio>

namespace sallyport::device {
namespace {

/// Reference, section 1: bytes 0-3 by model.
std::uint32_t magic_of(const Model& model) {
    if (model.cellular) return model.gnss ? 0xB74D1858 : 0xE670C727;
    return model.gnss ? 0x7FD43111 : 0xBAADA555;
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    return std::uint32_t{byte_at(bytes, at)} << 24 | std::uint32_t{byte_at(bytes, at + 1)} << 16 |
           std::uint32_t{byte_at(bytes, at + 2)} << 8 | byte_at(bytes, at + 3);
}

Error unusable(std::string_view why) {
    return {Fault::configuration, "firmware image: " + std::string{why}};
}

bool is_sound(const FirmwareHeader::Embedded& file) {
    return file.offset >= firmware_header_bytes && file.bytes > 0 && file.bytes <= max_configuration_bytes &&
           std::uint64_t{file.offset} + file.bytes <= max_firmware_bytes;
}

/// Takes the bytes of one embedded file out of the blocks that pass.
struct Excerpt {
    FirmwareHeader::Embedded place;
    std::string text = {};

    void pass(std::uint64_t at, std::string_view block) {
        const std::uint64_t from = std::max<std::uint64_t>(at, place.offset);
        const std::uint64_t to = std::min(at + block.size(), std::uint64_t{place.offset} + place.bytes);
        if (from < to)
            text += block.substr(static_cast<std::size_t>(from - at), static_cast<std::size_t>(to - from));
    }
};

}  // namespace

Result<FirmwareHeader> read_firmware_header(std::string_view bytes, const Model& model) {
    if (bytes.size() < firmware_header_bytes) return unusable("shorter than its header of 64 bytes");
    if (number_at(bytes, 0) != magic_of(model)) return unusable("it is for another model");
    char version[16];
    std::snprintf(version, sizeof version, "%02u.%02u.%02u", byte_at(bytes, 4), byte_at(bytes, 5),
                  byte_at(bytes, 6));
    FirmwareHeader header{
        version, {number_at(bytes, 24), number_at(bytes, 28)}, {number_at(bytes, 32), number_at(bytes, 36)}};
    if (header.version.size() != 8) return unusable("its version has numbers of more than two digits");
    if (!is_sound(header.schema)) return unusable("its schema cannot lie where the header says");
    if (!is_sound(header.configuration)) {
        return unusable("its default configuration cannot lie where the header says");
    }
    return header;
}

Result<FirmwareImage> read_firmware_image(const std::filesystem::path& path, const Model& model) {
    auto body = FileBody::open(path);
    if (!body) return body.error();
    if (body->size() > max_firmware_bytes) return unusable("larger than 64 MiB");
    std::optional<FirmwareHeader> header;
    Excerpt schema{{0, 0}};
    Excerpt configuration{{0, 0}};
    for (std::uint64_t at = 0;;) {
        const auto block = body->next();
        if (!block) return block.error();
        if (block->empty()) break;
        const std::string_view text{reinterpret_cast<const char*>(block->data()), block->size()};
        if (!header) {
            auto read = read_firmware_header(text, model);
            if (!read) return read.error();
            header = std::move(*read);
            schema.place = header->schema;
            configuration.place = header->configuration;
        }
        schema.pass(at, text);
        configuration.pass(at, text);
        at += block->size();
    }
    if (!header) return unusable("empty");
    if (schema.text.size() != header->schema.bytes ||
        configuration.text.size() != header->configuration.bytes) {
        return unusable("cut off: it ends before its embedded files");
    }
    if (auto json = parse_json_object(schema.text, "firmware image: schema"); !json) return json.error();
    if (auto json = parse_json_object(configuration.text, "firmware image: configuration"); !json) {
        return json.error();
    }
    return FirmwareImage{std::move(*header), std::move(schema.text), std::move(configuration.text)};
}

}  // namespace sallyport::device
