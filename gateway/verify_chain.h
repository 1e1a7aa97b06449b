#pragma once

#include "pki/chain_verifier.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// Files of `sallyport-gateway verify-chain`.
struct ChainFiles {
    std::filesystem::path trust;  ///< PEM: the anchors
    std::filesystem::path crl;    ///< PEM or DER: all CRLs; may be empty
    std::filesystem::path chain;  ///< PEM: the peer's certificate, then what it sent in any order
};

/// A verdict, and what was odd about the CRLs (each left out, which can only refuse more).
struct ChainVerdict {
    std::optional<pki::ChainRefusal> refusal;  ///< nothing means let in
    std::vector<std::string> notes;
};

/// Asks what a handshake would: the path first, then each certificate below the anchor in the revocation
/// index. No device-id policy. An expired CRL is enforced for `grace` more. CRLs may be signed by the anchors
/// or by CA certificates of the chain: those count only for what such a CA issued itself, and only below an
/// anchor.
pki::Result<ChainVerdict> verify_chain(const ChainFiles& files, std::chrono::sys_seconds at,
                                       std::chrono::seconds grace);

}  // namespace sallyport::gateway
