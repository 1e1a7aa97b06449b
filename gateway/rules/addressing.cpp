#include "gateway/rules/addressing.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

Denial ambiguous(std::string detail) {
    return bad_request(Reason::ambiguous_path, std::move(detail));
}

/// Without its port, which `judge_head` saw.
std::string_view name_of(std::string_view host) {
    return host.starts_with('[') ? host : host.substr(0, host.find(':'));
}

/// What stands before `.domain`, if the name is below it.
std::optional<std::string_view> label_below(std::string_view name, std::string_view domain) {
    if (name.size() <= domain.size()) return std::nullopt;
    const std::size_t dot = name.size() - domain.size() - 1;
    if (name[dot] != '.' || !equals_ignoring_case(name.substr(dot + 1), domain)) return std::nullopt;
    return name.substr(0, dot);
}

bool is_host_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    bool has_letter = false;  // a last label of digits alone would be that of an address
    while (!name.empty()) {
        const auto dot = std::min(name.find('.'), name.size());
        const std::string_view label = name.substr(0, dot);
        if (label.empty() || label.size() > 63 || !std::ranges::all_of(label, is_letter)) return false;
        if (label.front() == '-' || label.back() == '-') return false;
        has_letter = label.find_first_not_of("0123456789") != label.npos;
        if (dot + 1 == name.size()) return false;
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return has_letter;
}

/// A store that is not told of the virtual host, or compares its name in another way, takes the request for
/// one in path style.
Result<s3::PathReading> in_bucket_of_host(std::string_view label, std::string_view name,
                                          std::string_view domain, std::string_view path) {
    if (label.find('.') != label.npos) return ambiguous("Host: more than one label before the virtual host");
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (std::ranges::any_of(name, is_capital)) return ambiguous("Host: capitals in a virtual host");
    auto reading = s3::read_virtual_hosted(name, domain, path);
    if (!reading) return ambiguous(reading.error().message);
    std::string_view key = reading->address.key;
    key.remove_prefix(std::min(key.find_first_not_of('/'), key.size()));
    if (key.substr(0, key.find('/')) == label) return ambiguous("the bucket is in the Host and in the path");
    return std::move(*reading);
}

}  // namespace

SplitTarget split_target(std::string_view target) noexcept {
    const auto question = std::min(target.find('?'), target.size());
    return {target.substr(0, question), target.substr(std::min(question + 1, target.size()))};
}

Result<s3::PathReading> judge_address(std::string_view path, std::string_view host,
                                      const HostNames& virtual_hosts) {
    // Path parameters (RFC 3986 3.3) are part of the key to S3 and cut off by some servers.
    if (path.find(';') != path.npos) return ambiguous("a raw semicolon in the path");
    const std::string_view name = name_of(host);
    for (const std::string& domain : virtual_hosts) {
        if (const auto label = label_below(name, domain))
            return in_bucket_of_host(*label, name, domain, path);
    }
    auto reading = s3::read_path_style(path);
    if (!reading) return ambiguous(reading.error().message);
    return std::move(*reading);
}

Result<s3::PathReading> judge_copy_source(const RequestHead& head, std::string_view field) {
    const auto is_source = [&](const HeaderField& other) { return equals_ignoring_case(other.name, field); };
    if (std::ranges::count_if(head.fields, is_source) != 1) return ambiguous("two copy sources");
    const std::string_view raw = head.find(field)->value;
    if (raw.find_first_of("?#;+") != raw.npos) return ambiguous("copy source: one of ?#;+ in the raw");
    auto source = s3::read_path_style(raw.starts_with('/') ? raw : "/" + std::string(raw));
    if (!source) return ambiguous("copy source: " + source.error().message);
    const std::string& key = source->address.key;
    if (key.empty()) return ambiguous("copy source: no object");
    if (key.find('?') != key.npos) return ambiguous("copy source: a question mark");
    if (!source->ambiguity.empty()) source->ambiguity.insert(0, "copy source: ");
    return std::move(*source);
}

std::optional<std::string> fault_of_virtual_hosts(const HostNames& names) {
    for (const std::string& name : names) {
        if (!is_host_name(name))
            return "'" + name + "' is not a host name such as s3.example.com (without port, address or '*')";
        for (const std::string& other : names) {
            if (&other != &name && (other == name || label_below(other, name)))
                return "'" + other + "' could be a bucket of '" + name + "'";
        }
    }
    return std::nullopt;
}

}  // namespace sallyport::gateway
