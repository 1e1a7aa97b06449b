#include "gateway/resign_settings.h"

#include "gateway/store_url.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sallyport::gateway {
namespace {

using config::Located;
using config::MapReader;

bool is_region(std::string_view text) {
    constexpr std::size_t max_region = 64;
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= max_region && std::ranges::all_of(text, is_allowed);
}

void read_buckets(MapReader& map, StoreAddressing& addressing) {
    std::vector<BucketMapping> mappings;
    for (MapReader& entry : map.maps("buckets")) {
        const Located from = entry.required_string("from");
        const Located to = entry.required_string("to");
        if (auto mapping = parse_mapping(from.text, to.text)) {
            mappings.push_back(std::move(*mapping));
        } else {
            entry.fault("'" + from.text + "' to '" + to.text +
                        "': a bucket, and a bucket with or without a prefix that ends with '/', such as "
                        "acme-prod-logs/eu/ (letters, digits, '.', '-' and '_')");
        }
        entry.finish();
    }
    if (const auto fault = fault_of(mappings)) map.fault("buckets: " + *fault);
    addressing.buckets = BucketMap(std::move(mappings));
}

/// As Host fields have it: without the port that the scheme implies.
std::string host_of(const StoreUrl& url) {
    const std::string authority = url.authority();
    const std::string usual = url.tls ? ":443" : ":80";
    return authority.ends_with(usual) ? authority.substr(0, authority.size() - usual.size()) : authority;
}

void read_host(MapReader& map, const StoreUrl* store, StoreAddressing& addressing) {
    if (store != nullptr) addressing.host = host_of(*store);
    const auto given = map.string("host");
    if (given) {
        const auto url =
            parse_store_url((store != nullptr && store->tls ? "https://" : "http://") + given->text);
        if (url && !given->text.ends_with('/')) {
            addressing.host = host_of(*url);
        } else {
            map.fault(given->mark, "host: '" + given->text + "' is no host such as s3.eu-west-1.example.com");
        }
    }
    const auto url = parse_store_url("http://" + addressing.host);
    if (addressing.virtual_hosted && url && !url->is_name)
        map.fault("addressing: buckets cannot stand before an IP address; give the store's name as 'host'");
}

}  // namespace

ResignSettings read_resign(config::MapReader& map, const ConfigurationPaths& paths, const StoreUrl* store) {
    ResignSettings read;
    StoreAddressing& addressing = read.addressing;
    addressing.region = map.required_string("region").text;
    if (!is_region(addressing.region)) map.fault("region: a name such as eu-west-1 is needed");
    addressing.virtual_hosted =
        map.choice<bool>("addressing", false, {{"path", false}, {"virtual-hosted", true}});
    using Chunks = StoreAddressing::Chunks;
    addressing.chunks = map.choice<Chunks>(
        "chunks", Chunks::as_signed,
        {{"signed", Chunks::as_signed}, {"unsigned", Chunks::as_unsigned}, {"plain", Chunks::taken_apart}});
    if (addressing.chunks != Chunks::as_signed && store != nullptr && !store->tls) {
        map.fault(
            "chunks: 'unsigned' and 'plain' need https:// endpoints: nothing else would protect the bodies");
    }
    read_host(map, store, addressing);
    read_buckets(map, addressing);
    if (auto credentials = map.map("credentials")) {
        read.credentials = read_secret_source(*credentials, paths);
        if (const auto profile = credentials->string("profile")) {
            if (read.credentials.kind == SecretSource::Kind::environment)
                credentials->fault(profile->mark, "profile: an environment has none");
            read.profile = profile->text;
        }
        credentials->finish();
    } else {
        map.fault("'credentials' is missing");
    }
    map.finish();
    return read;
}

}  // namespace sallyport::gateway
