#pragma once

#include "pki/result.h"
#include "pki/revocation_index.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// The gateway's memory across restarts: the CRL that was last in force for each issuer and scope, and which
/// shrinking CRLs an operator accepted. Files are replaced in one step and synced, so that a crash leaves the
/// old or the new one. What is read back is verified again like any CRL: the folder needs no more trust than
/// the sources.
class CrlArchive {
  public:
    explicit CrlArchive(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Makes the folders where they are missing (mode 0700).
    pki::Result<void> prepare() const;

    struct Kept {
        std::filesystem::path file;
        std::string der;
    };
    /// Files that cannot be read are left out and named in `faults`.
    std::vector<Kept> load(std::size_t max_bytes, std::vector<std::string>& faults) const;
    pki::Result<void> keep(const pki::CrlFacts& facts, std::string_view der) const;

    /// SHA-256 (hex) of the CRLs that may shrink.
    std::set<std::string> accepted() const;
    pki::Result<void> accept(const std::string& sha256) const;
    std::filesystem::path accepted_folder() const { return folder_ / "accepted"; }

  private:
    std::filesystem::path crl_folder() const { return folder_ / "crl"; }

    std::filesystem::path folder_;
};

}  // namespace sallyport::gateway
