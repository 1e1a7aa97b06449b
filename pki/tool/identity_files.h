#pragma once

#include "pki/result.h"
#include "pki/tool/depot.h"
#include "pki/tool/index.h"

#include <filesystem>
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

/// server.chain.pem (leaf, then intermediate) and server.key.
Result<IdentityFiles> server_files(X509& leaf, X509& issuer, const EVP_PKEY& key);

/// What a device's card carries: certs_device.p7b and certs_device.pem (leaf, then intermediate),
/// certs_device.key, and certs_server.p7b with the root as the anchor for servers.
Result<IdentityFiles> device_files(X509& leaf, X509& issuer, X509& root, const EVP_PKEY& key);

// A certificate and its key reach their folder in three steps, and a process killed after any of them loses
// nothing and leaves nothing unrecorded: the files are staged under the serial, the index records the
// certificate, the files move. What is staged but not recorded was never issued.

/// First step: writes the files to DIR/staging/SERIAL.
Result<void> stage(const Depot& depot, std::string_view serial, const IdentityFiles& files);

/// Last step: moves them to the folder of `record`, which the index holds by now. Returns that folder.
Result<std::filesystem::path> deliver(const Depot& depot, const CertificateRecord& record);

/// Finishes or clears away what a killed process left in DIR/staging. Returns the folders that were
/// completed.
Result<std::vector<std::filesystem::path>> finish_deliveries(Depot& depot);

/// Writes the files into a folder of the caller's choice, such as a card.
Result<void> copy_to(const std::filesystem::path& folder, const IdentityFiles& files);

}  // namespace sallyport::pki
