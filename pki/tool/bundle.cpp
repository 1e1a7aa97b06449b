#include "pki/tool/bundle.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/pkcs7.h"
#include "pki/server_identity.h"
#include "pki/time.h"

namespace sallyport::pki {
namespace {

Result<CertificatePtr> read_one(const std::filesystem::path& path) {
    const auto bytes = read_file(path, max_bundle_bytes);
    if (!bytes) return bytes.error();
    auto certificates = read_certificate_bundle(*bytes);
    if (!certificates) return Error{Fault::input, path.string() + ": " + certificates.error().message};
    if (certificates->size() != 1) {
        return Error{Fault::input, path.string() + ": " + std::to_string(certificates->size()) +
                                       " certificates; name files with one certificate each"};
    }
    if (EVP_PKEY_get_base_id(X509_get0_pubkey(certificates->front().get())) != EVP_PKEY_RSA) {
        return Error{Fault::input, path.string() + ": not an RSA certificate; devices know RSA only"};
    }
    return std::move(certificates->front());
}

/// A device keeps one certificate for each issuer and for each subject.
Result<void> check_distinct(const std::vector<CertificatePtr>& certificates,
                            const std::vector<std::filesystem::path>& sources) {
    for (std::size_t later = 1; later < certificates.size(); ++later) {
        const X509* b = certificates[later].get();
        for (std::size_t earlier = 0; earlier < later; ++earlier) {
            const X509* a = certificates[earlier].get();
            const bool same_subject = X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0;
            const bool same_issuer = X509_NAME_cmp(X509_get_issuer_name(a), X509_get_issuer_name(b)) == 0;
            if (!same_subject && !same_issuer) continue;
            return Error{Fault::input, sources[later].string() + ": the same " +
                                           (same_subject ? "subject" : "issuer") + " as in " +
                                           sources[earlier].string() +
                                           "; a device would keep only one of them"};
        }
    }
    return {};
}

/// What an operator should know about a certificate that a device can load.
std::string notes_on(const X509& certificate, const Validity& dates, const std::string& origin,
                     std::chrono::sys_seconds now) {
    std::string notes;
    if (dates.not_after <= now) {
        notes += "warning: " + origin + ": expired at " + rfc3339(dates.not_after) +
                 "; a device will not trust it\n";
    }
    int digest = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(&certificate), &digest, nullptr) == 1 &&
        digest == NID_sha384)
        notes += "warning: " + origin + ": signed with SHA-384, which old WiFi modules do not know\n";
    return notes;
}

/// Would a device that has this bundle trust a server that sends the chain in `path`?
Result<std::optional<std::string>> roll_over_problem(const std::filesystem::path& path,
                                                     const std::vector<CertificatePtr>& bundle,
                                                     std::chrono::sys_seconds now) {
    const auto text = read_file(path, max_bundle_bytes);
    if (!text) return text.error();
    const auto chain = parse_certificates(*text, path.string());
    if (!chain) return chain.error();
    return server_chain_problem(*chain, bundle, now);
}

}  // namespace

Result<Answer> write_bundle(const BundleRequest& request, std::chrono::sys_seconds now) {
    const auto& sources = request.sources;
    if (sources.empty()) return Error{Fault::input, "name at least one certificate file"};
    if (sources.size() > max_bundle_certificates) {
        return Error{Fault::input, std::to_string(sources.size()) + " certificates; a device takes at most " +
                                       std::to_string(max_bundle_certificates)};
    }
    Answer answer;
    std::vector<CertificatePtr> certificates;
    std::vector<X509*> views;
    for (const auto& path : sources) {
        auto certificate = read_one(path);
        if (!certificate) return certificate.error();
        const auto dates = validity(**certificate);
        if (!dates) return Error{Fault::input, path.string() + ": " + dates.error().message};
        answer.notes += notes_on(**certificate, *dates, path.string(), now);
        views.push_back(certificate->get());
        certificates.push_back(std::move(*certificate));
    }
    if (const auto distinct = check_distinct(certificates, sources); !distinct) return distinct.error();
    for (const auto& path : request.served) {
        const auto problem = roll_over_problem(path, certificates, now);
        if (!problem) return problem.error();
        if (!*problem) continue;
        return no("a device with this bundle would not trust a server that sends " + path.string() + ": " +
                  **problem + "; nothing was written");
    }
    const auto bytes = write_certificate_bundle(views, request.form);
    if (!bytes) return bytes.error();
    if (const auto written = replace_file(request.out, *bytes, 0644); !written) return written.error();
    answer.text = std::to_string(certificates.size()) +
                  (certificates.size() == 1 ? " certificate" : " certificates") + " written to " +
                  request.out.string() + "\n";
    answer.json = {{"certificates", certificates.size()}, {"path", request.out.string()}};
    return answer;
}

}  // namespace sallyport::pki
