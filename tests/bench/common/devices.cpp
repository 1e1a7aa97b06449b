#include "tests/bench/common/devices.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/issue.h"

#include <cstdio>

namespace sallyport::bench {
namespace {

constexpr std::size_t max_pem_bytes = 1U << 20U;

pki::Result<pki::KeyPtr> read_key(const std::string& file) {
    auto pem = pki::read_secret_file(file, max_pem_bytes);
    if (!pem) return pem.error();
    auto key = pki::parse_private_key(*pem, file);
    pki::wipe(*pem);
    return key;
}

pki::Result<pki::CertificatePtr> read_certificate(const std::string& file) {
    const auto pem = pki::read_file(file, max_pem_bytes);
    if (!pem) return pem.error();
    auto certificates = pki::parse_certificates(*pem, file);
    if (!certificates) return certificates.error();
    return std::move(certificates->front());
}

std::string id_of(std::size_t number) {
    char text[16];
    std::snprintf(text, sizeof text, "%08zX", number & 0xFFFFFFFFU);
    return text;
}

pki::Result<Device> make_device(const std::string& id, const pki::Signer& signer, EVP_PKEY& key) {
    const auto dates = pki::validity(*signer.certificate);
    if (!dates) return dates.error();
    const auto serial = pki::generate_serial();
    if (!serial) return serial.error();
    pki::CertificateProfile profile{pki::CertificateRole::device, {"", id}, *serial, *dates, {}, ""};
    profile.alternative_names.push_back({pki::AlternativeName::Type::uri, "urn:canedge:device:" + id});
    auto certificate = pki::issue_certificate(profile, key, &signer);
    if (!certificate) return certificate.error();
    return Device{id, std::move(*certificate)};
}

}  // namespace

std::string Device::request(std::string_view method, std::string_view object,
                            std::uint64_t body_bytes) const {
    std::string head(method);
    head += " /fleet/" + id + "/";
    head += object;
    head += " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (body_bytes > 0) head += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
    return head +
           "x-amz-content-sha256: UNSIGNED-PAYLOAD\r\nx-amz-date: 20260115T080000Z\r\n"
           "Authorization: AWS4-HMAC-SHA256 Credential=FLEETKEY/20260115/us-east-1/s3/aws4_request, "
           "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" +
           std::string(64, '0') + "\r\n\r\n";
}

pki::Result<Fleet> make_fleet(const FleetFiles& files, std::size_t count, std::size_t first) {
    auto authority = read_certificate(files.authority);
    if (!authority) return authority.error();
    const auto authority_key = read_key(files.authority_key);
    if (!authority_key) return authority_key.error();
    auto key = read_key(files.device_key);
    if (!key) return key.error();

    Fleet fleet{std::move(*authority), pki::CertificateStackPtr(sk_X509_new_null()), std::move(*key), {}};
    X509_up_ref(fleet.authority.get());
    sk_X509_push(fleet.chain.get(), fleet.authority.get());
    const pki::Signer signer{fleet.authority.get(), authority_key->get()};
    for (std::size_t i = 0; i < count; ++i) {
        auto device = make_device(id_of(first + i), signer, *fleet.key);
        if (!device) return device.error();
        fleet.devices.push_back(std::move(*device));
    }
    return fleet;
}

}  // namespace sallyport::bench
