#pragma once

#include "pki/result.h"
#include "pki/tool/depot.h"
#include "pki/tool/index.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A file of a server's or device's folder.
struct IdentityFile {
    std::string name;
    std::string content;
    unsigned mode;
};

/// Wipes the contents, of which one is a private key, when it goes out of scope.
struct IdentityFiles {
    std::vector<IdentityFile> files;

    IdentityFiles() = default;
    IdentityFiles(IdentityFiles&&) = default;
    IdentityFiles& operator=(IdentityFiles&&) = delete;
    ~IdentityFiles();
};

// `chain` begins with the leaf. Without a key (null), because its owner keeps it, there is no key file.

/// NAME.chain.pem and NAME.key.
Result<IdentityFiles> client_or_server_files(const std::string& name, std::span<X509* const> chain,
                                             const EVP_PKEY* key);

/// What a device's card carries: certs_device.p7b and certs_device.pem (the chain), certs_device.key, and
/// certs_server.p7b with the anchors for servers; without anchors there is none.
Result<IdentityFiles> device_files(std::span<X509* const> chain, std::span<X509* const> anchors,
                                   const EVP_PKEY* key);

// A certificate and its key reach their folder in three steps, and a process killed after any of them loses
// nothing and leaves nothing unrecorded: the files are staged under the serial, the index records the
// certificate, the files move. What is staged but not recorded was never issued.

/// Whether a step makes its files durable itself, or leaves that to sync_depot() for many at once.
enum class Durability { at_once, later };

/// First step: writes the files to DIR/staging/SERIAL.
Result<void> stage(const DepotPaths& paths, std::string_view serial, const IdentityFiles& files,
                   Durability durability = Durability::at_once);

/// Makes all that was staged and delivered survive a power failure.
Result<void> sync_depot(const DepotPaths& paths);

/// Last step: moves them to the folder of `record`, which the index holds by now. Returns that folder. A key
/// that lies there and is not that of the new certificate is kept as previous.key.
Result<std::filesystem::path> deliver(const DepotPaths& paths, const CertificateRecord& record,
                                      Durability durability = Durability::at_once);

/// Finishes or clears away what a killed process left in DIR/staging. Returns the folders that were
/// completed.
Result<std::vector<std::filesystem::path>> finish_deliveries(Depot& depot);

/// Writes the files into a folder of the caller's choice, such as a card.
Result<void> copy_to(const std::filesystem::path& folder, const IdentityFiles& files);

}  // namespace sallyport::pki
