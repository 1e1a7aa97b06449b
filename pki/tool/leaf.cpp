#include "pki/tool/leaf.h"

#include "pki/time.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

AuthorityRole role_for(CertificateKind kind) {
    switch (kind) {
        case CertificateKind::device:
            return AuthorityRole::devices;
        case CertificateKind::server:
            return AuthorityRole::servers;
        case CertificateKind::operator_client:
            return AuthorityRole::operators;
        case CertificateKind::authority:
            break;
    }
    throw std::logic_error("authorities are not issued as leaves");
}

CertificateRole certificate_role(CertificateKind kind) {
    switch (kind) {
        case CertificateKind::device:
            return CertificateRole::device;
        case CertificateKind::server:
            return CertificateRole::server;
        case CertificateKind::operator_client:
            return CertificateRole::operator_client;
        case CertificateKind::authority:
            break;
    }
    throw std::logic_error("authorities are not issued as leaves");
}

const LeafSettings& settings_for(const DepotConfiguration& configuration, CertificateKind kind) {
    if (kind == CertificateKind::device) return configuration.devices;
    return kind == CertificateKind::server ? configuration.servers : configuration.operators;
}

Result<void> check_issuer(Depot& depot, const Authority& authority, const Validity& dates,
                          std::chrono::sys_seconds now) {
    const std::string path = depot.paths().certificate(authority.record.name).string();
    if (dates.not_after <= now) return Error{Fault::input, path + ": expired at " + rfc3339(dates.not_after)};
    const auto record =
        depot.index().find_certificate_of(authority.record, serial_octets(*authority.certificate));
    if (!record) return record.error();
    if (!*record) return Error{Fault::input, path + ": not the certificate that the index knows"};
    if ((*record)->revocation) {
        return Error{Fault::input,
                     path + ": this authority is " + (is_on_hold(**record) ? "on hold" : "revoked")};
    }
    return {};
}

/// The roots above the authority that issues for servers. None when this depot issues for no server.
Result<std::vector<CertificatePtr>> server_anchors(Depot& depot) {
    const auto servers = depot.issuing_record(AuthorityRole::servers);
    if (!servers) return std::vector<CertificatePtr>();
    return depot.certificates_above(*servers);
}

Result<IdentityFiles> files_of(const IssuingContext& context, X509& leaf, const EVP_PKEY* key) {
    std::vector<X509*> chain{&leaf, context.authority.certificate.get()};
    // A root is what the other side must have already; an intermediate above an imported authority is not.
    for (const CertificatePtr& above : context.above) {
        const bool is_root =
            X509_NAME_cmp(X509_get_subject_name(above.get()), X509_get_issuer_name(above.get())) == 0;
        if (!is_root) chain.push_back(above.get());
    }
    if (context.kind != CertificateKind::device)
        return client_or_server_files(context.kind == CertificateKind::server ? "server" : "operator", chain,
                                      key);
    std::vector<X509*> anchors;
    for (const CertificatePtr& anchor : context.server_anchors)
        anchors.push_back(anchor.get());
    return device_files(chain, anchors, key);
}

}  // namespace

Result<IssuingContext> issuing_context(Depot& depot, CertificateKind kind, const IssuingOptions& options,
                                       std::chrono::sys_seconds now) {
    auto authority = depot.issuing(role_for(kind), options.authority);
    if (!authority) return authority.error();
    const auto dates = validity(*authority->certificate);
    if (!dates) return dates.error();
    if (const auto checked = check_issuer(depot, *authority, *dates, now); !checked) return checked.error();
    const auto plan = depot.plan(authority->record.name);
    if (!plan) return plan.error();
    auto above = depot.certificates_above(authority->record);
    if (!above) return above.error();
    std::vector<CertificatePtr> anchors;
    if (kind == CertificateKind::device) {
        auto found = server_anchors(depot);
        if (!found) return found.error();
        anchors = std::move(*found);
    }
    const LeafSettings& settings = settings_for(depot.configuration(), kind);
    const auto wanted = now + options.lifetime.value_or(settings.lifetime);
    std::string notes;
    if (wanted > dates->not_after) {
        notes = "note: valid no longer than its issuer " + authority->record.name + ", which expires at " +
                rfc3339(dates->not_after) + "\n";
    }
    return IssuingContext{kind,
                          std::move(*authority),
                          plan->crl,
                          depot.configuration().organization,
                          {now - backdating, std::min(wanted, dates->not_after)},
                          settings.algorithm,
                          std::move(*above),
                          std::move(anchors),
                          options.batch,
                          std::move(notes)};
}

Result<void> lock_again(Depot& depot, const IssuingContext& context) {
    constexpr std::chrono::minutes patience{10};
    if (const auto locked = depot.lock(patience); !locked) return locked.error();
    const Authority& used = context.authority;
    const auto record = depot.index().find_certificate_of(used.record, serial_octets(*used.certificate));
    if (!record) return record.error();
    const auto authority = depot.index().find_authority(used.record.name);
    if (!authority) return authority.error();
    if (!*record || (*record)->revocation || !*authority || (*authority)->retired)
        return Error{Fault::input,
                     used.record.name + ": was revoked, put on hold or retired while this command ran"};
    return {};
}

Result<MadeLeaf> make_leaf(const IssuingContext& context, const LeafOrder& order) {
    const auto serial = generate_serial();
    if (!serial) return serial.error();
    KeyPtr own;
    if (order.request == nullptr) {
        auto key = generate_key(context.algorithm);
        if (!key) return key.error();
        own = std::move(*key);
    }
    EVP_PKEY& key = own ? *own : *order.request->key;
    const CertificateProfile profile{certificate_role(context.kind),
                                     {context.organization, order.common_name},
                                     *serial,
                                     context.validity,
                                     order.alternative_names,
                                     distribution_url(context.crl, context.authority.record, *serial)};
    const Signer signer = context.authority.signer();
    const auto certificate = issue_certificate(profile, key, &signer);
    if (!certificate) return certificate.error();
    auto record = record_of(**certificate, context.authority.record.name, context.kind, order.name);
    if (!record) return record.error();
    if (!order.lineage.empty()) record->lineage = order.lineage;
    record->partition = partition_of(record->serial, context.authority.record.partitions);
    record->batch = context.batch;
    auto files = files_of(context, **certificate, own.get());
    if (!files) return files.error();
    return MadeLeaf{std::move(*record), std::move(*files)};
}

Result<IdentityFiles> files_of(const IssuingContext& context, std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!certificate) return Error{Fault::runtime, take_openssl_errors("cannot read a recorded certificate")};
    const bool same_issuer = X509_NAME_cmp(X509_get_issuer_name(certificate.get()),
                                           X509_get_subject_name(context.authority.certificate.get())) == 0;
    if (!same_issuer) return Error{Fault::input, "its certificate is of another authority than new ones"};
    return files_of(context, *certificate, nullptr);
}

Result<void> check_key(Index& index, const CertificationRequest& request, std::string_view name,
                       std::string_view origin) {
    const auto digest = key_digest(*request.key);
    if (!digest) return digest.error();
    const auto known = index.find_key(*digest);
    if (!known) return known.error();
    for (const CertificateRecord& record : *known) {
        if (record.revocation) {
            return Error{Fault::input, std::string(origin) + ": its key is that of certificate " +
                                           hex(record.serial) + ", which is " +
                                           (is_on_hold(record) ? "on hold" : "revoked") + "; make a new key"};
        }
        if (record.name != name)
            return Error{Fault::input,
                         std::string(origin) + ": its key is that of " + record.name + "; make a new key"};
    }
    return {};
}

Result<LeafOrder> device_order(const std::string& device_id, const CertificationRequest* request,
                               std::string_view origin) {
    const std::string uri = "urn:canedge:device:" + device_id;
    if (request != nullptr) {
        const auto another = [](const std::vector<std::string>& names, const std::string& own) {
            return std::ranges::any_of(names, [&](const std::string& name) { return name != own; });
        };
        if (another(request->common_names, device_id) || another(request->san_uris, uri)) {
            return Error{Fault::input, std::string(origin) + ": asks for another device than " + device_id};
        }
        if (EVP_PKEY_get_base_id(request->key.get()) != EVP_PKEY_RSA)
            return Error{Fault::input, std::string(origin) + ": not an RSA key; devices know RSA only"};
    }
    return LeafOrder{device_id, device_id, {{AlternativeName::Type::uri, uri}}, {}, request};
}

}  // namespace sallyport::pki
