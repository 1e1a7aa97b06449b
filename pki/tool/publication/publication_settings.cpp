#include "pki/tool/publication/publication_settings.h"

#include "s3/address.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace sallyport::pki {
namespace {

using config::ConfigurationPaths;
using config::Located;
using config::MapReader;
using config::SecretSource;
using namespace std::chrono_literals;

constexpr std::size_t max_repositories = 16;
constexpr std::size_t max_gateways = 100;

bool is_region(std::string_view text) {
    constexpr std::size_t max_region = 64;
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= max_region && std::ranges::all_of(text, is_allowed);
}

/// Keys that say how the peer and we prove who we are; `token` is not for stores.
enum class Token { allowed, senseless };

PeerSettings read_peer(MapReader& map, std::string_view key, const Located& text, Token token,
                       const ConfigurationPaths& paths) {
    PeerSettings peer;
    const auto address = parse_web_address(text.text);
    if (address) {
        peer.address = *address;
    } else if (!text.text.empty()) {
        map.fault(text.mark, std::string(key) + ": '" + text.text + "' " + address.error());
    }
    const bool insecure = map.boolean("insecure", false);
    if (address && !address->tls && !address->is_loopback() && !insecure) {
        map.fault(text.mark,
                  std::string(key) +
                      ": http:// to another machine shows and believes anything; take https://, or "
                      "say 'insecure: true'");
    }
    for (const auto& [name, file] :
         {std::pair("ca", &peer.ca), {"certificate", &peer.certificate}, {"key", &peer.key}}) {
        const auto given = map.string(name);
        if (!given) continue;
        *file = paths.existing(map, name, *given);
        if (address && !address->tls) map.fault(given->mark, std::string(name) + ": is for https:// alone");
    }
    if (peer.certificate.empty() != peer.key.empty()) map.fault("'certificate' and 'key' go together");
    if (token == Token::allowed) {
        if (auto source = map.map("token")) {
            peer.token = read_secret_source(*source, paths);
            source->finish();
        }
    }
    peer.deadline = map.duration("deadline", peer.deadline, 1s, 1h);
    return peer;
}

/// "s3://bucket/prefix/".
void read_bucket(MapReader& map, const Located& text, StoreSettings& store) {
    constexpr std::string_view scheme = "s3://";
    std::string_view rest = text.text;
    const bool has_scheme = rest.starts_with(scheme);
    if (has_scheme) rest.remove_prefix(scheme.size());
    const auto slash = rest.find('/');
    store.bucket = rest.substr(0, slash);
    store.prefix = slash == rest.npos ? "" : rest.substr(slash + 1);
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/._-").find(c) != std::string_view::npos;
    };
    const std::string path = "/" + store.bucket + "/" + store.prefix;
    const bool is_prefix = (store.prefix.empty() || store.prefix.ends_with('/')) &&
                           std::ranges::all_of(store.prefix, is_plain) &&
                           s3::split_path_style(path + "x").has_value();
    if (!has_scheme || !s3::is_bucket_name(store.bucket) || !is_prefix) {
        map.fault(text.mark,
                  "store: '" + text.text +
                      "' is not s3://BUCKET/ or s3://BUCKET/PREFIX/ (letters, digits, '.', '-', '_')");
    }
}

StoreSettings read_store(MapReader& map, const Located& place, const ConfigurationPaths& paths) {
    StoreSettings store;
    read_bucket(map, place, store);
    const Located endpoint = map.required_string("endpoint");
    store.peer = read_peer(map, "endpoint", endpoint, Token::senseless, paths);
    if (store.peer.address.path != "/") map.fault(endpoint.mark, "endpoint: a store's URL has no path");
    const Located region = map.required_string("region");
    store.region = region.text;
    if (!region.text.empty() && !is_region(region.text))
        map.fault(region.mark, "region: a name such as eu-west-1 is needed");
    store.virtual_hosted = map.choice<bool>("addressing", false, {{"path", false}, {"virtual-hosted", true}});
    if (auto credentials = map.map("credentials")) {
        store.credentials = read_secret_source(*credentials, paths);
        if (const auto profile = credentials->string("profile")) {
            if (store.credentials.kind == SecretSource::Kind::environment)
                credentials->fault(profile->mark, "profile: an environment has none");
            store.profile = profile->text;
        }
        credentials->finish();
    } else {
        map.fault("'credentials' is missing");
    }
    return store;
}

WebSettings read_web(MapReader& map, const ConfigurationPaths& paths) {
    const Located url = map.required_string("url");
    WebSettings web{read_peer(map, "url", url, Token::allowed, paths)};
    if (!web.peer.address.path.ends_with('/'))
        map.fault(url.mark, "url: must end with '/': the names of files are added to it");
    return web;
}

std::optional<PublicationPlace> read_place(MapReader& map, const ConfigurationPaths& paths) {
    const int given = int{map.has("folder")} + int{map.has("store")} + int{map.has("url")};
    if (given != 1) {
        map.fault("one of folder, store and url is needed");
        return std::nullopt;
    }
    std::optional<RepositorySettings> read;
    if (map.has("folder")) {
        const Located folder = map.required_string("folder");
        read = FolderSettings{paths.existing(map, "folder", folder)};
    } else if (map.has("store")) {
        const Located store = map.required_string("store");
        read = read_store(map, store, paths);
    } else {
        read = read_web(map, paths);
    }
    PublicationPlace place{std::move(*read)};
    for (Located& authority : map.strings("authorities"))
        place.authorities.push_back(std::move(authority.text));
    map.finish();
    return place;
}

GatewaySettings read_gateway(MapReader& map, std::set<std::string>& names, const ConfigurationPaths& paths) {
    GatewaySettings gateway;
    const Located name = map.required_string("name");
    gateway.name = name.text;
    if (!name.text.empty() && !names.insert(name.text).second)
        map.fault(name.mark, "name: there are two gateways '" + name.text + "'");
    const Located admin = map.required_string("admin");
    gateway.admin = read_peer(map, "admin", admin, Token::allowed, paths);
    if (gateway.admin.address.path != "/") map.fault(admin.mark, "admin: a URL without a path is needed");
    map.finish();
    return gateway;
}

}  // namespace

PublicationSettings read_publication(MapReader& map, const ConfigurationPaths& paths) {
    PublicationSettings settings;
    for (MapReader& entry : map.maps("publish")) {
        if (auto place = read_place(entry, paths)) {
            const bool known = std::ranges::any_of(settings.places, [&](const PublicationPlace& other) {
                return other.repository == place->repository;
            });
            if (known) entry.fault("stands twice");
            settings.places.push_back(std::move(*place));
        }
    }
    if (settings.places.size() > max_repositories)
        map.fault("publish: more than " + std::to_string(max_repositories) + " places");
    std::set<std::string> names;
    for (MapReader& entry : map.maps("gateways"))
        settings.gateways.push_back(read_gateway(entry, names, paths));
    if (settings.gateways.size() > max_gateways)
        map.fault("gateways: more than " + std::to_string(max_gateways));
    if (auto requests = map.map("requests")) {
        const Located store = requests->required_string("store");
        settings.requests = read_store(*requests, store, paths);
        requests->finish();
    }
    return settings;
}

}  // namespace sallyport::pki
