#pragma once

#include "pki/tool/certificate_record.h"
#include "pki/tool/index.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// "device-ca", "device-ca-delta", "device-ca-3p", "device-ca-3p-delta": the name of a CRL's files and of its
/// published URL, without their ending. `partitions` is of the authority.
std::string crl_name(const CrlScopeId& scope, unsigned partitions, CrlForm form);

/// Where everything lies in a depot's folder.
class DepotPaths {
  public:
    explicit DepotPaths(std::filesystem::path root) : root_(std::move(root)) {}

    const std::filesystem::path& root() const noexcept { return root_; }
    std::filesystem::path configuration() const { return root_ / "depot.yaml"; }
    std::filesystem::path index() const { return root_ / "index.sqlite"; }
    std::filesystem::path lock() const { return root_ / "lock"; }
    /// Exists from the first to the last step of `init`.
    std::filesystem::path unfinished() const { return root_ / "init-unfinished"; }
    std::filesystem::path private_keys() const { return root_ / "private"; }
    std::filesystem::path key(std::string_view authority) const {
        return named(private_keys(), authority, ".key");
    }
    std::filesystem::path certificate(std::string_view authority) const {
        return named(root_, authority, ".pem");
    }
    /// The certificates above an imported authority.
    std::filesystem::path chain_above(std::string_view authority) const {
        return named(root_, authority, ".chain.pem");
    }
    std::filesystem::path crls() const { return root_ / "crl"; }
    std::filesystem::path crl(std::string_view crl_name) const { return named(crls(), crl_name, ".crl.pem"); }
    std::filesystem::path staging() const { return root_ / "staging"; }
    /// The folder of the files of a server, a device or an operator.
    std::filesystem::path delivery(CertificateKind kind, std::string_view name) const;

  private:
    static std::filesystem::path named(const std::filesystem::path& folder, std::string_view name,
                                       std::string_view suffix) {
        return folder / (std::string(name).append(suffix));
    }
    std::filesystem::path root_;
};

}  // namespace sallyport::pki
