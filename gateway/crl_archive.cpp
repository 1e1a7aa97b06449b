#include "gateway/crl_archive.h"

#include "pki/certificate.h"
#include "pki/file.h"

#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

constexpr std::string_view crl_suffix = ".crl";

/// Partitions may share some of their names: only all of them tell one from another.
std::string digest_of(const pki::PointIds& points) {
    if (points.empty()) return "";
    std::string all;
    for (const pki::PointId& point : points)
        all.append(reinterpret_cast<const char*>(point.data()), point.size());
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), digest);
    return "-" + pki::hex(digest);
}

std::string file_name(const pki::CrlFacts& facts) {
    const std::string scope = facts.scope == pki::CrlScope::all          ? "all"
                              : facts.scope == pki::CrlScope::users_only ? "users"
                                                                         : "authorities";
    return pki::hex(facts.issuer) + "-" + scope + digest_of(facts.points) +
           (facts.is_delta() ? "-delta" : "") + std::string(crl_suffix);
}

/// The files of a folder whose names end so, without those that are being written.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder, std::string_view suffix) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && name.ends_with(suffix)) files.push_back(entry.path());
    }
    return files;
}

}  // namespace

pki::Result<void> CrlArchive::prepare() const {
    for (const auto& folder : {folder_, crl_folder(), accepted_folder()}) {
        std::error_code error;
        const bool made = std::filesystem::create_directory(folder, error);
        if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
        if (error) {
            return pki::Error{pki::Fault::input,
                              "state: " + folder.string() + ": cannot make it: " + error.message()};
        }
    }
    return {};
}

std::vector<CrlArchive::Kept> CrlArchive::load(std::size_t max_bytes,
                                               std::vector<std::string>& faults) const {
    std::vector<Kept> kept;
    for (const auto& file : files_in(crl_folder(), crl_suffix)) {
        auto der = pki::read_file(file, max_bytes);
        if (der) {
            kept.push_back({file, std::move(*der)});
        } else {
            faults.push_back(der.error().message);
        }
    }
    return kept;
}

pki::Result<void> CrlArchive::keep(const pki::CrlFacts& facts, std::string_view der) const {
    return pki::replace_file(crl_folder() / file_name(facts), der, 0600);
}

std::set<std::string> CrlArchive::accepted() const {
    std::set<std::string> names;
    for (const auto& file : files_in(accepted_folder(), ""))
        names.insert(file.filename().string());
    return names;
}

pki::Result<void> CrlArchive::accept(const std::string& sha256) const {
    return pki::replace_file(accepted_folder() / sha256, "", 0600);
}

}  // namespace sallyport::gateway
