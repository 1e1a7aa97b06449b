#include "firmware-client/device.h"

#include "firmware-client/credentials.h"
#include "firmware-client/device_key.h"
#include "firmware-client/json_document.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/time.h"

#include <cstdio>
#include <system_error>

#include <boost/crc.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace sallyport::device {
namespace {

namespace json = boost::json;

constexpr std::string_view device_key_file = "device.key";

constexpr std::string_view device_file = "device.json";

json::object read_device_file(const std::filesystem::path& path) {
    const auto text = pki::read_file(path, max_device_file_bytes);
    if (!text) return {};
    auto object = parse_json_object(*text, device_file);
    return object ? std::move(*object) : json::object{};
}

/// The device rewrites this file at every power-on, so a damaged one is no reason to stop. But it may be all
/// that says who the device is: then the copy does.
json::object read_last_file(const Card& card) {
    json::object last = read_device_file(card.file(device_file));
    return last.empty() ? read_device_file(card.own_file(device_file)) : last;
}

/// A string of the last file; empty when it is not there or would not fit into a header.
std::string last_text(const json::object& last_file, std::string_view key) {
    const json::value* const value = last_file.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    const std::string text{value->get_string()};
    for (const char c : text) {
        if (c < ' ' || c > '~') return {};
    }
    return text.size() <= 128 ? text : std::string{};
}

Result<std::string> choose_id(std::string_view option, const std::optional<ClientIdentity>& identity,
                              const json::object& last_file) {
    if (!option.empty()) {
        if (is_device_id(option)) return std::string{option};
        return Error{Fault::configuration, "--id: not 8 upper-case hexadecimal digits"};
    }
    if (identity) return device_id_of(*identity->certificate);
    std::string id = last_text(last_file, "id");
    if (is_device_id(id)) return id;
    return Error{Fault::configuration,
                 "this card names no device: it has neither a device certificate nor an id in device.json; "
                 "give --id"};
}

std::string type_code(const Model& model) {
    if (model.cellular) return model.gnss ? "0000007D" : "0000003D";
    return model.gnss ? "0000005F" : "0000001F";
}

/// Upper-case fingerprints over the DER of each certificate.
json::array fingerprints(const std::vector<const X509*>& certificates, const EVP_MD* digest) {
    json::array list;
    for (const X509* certificate : certificates) {
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        if (X509_digest(certificate, digest, bytes, &size) != 1) continue;
        list.emplace_back(pki::hex(std::string_view{reinterpret_cast<const char*>(bytes), size}));
    }
    return list;
}

std::string used_and_total_mb(const Card& card) {
    std::error_code failure;
    const auto space = std::filesystem::space(card.folder, failure);
    if (failure) return "?";
    constexpr std::uintmax_t megabyte = 1'000'000;
    return std::to_string((space.capacity - space.free) / megabyte) + '/' +
           std::to_string(space.capacity / megabyte);
}

}  // namespace

SecurityLevel Device::level() const {
    if (!settings.server.tls) return SecurityLevel::low;
    return identity ? SecurityLevel::high : SecurityLevel::medium;
}

Result<Card> find_card(const std::filesystem::path& folder) {
    const std::string firmware = last_text(read_last_file({folder, ""}), "fw_ver");
    return open_card(folder, firmware.substr(0, 5));
}

Result<Device> load_device(Card card, LastGood& files, std::string_view id) {
    auto key = load_device_key(card.file(device_key_file));
    if (!key) {  // only an encrypted configuration needs it
        files.report(key.error());
        key = pki::KeyPtr{};
    }
    const std::string config_path = card.file(card.config_name()).string();
    auto configuration =
        files.read(card.config_name(), max_configuration_bytes, [&](std::string_view text) -> Result<void> {
            const auto settings = read_settings(text, config_path, key->get());
            if (!settings) return settings.error();
            return {};
        });
    if (!configuration) return configuration.error();
    auto settings = read_settings(*configuration, config_path, key->get());
    if (!settings) return settings.error();
    auto trusted = read_trust(card, files);
    if (!trusted) return trusted.error();
    auto identity = read_identity(card, files);
    if (!identity) return identity.error();
    if (settings->server.tls && trusted->empty()) {
        return Error{Fault::configuration, card.file(trust_file).string() +
                                               ": missing or empty, but the endpoint is https: put the "
                                               "server's certificate or that of its CA there"};
    }
    json::object last_file = read_last_file(card);
    auto chosen = choose_id(id, *identity, last_file);
    if (!chosen) return chosen.error();

    std::string firmware = last_text(last_file, "fw_ver");
    if (!firmware.starts_with(card.version + '.')) firmware = card.version + ".00";
    std::string hardware = last_text(last_file, "hw_ver");
    if (hardware.empty()) hardware = "00.03/00.00";
    DeviceStatus status;
    if (const json::value* const last = last_file.if_contains("sallyport"); last && last->is_object()) {
        status = read_status(last->get_object());
    }
    return Device{std::move(card),     std::move(*chosen),   std::move(*configuration), std::move(*settings),
                  std::move(*trusted), std::move(*identity), std::move(*key),           std::move(last_file),
                  std::move(firmware), std::move(hardware),  std::move(status)};
}

std::string fault_of_configuration(std::string_view configuration, std::string_view name,
                                   const Device& device) {
    const auto settings = read_settings(configuration, name, device.key.get());
    if (!settings) return settings.error().message;
    if (settings->server.tls && device.trusted.empty()) {
        return "its endpoint is https, but the device trusts no server yet";
    }
    return {};
}

Error with_certificate_dates(Error error, const Device& device, std::chrono::sys_seconds now) {
    const bool about_certificate = error.trouble == Trouble::certificate_refused ||
                                   error.trouble == Trouble::certificate_expired ||
                                   error.trouble == Trouble::no_common_cipher;
    if (!about_certificate || !device.identity) return error;
    const auto validity = pki::validity(*device.identity->certificate);
    if (!validity) return error;
    if (now < validity->not_before) {
        error.trouble = Trouble::certificate_not_yet_valid;
        error.message = "this device's certificate is not valid before " +
                        pki::rfc3339(validity->not_before) + ": " + error.message;
    } else if (now > validity->not_after) {
        error.trouble = Trouble::certificate_expired;
        error.message = "this device's certificate expired at " + pki::rfc3339(validity->not_after) + ": " +
                        error.message;
    } else if (error.trouble == Trouble::certificate_expired) {
        error.message += "; by this device's clock it is valid until " + pki::rfc3339(validity->not_after);
    }
    return error;
}

Result<void> ensure_device_key(Device& device) {
    if (device.key || is_present(device.card.file(device_key_file))) return {};
    auto key = create_device_key(device.card.file(device_key_file));
    if (!key) return key.error();
    device.key = std::move(*key);
    return {};
}

Result<std::string> write_device_file(const Device& device) {
    json::object file;
    file["id"] = device.id;
    file["type"] = type_code(device.settings.model);
    if (device.key) {
        const auto public_key = public_key_text(*device.key);
        if (!public_key) return public_key.error();
        file["kpub"] = *public_key;
    }
    file["fw_ver"] = device.firmware_version;
    file["hw_ver"] = device.hardware_version;
    file["cfg_ver"] = device.card.version;
    file["cfg_name"] = device.card.config_name();
    file["cfg_crc32"] = crc32_text(device.configuration);
    file["sch_name"] = device.card.schema_name();
    file["log_meta"] = device.settings.meta;
    file["space_used_mb"] = used_and_total_mb(device.card);
    for (const std::string_view key : {"sd_info", "sd_used_lifespan", "wifi_fw_ver", "wifi_mac",
                                       "gnss_fw_ver", "cellular_fw_ver", "cellular_iccid", "cellular_imei"}) {
        if (const std::string text = last_text(device.last_file, key); !text.empty()) file[key] = text;
    }
    file["reset_cause"] = "";
    std::vector<const X509*> trusted;
    for (const auto& certificate : device.trusted)
        trusted.push_back(certificate.get());
    // The hash list has another name and algorithm on models with a modem.
    if (device.settings.model.cellular) {
        file["certs_server_md5"] = fingerprints(trusted, EVP_md5());
    } else {
        file["certs_server_sha1"] = fingerprints(trusted, EVP_sha1());
    }
    if (device.identity) {
        std::vector<const X509*> chain{device.identity->certificate.get()};
        for (const auto& issuer : device.identity->chain)
            chain.push_back(issuer.get());
        file["certs_device_sha256"] = fingerprints(chain, EVP_sha256());
    }
    file["sallyport"] = status_object(device.status);
    std::string text = json::serialize(file);
    if (auto written = pki::replace_file(device.card.file(device_file), text, 0644); !written) {
        return Error{Fault::card, written.error().message};  // no reason to stop anything else
    }
    return text;
}

Result<void> keep_device_file(const Device& device, std::string_view text) {
    const auto path = device.card.own_file(device_file);
    const json::object kept = read_device_file(path);
    const bool same = last_text(kept, "id") == device.id &&
                      last_text(kept, "fw_ver") == device.firmware_version &&
                      last_text(kept, "hw_ver") == device.hardware_version;
    if (same) return {};
    if (auto done = pki::replace_file(path, text, 0644); !done) return from_pki(done.error());
    return {};
}

std::string crc32_text(std::string_view bytes) {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    char text[16];
    std::snprintf(text, sizeof text, "%08X", static_cast<unsigned>(crc.checksum()));
    return text;
}

}  // namespace sallyport::device
