#include "firmware-client/settings.h"

#include "firmware-client/device_key.h"
#include "firmware-client/json_document.h"
#include "pki/file.h"

#include <algorithm>

#include <boost/json/value.hpp>

namespace sallyport::device {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more_than_letters_and_digits) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return letters_and_digits.find(c) != std::string_view::npos ||
               more_than_letters_and_digits.find(c) != std::string_view::npos;
    });
}

struct Endpoint {
    bool tls = false;
    std::string host;
};

Endpoint read_endpoint(JsonReader& server) {
    const std::string text = server.text("endpoint", 1, 128);
    std::string_view rest = text;
    Endpoint endpoint;
    if (rest.starts_with("https://")) {
        endpoint.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        server.fail("endpoint", "does not begin with http:// or https://");
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find('/') != std::string_view::npos) {
        server.fail("endpoint", "has a path, which S3 requests cannot carry; give the host only");
    }
    if (rest.find(':') != std::string_view::npos) {
        server.fail("endpoint", "has a port; move it to connect.s3.server.port");
    }
    if (rest.empty() || !consists_of(rest, "-._") || rest.front() == '.' || rest.front() == '-') {
        server.fail("endpoint", "has no valid host name");
    }
    endpoint.host = rest;
    return endpoint;
}

std::string read_bucket(JsonReader& server, bool tls, s3::RequestStyle style) {
    std::string bucket = server.text("bucket", 1, 64);
    if (!s3::is_bucket_name(bucket)) server.fail("bucket", "is not an S3 bucket name");
    if (tls && style == s3::RequestStyle::virtual_hosted && bucket.find('.') != std::string::npos) {
        server.fail("bucket", "has a dot, which no wildcard certificate covers; use request_style 0");
    }
    return bucket;
}

std::string read_region(JsonReader& server) {
    std::string region = server.text("region", 0, 32);
    if (region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
        server.fail("region", "has a character other than a-z, 0-9 and '-'");
    }
    return region.empty() ? "us-east-1" : region;
}

s3::AccessKey read_access_key(JsonReader& server) {
    const std::string text = server.text("accesskey", 3, 128);
    const bool fits = !text.empty() && consists_of(text, "_-");
    if (!fits) server.fail("accesskey", "has a character other than letters, digits, '_' and '-'");
    return s3::AccessKey::parse(fits ? text : "unusable").value();
}

s3::SecretKey read_secret_key(JsonReader& server, const EVP_PKEY* device_key,
                              std::string_view user_public_key) {
    const bool encrypted = server.flag("keyformat");
    std::string text = encrypted ? server.text("secretkey", 24, 150) : server.text("secretkey", 1, 128);
    if (encrypted && !text.empty()) {
        Result<std::string> plain =
            device_key == nullptr ? Result<std::string>{Error{Fault::configuration,
                                                              "is encrypted, but the card has no device.key"}}
                                  : decrypt_field(*device_key, user_public_key, text);
        if (!plain) server.fail("secretkey", plain.error().message + " (see general.security.kpub)");
        text = plain ? std::move(*plain) : std::string{};
    }
    auto secret = s3::SecretKey::parse(text);
    if (!secret) server.fail("secretkey", secret.error().message);
    pki::wipe(text);
    return secret ? std::move(*secret) : std::move(s3::SecretKey::parse("unusable").value());
}

/// Nothing is wrong with such a configuration; there is only nothing to do.
Error not_configured(Error error) {
    error.trouble = Trouble::not_configured;
    return error;
}

Result<ServerSettings> read_server(JsonReader server, const EVP_PKEY* device_key,
                                   std::string_view user_public_key) {
    if (auto outer = server.check(); !outer) return outer.error();
    if (!server.has("endpoint")) {
        server.fail("endpoint", "is not set: this device has no S3 server");
        return not_configured(server.check().error());
    }
    const Endpoint endpoint = read_endpoint(server);
    const auto port = static_cast<std::uint16_t>(server.integer("port", 1, 65535));
    const auto style =
        server.flag("request_style") ? s3::RequestStyle::virtual_hosted : s3::RequestStyle::path;
    ServerSettings settings{endpoint.tls,
                            endpoint.host,
                            port,
                            read_bucket(server, endpoint.tls, style),
                            read_region(server),
                            style,
                            read_access_key(server),
                            read_secret_key(server, device_key, user_public_key),
                            server.flag("signed_payload")};
    if (auto done = server.finish(); !done) return done.error();
    return settings;
}

Result<SyncPeriods> read_sync(JsonReader sync) {
    const auto period = [&](std::string_view key) {
        const auto seconds = sync.integer(key, 0, 86400);
        if (seconds % 5 != 0) sync.fail(key, "is not a multiple of 5");
        return std::chrono::seconds{seconds};
    };
    const SyncPeriods periods{period("ota"), period("heartbeat"), sync.flag("logfiles")};
    if (auto done = sync.finish(); !done) return done.error();
    return periods;
}

/// The name of the first access point that fits into a header; upload metadata carries it.
std::string first_ssid(JsonReader& connect) {
    if (!connect.has("wifi")) return {};
    JsonReader wifi = connect.object("wifi");
    const boost::json::array* const list = wifi.array("accesspoint");
    if (list == nullptr || list->empty() || !list->front().is_object()) return {};
    const boost::json::value* const ssid = list->front().get_object().if_contains("ssid");
    if (ssid == nullptr || !ssid->is_string()) return {};
    const std::string text{ssid->get_string()};
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return printable && text.size() <= 32 ? text : std::string{};
}

}  // namespace

std::string ServerSettings::connect_host() const {
    return style == s3::RequestStyle::virtual_hosted ? bucket + '.' + host : host;
}

std::string ServerSettings::host_header() const {
    std::string header = connect_host();
    if (port != (tls ? 443 : 80)) header += ':' + std::to_string(port);
    return header;
}

Result<DeviceSettings> read_settings(std::string_view json, std::string_view origin,
                                     const EVP_PKEY* device_key) {
    const auto document = parse_json_object(json, origin);
    if (!document) return document.error();
    JsonReader root(*document, std::string{origin}, "");

    JsonReader general = root.object("general");
    JsonReader device = general.object("device");
    std::string meta = device.has("meta") ? device.text("meta", 0, 30) : std::string{};
    if (!consists_of(meta, "; ")) device.fail("meta", "has a character other than letters, digits, ';', ' '");
    if (auto done = device.check(); !done) return done.error();
    JsonReader security = general.object("security");
    const std::string user_public_key = security.has("kpub") ? security.text("kpub", 0, 100) : std::string{};
    if (auto done = security.check(); !done) return done.error();

    std::chrono::hours restart_after{0};
    if (general.has("debug")) {
        JsonReader debug = general.object("debug");
        if (debug.has("restart_timer")) {
            restart_after = std::chrono::hours{debug.integer("restart_timer", 0, 168)};
        }
        if (auto done = debug.check(); !done) return done.error();
    }
    bool clock_from_network = false;
    std::string ntp_server;
    if (root.has("rtc")) {
        JsonReader rtc = root.object("rtc");
        clock_from_network = rtc.has("sync") && rtc.integer("sync", 0, 3) == 2;
        if (clock_from_network && rtc.has("ntp_server")) ntp_server = rtc.text("ntp_server", 0, 32);
        if (!consists_of(ntp_server, "*.-_")) rtc.fail("ntp_server", "is not a host name");
        if (auto done = rtc.check(); !done) return done.error();
    }

    JsonReader connect = root.object("connect");
    // Models with a cellular modem got `protocol` late; there its absence means S3.
    const bool web_server = connect.has("protocol") && connect.integer("protocol", 0, 1) != 0;
    if (web_server) {
        connect.fail("protocol", "is 1 (web server): S3 is switched off");
        return not_configured(connect.check().error());
    }
    const Model model{connect.has("cellular"), root.has("gnss")};
    std::string ssid = first_ssid(connect);
    if (auto done = connect.check(); !done) return done.error();
    for (const std::string_view other : {"wifi", "cellular", "webserver"})
        connect.ignore(other);

    JsonReader s3 = connect.object("s3");
    auto sync = read_sync(s3.object("sync"));
    if (!sync) return sync.error();
    auto server = read_server(s3.object("server"), device_key, user_public_key);
    if (!server) return server.error();
    if (auto done = s3.finish(); !done) return done.error();
    if (auto done = connect.finish(); !done) return done.error();
    return DeviceSettings{*sync,
                          std::move(*server),
                          model,
                          std::move(meta),
                          std::move(ssid),
                          clock_from_network,
                          std::move(ntp_server),
                          restart_after};
}

}  // namespace sallyport::device
