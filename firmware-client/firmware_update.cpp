#include "firmware-client/firmware_update.h"

#include "firmware-client/body_sink.h"
#include "pki/file.h"

#include <system_error>

namespace sallyport::device {
namespace {

namespace fs = std::filesystem;

const std::string object_name{firmware_file};
constexpr std::string_view unfinished_file = "firmware.part";
constexpr std::string_view bad_file = "firmware.bad";

std::string config_name_of(const FirmwareHeader& header) {
    return "config-" + header.minor_version() + ".json";
}

Result<void> move_file(const Card& card, std::string_view from, std::string_view to) {
    std::error_code failure;
    fs::rename(card.file(from), card.file(to), failure);
    if (failure) {
        return Error{Fault::card, card.file(to).string() + ": cannot replace: " + failure.message()};
    }
    return sync_folder(card.folder);
}

/// The files of the new version, where the card has none of use: its schema, and the configuration by which
/// the device found its server so far, since the default one knows none.
Result<void> prepare_files(const Device& device, const FirmwareImage& image) {
    const std::string version = image.header.minor_version();
    const auto schema = device.card.file("schema-" + version + ".json");
    if (auto done = pki::replace_file(schema, image.schema, 0644); !done) return from_pki(done.error());
    const std::string name = config_name_of(image.header);
    const auto configuration = device.card.file(name);
    const auto there = pki::read_file(configuration, max_configuration_bytes);
    if (there && fault_of_configuration(*there, name, device).empty()) return {};
    auto done = pki::replace_file(configuration, device.configuration, 0600);
    if (!done) return from_pki(done.error());
    return {};
}

bool set_aside(Device& device, const std::string& why, Report& report) {
    report.trouble({Fault::configuration, object_name + ": " + why});
    // If it cannot be moved it is looked at again at the next start; the device works all the same.
    if (auto moved = move_file(device.card, firmware_file, bad_file); !moved) report.trouble(moved.error());
    // The image on the server is the same: without this it would come again and again.
    auto& judged = device.status.judged[object_name];
    if (!judged.etag.empty()) judged.fault = why;
    return false;
}

Result<void> remove_image(const Card& card) {
    std::error_code failure;
    fs::remove(card.file(firmware_file), failure);
    if (failure) return Error{Fault::card, object_name + ": cannot remove: " + failure.message()};
    return {};
}

}  // namespace

Result<Next> FirmwareUpdate::check() {
    const auto there = watch_.look(object_name, {});
    if (!there) return there.error();
    if (there->state != WatchedObject::State::changed) return Next::period;
    const std::string& etag = there->info.etag;
    if (there->info.bytes && *there->info.bytes > max_firmware_bytes) {
        return watch_.refuse(object_name, etag, "larger than 64 MiB");
    }
    const auto first = store_.get_prefix(watch_.key(object_name), firmware_header_bytes, max_firmware_bytes);
    if (!first) return first.error();
    if (!*first) return Next::period;
    const auto header = read_firmware_header(**first, device_.settings.model);
    if (!header) return watch_.refuse(object_name, etag, header.error().message);
    if (header->version == device_.firmware_version) {
        watch_.accept(object_name, etag);
        return Next::period;
    }
    if (auto done = fetch_configuration(*header); !done) return done.error();
    return fetch(*header, etag);
}

/// Whoever updates a device to another MM.mm has put the configuration for it before the image.
Result<void> FirmwareUpdate::fetch_configuration(const FirmwareHeader& header) {
    const std::string name = config_name_of(header);
    if (name == device_.card.config_name()) return {};
    TextSink sink(max_configuration_bytes);
    const auto got = store_.get(watch_.key(name), sink);
    if (!got) return got.error();
    if (!*got) return {};
    if (const std::string fault = fault_of_configuration(sink.text, name, device_); !fault.empty()) {
        return watch_.refuse(name, (*got)->etag, fault);
    }
    if (auto kept = pki::replace_file(device_.card.file(name), sink.text, 0600); !kept) {
        return from_pki(kept.error());
    }
    return {};
}

Result<Next> FirmwareUpdate::fetch(const FirmwareHeader& header, const std::string& etag) {
    const fs::path path = device_.card.file(unfinished_file);
    auto sink = FileSink::create(path, max_firmware_bytes);
    if (!sink) return sink.error();
    const auto got = store_.get(watch_.key(object_name), *sink);
    if (!got) return got.error();
    if (!*got) return Next::period;
    const auto image = read_firmware_image(path, device_.settings.model);
    if (!image && image.error().fault == Fault::configuration) {
        return watch_.refuse(object_name, (*got)->etag, image.error().message);
    }
    if (!image) return image.error();
    if (image->header.version != header.version || (*got)->etag != etag) {
        return Next::period;  // replaced meanwhile: the next look sees the new one whole
    }
    if (auto safe = sink->sync(); !safe) return safe.error();
    if (auto moved = move_file(device_.card, unfinished_file, firmware_file); !moved) return moved.error();
    watch_.accept(object_name, etag);
    report_.updated(object_name + ' ' + header.version);
    return Next::restart;
}

Result<bool> apply_firmware(Device& device, const FirmwareHook& hook, Report& report) {
    const fs::path path = device.card.file(firmware_file);
    if (!is_present(path) || !hook) return false;
    const auto image = read_firmware_image(path, device.settings.model);
    if (!image) return set_aside(device, image.error().message, report);
    const std::string& version = image->header.version;
    if (version == device.firmware_version) {
        if (auto removed = remove_image(device.card); !removed) return removed.error();
        return false;
    }
    if (auto done = prepare_files(device, *image); !done) return done.error();
    if (const auto done = hook(path, version); !done) {
        if (done.error().fault == Fault::stopped) return done.error();
        return set_aside(device, done.error().message, report);
    }
    // First device.json, then the image: a power loss in between calls the hook once more, no harm done.
    device.firmware_version = version;
    device.card.version = image->header.minor_version();
    if (auto written = write_device_file(device); !written) return written.error();
    if (auto removed = remove_image(device.card); !removed) return removed.error();
    report.updated("firmware " + version);
    return true;
}

}  // namespace sallyport::device
