#include "gateway/verify_chain.h"

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/revocation_index_builder.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_pem_bytes = 16U << 20U;
constexpr std::size_t max_crl_bytes = 1U << 30U;

pki::Result<std::vector<pki::CertificatePtr>> read_certificates(const std::filesystem::path& file) {
    const auto pem = pki::read_file(file, max_pem_bytes);
    if (!pem) return pem.error();
    return pki::parse_certificates(*pem, file.string());
}

pki::RevocationIndex build_index(std::string content, const std::filesystem::path& origin,
                                 std::vector<X509*> authorities, std::chrono::seconds grace,
                                 std::vector<std::string>& notes) {
    pki::RevocationIndexBuilder builder(std::move(authorities), pki::CrlLadder{.grace = grace}, nullptr);
    const bool blank = content.find_first_not_of(" \t\r\n") == std::string::npos;
    if (!blank) {
        const auto crls = pki::split_crl_file(std::move(content));
        if (!crls) {
            notes.push_back(origin.string() + ": " + crls.error().message);
            return builder.finish().index;
        }
        for (const std::string& der : *crls) {
            const pki::Bytes bytes(reinterpret_cast<const std::uint8_t*>(der.data()), der.size());
            const auto added = builder.add(origin.string(), bytes);
            if (!added) notes.push_back(origin.string() + ": " + added.error().message);
        }
    }
    auto finished = builder.finish();
    for (const auto& refused : finished.refused)
        notes.push_back(refused.origin + ": " + refused.error.message);
    return std::move(finished.index);
}

}  // namespace

pki::Result<ChainVerdict> verify_chain(const ChainFiles& files, std::chrono::sys_seconds at,
                                       std::chrono::seconds grace) {
    auto anchors = read_certificates(files.trust);
    if (!anchors) return anchors.error();
    auto sent = read_certificates(files.chain);
    if (!sent) return sent.error();
    auto crl = pki::read_file(files.crl, max_crl_bytes);
    if (!crl) return crl.error();
    const auto trust = pki::TrustAnchors::create(std::move(*anchors), {});
    if (!trust) return trust.error();

    const pki::CertificatePtr leaf = std::move(sent->front());
    sent->erase(sent->begin());
    ChainVerdict verdict;
    std::vector<X509*> authorities = trust->authorities();
    for (const auto& certificate : *sent)
        authorities.push_back(certificate.get());
    const auto index = build_index(std::move(*crl), files.crl, std::move(authorities), grace, verdict.notes);

    const auto path = pki::verify_path(*leaf, *sent, *trust, at);
    if (path) {
        verdict.refusal = pki::recheck(*path, index, pki::RevocationRequirement::chain, at);
    } else {
        verdict.refusal = path.error();
    }
    return verdict;
}

}  // namespace sallyport::gateway
