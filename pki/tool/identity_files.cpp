#include "pki/tool/identity_files.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/pkcs7.h"
#include "pki/tool/folder.h"
#include "pki/tool/names.h"

namespace sallyport::pki {
namespace {

constexpr unsigned public_mode = 0644;
constexpr unsigned secret_mode = 0600;

Result<void> add(IdentityFiles& files, const char* name, Result<std::string> content, unsigned mode) {
    if (!content) return content.error();
    files.files.push_back({name, std::move(*content), mode});
    return {};
}

Error file_error(const std::filesystem::path& path, std::string_view doing, const std::error_code& code) {
    return {Fault::runtime, path.string() + ": " + std::string(doing) + ": " + code.message()};
}

Result<std::vector<std::filesystem::path>> entries_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> entries;
    std::error_code code;
    for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        entries.push_back(at->path());
    }
    if (code) return file_error(folder, "cannot read this folder", code);
    return entries;
}

}  // namespace

IdentityFiles::~IdentityFiles() {
    for (IdentityFile& file : files)
        wipe(file.content);
}

Result<IdentityFiles> server_files(X509& leaf, X509& issuer, const EVP_PKEY& key) {
    X509* const chain[] = {&leaf, &issuer};
    IdentityFiles files;
    if (auto done = add(files, "server.chain.pem", write_certificates(chain), public_mode); !done)
        return done.error();
    if (auto done = add(files, "server.key", write_private_key(key), secret_mode); !done) return done.error();
    return files;
}

Result<IdentityFiles> device_files(X509& leaf, X509& issuer, X509& root, const EVP_PKEY& key) {
    X509* const chain[] = {&leaf, &issuer};
    X509* const anchor[] = {&root};
    IdentityFiles files;
    const auto pem = BundleForm::pem;
    // The key first: whatever sees the new certificate in a folder finds its key there too.
    if (auto done = add(files, "certs_device.key", write_private_key(key), secret_mode); !done)
        return done.error();
    if (auto done = add(files, "certs_device.p7b", write_certificate_bundle(chain, pem), public_mode); !done)
        return done.error();
    if (auto done = add(files, "certs_device.pem", write_certificates(chain), public_mode); !done)
        return done.error();
    if (auto done = add(files, "certs_server.p7b", write_certificate_bundle(anchor, pem), public_mode); !done)
        return done.error();
    return files;
}

Result<void> copy_to(const std::filesystem::path& folder, const IdentityFiles& files) {
    for (const IdentityFile& file : files.files) {
        const auto written = replace_file(folder / file.name, file.content, file.mode);
        if (!written) return written.error();
    }
    return {};
}

Result<void> stage(const Depot& depot, std::string_view serial, const IdentityFiles& files) {
    const auto folder = depot.paths().staging() / hex(serial);
    if (const auto made = make_private_folder(depot.paths().staging()); !made) return made.error();
    if (const auto made = make_private_folder(folder); !made) return made.error();
    return copy_to(folder, files);
}

Result<std::filesystem::path> deliver(const Depot& depot, const CertificateRecord& record) {
    const auto source = depot.paths().staging() / hex(record.serial);
    const auto target = depot.paths().delivery(record.kind, record.name);
    if (const auto made = make_private_folder(target.parent_path()); !made) return made.error();
    if (const auto made = make_private_folder(target); !made) return made.error();
    const auto staged = entries_of(source);
    if (!staged) return staged.error();
    std::error_code code;
    for (const auto& path : *staged) {
        // A name that starts with a dot is of a file that replace_file did not finish.
        if (path.filename().string().starts_with('.')) continue;
        std::filesystem::rename(path, target / path.filename(), code);
        if (code) return file_error(path, "cannot move it to " + target.string(), code);
    }
    if (const auto synced = sync_folder(target); !synced) return synced.error();
    std::filesystem::remove_all(source, code);
    if (code) return file_error(source, "cannot remove it", code);
    return target;
}

Result<std::vector<std::filesystem::path>> finish_deliveries(Depot& depot) {
    std::vector<std::filesystem::path> completed;
    std::error_code code;
    if (!std::filesystem::exists(depot.paths().staging(), code)) return completed;
    const auto staged = entries_of(depot.paths().staging());
    if (!staged) return staged.error();
    for (const auto& path : *staged) {
        std::optional<CertificateRecord> record;
        if (const auto serial = parse_serial(path.filename().string())) {
            auto found = depot.index().find_serial(*serial);
            if (!found) return found.error();
            record = std::move(*found);
        }
        if (record) {
            auto target = deliver(depot, *record);
            if (!target) return target.error();
            completed.push_back(std::move(*target));
        } else {
            std::filesystem::remove_all(path, code);
            if (code) return file_error(path, "cannot remove it", code);
        }
    }
    return completed;
}

}  // namespace sallyport::pki
