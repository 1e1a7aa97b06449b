#include "pki/tool/publication/manifest.h"

#include "pki/tool/publication/crl_guard.h"
#include "pki/tool/publication/repository.h"

#include <algorithm>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::uint64_t version = 1;
constexpr std::size_t max_manifest_bytes = std::size_t{1} << 20U;

Error malformed(const std::string& what) {
    return {Fault::input, "not a manifest: " + what};
}

bool is_sha256(std::string_view text) {
    constexpr std::size_t digits = 64;
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_number(std::string_view text) {
    constexpr std::size_t most_digits = 100;
    return !text.empty() && text.size() <= most_digits && text.find_first_not_of("0123456789") == text.npos &&
           (text.size() == 1 || text.front() != '0');
}

bool text_member(const json::object& object, std::string_view key, std::string& out) {
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr || !value->is_string()) return false;
    out.assign(value->get_string().data(), value->get_string().size());
    return true;
}

/// Up to the year 9999.
bool time_member(const json::object& object, std::string_view key, std::chrono::sys_seconds& out) {
    constexpr std::int64_t end_of_time = 253'402'300'799;
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0 || value->get_int64() > end_of_time)
        return false;
    out = std::chrono::sys_seconds(std::chrono::seconds(value->get_int64()));
    return true;
}

bool size_member(const json::object& object, std::uint64_t& out) {
    const json::value* value = object.if_contains("size");
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return false;
    out = static_cast<std::uint64_t>(value->get_int64());
    return true;
}

Result<ManifestEntry> entry_of(const json::value& value) {
    if (!value.is_object()) return malformed("a member of 'files' is no object");
    const json::object& object = value.get_object();
    ManifestEntry entry;
    if (!text_member(object, "name", entry.name) || !is_published_name(entry.name))
        return malformed("a file without a name, or with one that is none");
    const auto bad = [&](std::string_view member) {
        return malformed(entry.name + ": '" + std::string(member) + "' is missing or malformed");
    };
    if (!text_member(object, "issuer", entry.issuer)) return bad("issuer");
    if (!text_member(object, "number", entry.number) || !is_number(entry.number)) return bad("number");
    if (object.contains("base_number") &&
        (!text_member(object, "base_number", entry.base_number) || !is_number(entry.base_number)))
        return bad("base_number");
    if (object.contains("partition") && !text_member(object, "partition", entry.partition))
        return bad("partition");
    if (!text_member(object, "sha256", entry.sha256) || !is_sha256(entry.sha256)) return bad("sha256");
    if (!size_member(object, entry.size)) return bad("size");
    if (!time_member(object, "this_update", entry.this_update)) return bad("this_update");
    if (!time_member(object, "next_update", entry.next_update)) return bad("next_update");
    return entry;
}

}  // namespace

Result<ManifestEntry> manifest_entry(std::string name, std::string_view file) {
    auto crl = read_crl(file);
    if (!crl) return Error{Fault::input, name + ": " + crl.error()};
    return manifest_entry(std::move(name), file, **crl);
}

std::string manifest(std::vector<ManifestEntry> entries) {
    std::ranges::sort(entries, {}, &ManifestEntry::name);
    json::array files;
    for (const ManifestEntry& entry : entries) {
        json::object file{{"name", entry.name}, {"issuer", entry.issuer}, {"number", entry.number}};
        if (!entry.base_number.empty()) file["base_number"] = entry.base_number;
        if (!entry.partition.empty()) file["partition"] = entry.partition;
        file["sha256"] = entry.sha256;
        file["size"] = static_cast<std::int64_t>(entry.size);
        file["this_update"] = std::int64_t{entry.this_update.time_since_epoch().count()};
        file["next_update"] = std::int64_t{entry.next_update.time_since_epoch().count()};
        files.push_back(std::move(file));
    }
    return json::serialize(json::object{{"version", version}, {"files", std::move(files)}}) + "\n";
}

Result<std::vector<ManifestEntry>> parse_manifest(std::string_view text) {
    if (text.size() > max_manifest_bytes) return malformed("larger than 1 MiB");
    boost::system::error_code error;
    const json::value document = json::parse({text.data(), text.size()}, error);
    if (error) return malformed(error.message());
    if (!document.is_object()) return malformed("no object");
    const json::value* stated = document.get_object().if_contains("version");
    if (stated == nullptr || !stated->is_int64() || stated->get_int64() != version)
        return malformed("version " + std::to_string(version) + " is needed");
    const json::value* files = document.get_object().if_contains("files");
    if (files == nullptr || !files->is_array()) return malformed("'files' is no list");
    std::vector<ManifestEntry> entries;
    for (const json::value& file : files->get_array()) {
        auto entry = entry_of(file);
        if (!entry) return entry.error();
        if (std::ranges::find(entries, entry->name, &ManifestEntry::name) != entries.end())
            return malformed(entry->name + " stands twice");
        entries.push_back(std::move(*entry));
    }
    return entries;
}

}  // namespace sallyport::pki
