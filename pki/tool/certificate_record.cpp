#include "pki/tool/certificate_record.h"

#include "pki/key.h"

namespace sallyport::pki {

std::string_view to_string(CertificateKind kind) noexcept {
    switch (kind) {
        case CertificateKind::authority:
            return "authority";
        case CertificateKind::server:
            return "server";
        case CertificateKind::device:
            return "device";
        case CertificateKind::operator_client:
            return "operator";
    }
    return "unknown";
}

std::string_view to_string(CertificateState state) noexcept {
    switch (state) {
        case CertificateState::valid:
            return "valid";
        case CertificateState::not_yet_valid:
            return "not yet valid";
        case CertificateState::expired:
            return "expired";
        case CertificateState::on_hold:
            return "on hold";
        case CertificateState::revoked:
            return "revoked";
    }
    return "unknown";
}

CertificateState state_of(const CertificateRecord& record, std::chrono::sys_seconds now) noexcept {
    if (record.revocation)
        return record.revocation->on_hold() ? CertificateState::on_hold : CertificateState::revoked;
    if (record.validity.not_after < now) return CertificateState::expired;
    return record.validity.not_before > now ? CertificateState::not_yet_valid : CertificateState::valid;
}

Result<CertificateRecord> record_of(const X509& certificate, std::string_view issuer, CertificateKind kind,
                                    std::string_view name) {
    const auto dates = validity(certificate);
    if (!dates) return dates.error();
    unsigned char* data = nullptr;
    const int size = i2d_X509(&certificate, &data);
    const BufferPtr owned(data);
    if (size <= 0) return Error{Fault::runtime, take_openssl_errors("cannot encode a certificate")};
    const EVP_PKEY* key = X509_get0_pubkey(&certificate);
    if (key == nullptr) return Error{Fault::input, take_openssl_errors("cannot read a certificate's key")};
    auto digest = key_digest(*key);
    if (!digest) return digest.error();
    const std::string serial = serial_octets(certificate);
    return CertificateRecord{serial,
                             std::string(issuer),
                             kind,
                             std::string(name),
                             name_text(*X509_get_subject_name(&certificate)),
                             serial,
                             *dates,
                             std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)),
                             std::move(*digest)};
}

}  // namespace sallyport::pki
