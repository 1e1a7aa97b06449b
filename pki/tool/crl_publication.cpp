#include "pki/tool/crl_publication.h"

#include "pki/crl_file.h"
#include "pki/crl_writer.h"
#include "pki/file.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr unsigned public_mode = 0644;
/// A million entries take about 50 MiB.
constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;

Result<std::string> sha256(std::string_view content) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(content.data(), content.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
        return Error{Fault::runtime, take_openssl_errors("cannot hash a CRL")};
    }
    return std::string(reinterpret_cast<const char*>(digest), size);
}

Result<bool> is_in_place(Depot& depot, std::string_view authority) {
    const auto newest = depot.index().newest_crl(authority);
    if (!newest) return newest.error();
    if (!newest->current) return false;
    const auto file = read_file(depot.paths().crl(authority), max_crl_bytes);
    if (!file) return false;
    const auto digest = sha256(*file);
    if (!digest) return digest.error();
    return *digest == newest->sha256;
}

/// Removes what a process left that was killed while it wrote a CRL; the caller holds the depot's lock.
Result<void> remove_unfinished_files(const std::filesystem::path& folder) {
    std::error_code code;
    for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        if (at->path().filename().string().starts_with('.')) std::filesystem::remove(at->path(), code);
    }
    if (code) return Error{Fault::runtime, folder.string() + ": " + code.message()};
    return {};
}

}  // namespace

Result<PublishedCrl> publish_crl(Depot& depot, std::string_view name,
                                 std::optional<std::chrono::days> lifetime, std::chrono::sys_seconds now) {
    const auto authority = depot.authority(name);
    if (!authority) return authority.error();
    const auto previous = depot.index().newest_crl(name);
    if (!previous) return previous.error();
    // A writer that waited for the lock has an older `now` than the one that it waited for.
    constexpr std::chrono::minutes tolerance{1};
    const bool clock_went_back = now + tolerance < previous->this_update;
    const auto this_update = clock_went_back ? now : std::max(now, previous->this_update);
    std::chrono::sys_seconds next_update = this_update + lifetime.value_or(default_crl_lifetime);
    // A revocation must not shorten how long an operator may go without fetching.
    if (!lifetime) next_update = std::max(next_update, previous->next_update);

    const auto number = depot.index().take_crl_number(name, this_update, next_update);
    if (!number) return number.error();
    CrlWriter writer;
    const auto listed =
        depot.index().visit_revoked(name, [&](const RevokedCertificate& entry) { return writer.add(entry); });
    if (!listed) return listed.error();
    const auto der = std::move(writer).sign({*number, this_update, next_update}, authority->signer());
    if (!der) return der.error();
    const auto pem = write_crl_pem(*der);
    if (!pem) return pem.error();
    const auto digest = sha256(*pem);
    if (!digest) return digest.error();

    const auto path = depot.paths().crl(name);
    if (const auto written = replace_file(path, *pem, public_mode); !written) return written.error();
    const auto noted = depot.index().crl_published(name, *number, *digest, now);
    if (!noted) return noted.error();
    return PublishedCrl{std::string(name), *number, next_update, path, clock_went_back};
}

Result<std::vector<PublishedCrl>> repair_publications(Depot& depot, std::chrono::sys_seconds now) {
    std::vector<PublishedCrl> repaired;
    if (const auto removed = remove_unfinished_files(depot.paths().crls()); !removed) return removed.error();
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const std::string& name : *authorities) {
        const auto in_place = is_in_place(depot, name);
        if (!in_place) return in_place.error();
        if (*in_place) continue;
        auto published = publish_crl(depot, name, std::nullopt, now);
        if (!published) return published.error();
        repaired.push_back(std::move(*published));
    }
    return repaired;
}

std::string describe(const PublishedCrl& crl) {
    return crl.authority + " CRL number " + std::to_string(crl.number) + " written to " + crl.path.string();
}

Result<std::vector<std::filesystem::path>> export_crls(Depot& depot, const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> written;
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const std::string& name : *authorities) {
        const auto source = depot.paths().crl(name);
        auto pem = read_file(source, max_crl_bytes);
        if (!pem) return pem.error();
        const auto crls = split_crl_file(std::move(*pem));
        if (!crls) return Error{Fault::input, source.string() + ": " + crls.error().message};
        if (crls->size() != 1) return Error{Fault::input, source.string() + ": more than one CRL"};
        const auto target = folder / (name + ".crl");
        if (const auto replaced = replace_file(target, crls->front(), public_mode); !replaced)
            return replaced.error();
        written.push_back(target);
    }
    return written;
}

}  // namespace sallyport::pki
