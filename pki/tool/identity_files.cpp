#include "pki/tool/identity_files.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/pkcs7.h"
#include "pki/tool/folder.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

constexpr unsigned public_mode = 0644;
constexpr unsigned secret_mode = 0600;

Result<void> add(IdentityFiles& files, std::string name, Result<std::string> content, unsigned mode) {
    if (!content) return content.error();
    files.files.push_back({std::move(name), std::move(*content), mode});
    return {};
}

Result<void> add_key(IdentityFiles& files, std::string name, const EVP_PKEY* key) {
    if (key == nullptr) return {};
    return add(files, std::move(name), write_private_key(*key), secret_mode);
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

bool is_key_file(const std::filesystem::path& path) {
    return path.extension() == ".key";
}

/// Puts a key aside that is not that of the certificate whose files come: its owner has made the new one.
Result<void> put_other_key_aside(const std::filesystem::path& target, const CertificateRecord& record) {
    constexpr std::size_t max_key_bytes = std::size_t{64} * 1024;
    const auto* at = reinterpret_cast<const unsigned char*>(record.der.data());
    const CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(record.der.size())));
    const auto present = entries_of(target);
    if (!present) return present.error();
    for (const auto& path : *present) {
        if (!is_key_file(path) || path.filename() == "previous.key") continue;
        auto text = read_secret_file(path, max_key_bytes);
        const auto key = text ? parse_private_key(*text, path.string()) : Result<KeyPtr>(text.error());
        if (text) wipe(*text);
        // After a kill the key may have moved already, and only its certificate is still staged.
        if (key && certificate && key_matches(**key, *certificate)) continue;
        std::error_code code;
        std::filesystem::rename(path, target / "previous.key", code);
        if (code) return file_error(path, "cannot put it aside", code);
    }
    return {};
}

/// Moves the files of one folder over those of another and removes it.
Result<void> merge_into(const std::filesystem::path& source, const std::filesystem::path& target,
                        const CertificateRecord& record) {
    const auto staged = entries_of(source);
    if (!staged) return staged.error();
    std::error_code code;
    if (std::ranges::none_of(*staged, is_key_file)) {
        if (const auto done = put_other_key_aside(target, record); !done) return done.error();
    }
    // As they were added: the key before its certificate. A name that starts with a dot is of a file that
    // replace_file did not finish.
    for (const bool keys : {true, false}) {
        for (const auto& path : *staged) {
            if (is_key_file(path) != keys || path.filename().string().starts_with('.')) continue;
            std::filesystem::rename(path, target / path.filename(), code);
            if (code) return file_error(path, "cannot move it to " + target.string(), code);
        }
    }
    if (const auto synced = sync_folder(target); !synced) return synced.error();
    std::filesystem::remove_all(source, code);
    if (code) return file_error(source, "cannot remove it", code);
    return {};
}

}  // namespace

IdentityFiles::~IdentityFiles() {
    for (IdentityFile& file : files)
        wipe(file.content);
}

Result<IdentityFiles> client_or_server_files(const std::string& name, std::span<X509* const> chain,
                                             const EVP_PKEY* key) {
    IdentityFiles files;
    // The key first: whatever sees the new certificate in a folder finds its key there too.
    if (const auto done = add_key(files, name + ".key", key); !done) return done.error();
    if (const auto done = add(files, name + ".chain.pem", write_certificates(chain), public_mode); !done)
        return done.error();
    return files;
}

Result<IdentityFiles> device_files(std::span<X509* const> chain, std::span<X509* const> anchors,
                                   const EVP_PKEY* key) {
    IdentityFiles files;
    const auto bundle = [](std::span<X509* const> certificates) {
        return write_certificate_bundle(certificates, BundleForm::pem);
    };
    if (const auto done = add_key(files, "certs_device.key", key); !done) return done.error();
    if (const auto done = add(files, "certs_device.p7b", bundle(chain), public_mode); !done)
        return done.error();
    if (const auto done = add(files, "certs_device.pem", write_certificates(chain), public_mode); !done)
        return done.error();
    if (anchors.empty()) return files;
    if (const auto done = add(files, "certs_server.p7b", bundle(anchors), public_mode); !done)
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

Result<void> stage(const DepotPaths& paths, std::string_view serial, const IdentityFiles& files,
                   Durability durability) {
    const auto folder = paths.staging() / hex(serial);
    if (durability == Durability::later) {
        // The folder above was made, durably, before the first of many.
        if (::mkdir(folder.c_str(), 0700) != 0) return errno_error(folder, "cannot make this folder");
        for (const IdentityFile& file : files.files) {
            const auto written = write_new_file(folder / file.name, file.content, file.mode);
            if (!written) return written.error();
        }
        return {};
    }
    if (const auto made = make_private_folder(paths.staging()); !made) return made.error();
    if (const auto made = make_private_folder(folder); !made) return made.error();
    return copy_to(folder, files);
}

Result<void> sync_depot(const DepotPaths& paths) {
    const int folder = ::open(paths.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return errno_error(paths.root(), "cannot open");
    const int synced = ::syncfs(folder);
    const Error error = errno_error(paths.root(), "cannot sync");
    ::close(folder);
    if (synced != 0) return error;
    return {};
}

Result<std::filesystem::path> deliver(const DepotPaths& paths, const CertificateRecord& record,
                                      Durability durability) {
    const auto source = paths.staging() / hex(record.serial);
    const auto target = paths.delivery(record.kind, record.name);
    if (const auto made = make_private_folder(target.parent_path()); !made) return made.error();
    // A new folder comes into being in one step. On an old one rename(2) fails, and its files are replaced.
    if (::rename(source.c_str(), target.c_str()) != 0) {
        if (errno != ENOTEMPTY && errno != EEXIST)
            return errno_error(source, "cannot move it to " + target.string());
        if (const auto merged = merge_into(source, target, record); !merged) return merged.error();
    }
    if (durability == Durability::later) return target;
    for (const auto& folder : {target, target.parent_path(), paths.staging()}) {
        if (const auto synced = sync_folder(folder); !synced) return synced.error();
    }
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
            if (!found->empty()) record = std::move(found->back());
        }
        if (record) {
            auto target = deliver(depot.paths(), *record);
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
