#include "pki/distribution_point.h"

#include <algorithm>

#include <openssl/sha.h>

namespace sallyport::pki {
namespace {

/// A session carries them, so there is a limit.
constexpr std::size_t max_points = 16;
constexpr auto uniform_resource_identifier = static_cast<Tag>(0x86);

PointId digest_of(Bytes name) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(name.data(), name.size(), digest);
    PointId id{};
    std::copy_n(digest, id.size(), id.begin());
    return id;
}

PointIds sorted(PointIds ids) {
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

/// The full names of one DistributionPoint; empty for one that an indirect or partial CRL serves.
Bytes full_names(Bytes distribution_point) {
    DerReader fields(distribution_point);
    const auto point_name = fields.next(Tag::context_0);
    if (!point_name || !fields.at_end()) return {};  // [1] reasons or [2] cRLIssuer
    const auto full_name = DerReader(point_name->content).next(Tag::context_0);
    return full_name ? full_name->content : Bytes{};
}

}  // namespace

PointIds point_ids(Bytes general_names) {
    PointIds ids;
    DerReader names(general_names);
    while (!names.at_end()) {
        const auto name = names.next();
        if (!name || ids.size() == max_points) return {};
        ids.push_back(digest_of(name->whole));
    }
    return sorted(std::move(ids));
}

std::string point_text(Bytes general_names) {
    std::string text;
    std::size_t others = 0;
    DerReader names(general_names);
    while (!names.at_end()) {
        const auto name = names.next();
        if (!name) break;
        if (name->tag != uniform_resource_identifier) {
            ++others;
            continue;
        }
        if (!text.empty()) text += ' ';
        for (const std::uint8_t c : name->content)
            text += c > 0x20 && c < 0x7F ? static_cast<char>(c) : '?';
    }
    if (text.empty()) text = std::to_string(others) + " name(s) that are no URI";
    return text;
}

PointIds distribution_points(const X509& certificate) {
    const int index = X509_get_ext_by_NID(&certificate, NID_crl_distribution_points, -1);
    if (index < 0) return {};
    const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(&certificate, index));
    DerReader outer({ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))});
    const auto list = outer.next(Tag::sequence);
    if (!list || !outer.at_end()) return {};
    PointIds all;
    DerReader points(list->content);
    while (!points.at_end()) {
        const auto point = points.next(Tag::sequence);
        if (!point) return {};
        const PointIds ids = point_ids(full_names(point->content));
        all.insert(all.end(), ids.begin(), ids.end());
        if (all.size() > max_points) return {};
    }
    return sorted(std::move(all));
}

bool share_a_point(std::span<const PointId> a, std::span<const PointId> b) noexcept {
    return std::ranges::any_of(a, [&](const PointId& id) { return std::ranges::binary_search(b, id); });
}

}  // namespace sallyport::pki
