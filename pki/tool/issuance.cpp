#include "pki/tool/issuance.h"

#include "pki/file.h"
#include "pki/key.h"
#include "pki/time.h"
#include "pki/tool/identity_files.h"
#include "pki/tool/init.h"
#include "pki/tool/names.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

/// A certificate to be issued by one of the two issuing authorities.
struct Leaf {
    CertificateKind kind;
    std::string name;  ///< of its folder
    std::string common_name;
    std::vector<AlternativeName> alternative_names;
    std::chrono::days lifetime;
    std::string lineage;  ///< empty: begins one
    std::optional<std::filesystem::path> card;
};

struct Issued {
    CertificateRecord record;
    std::filesystem::path folder;
    std::string notes;
};

std::string label(const CertificateRecord& record) {
    return hex(record.serial) + " (" + record.name + ")";
}

Result<void> check_card(const std::optional<std::filesystem::path>& card) {
    if (card && !std::filesystem::is_directory(*card)) {
        return Error{Fault::input,
                     card->string() + ": not a folder; --card names the folder of a mounted card"};
    }
    return {};
}

Result<void> check_issuer(Depot& depot, std::string_view name, const X509& certificate, const Validity& dates,
                          std::chrono::sys_seconds now) {
    const std::string path = depot.paths().certificate(name).string();
    if (dates.not_after <= now) return Error{Fault::input, path + ": expired at " + rfc3339(dates.not_after)};
    const auto record = depot.index().find_serial(serial_octets(certificate));
    if (!record) return record.error();
    if (!*record) return Error{Fault::input, path + ": not the certificate that init made"};
    if ((*record)->revocation) return Error{Fault::input, path + ": this authority is revoked"};
    return {};
}

Result<IdentityFiles> files_of(Depot& depot, CertificateKind kind, X509& leaf, X509& issuer,
                               const EVP_PKEY& key) {
    if (kind == CertificateKind::server) return server_files(leaf, issuer, key);
    const auto root = depot.certificate(root_authority);
    if (!root) return root.error();
    return device_files(leaf, issuer, **root, key);
}

Result<Issued> issue(Depot& depot, const Leaf& leaf, std::chrono::sys_seconds now) {
    const bool is_device = leaf.kind == CertificateKind::device;
    const std::string_view issuer_name = is_device ? device_authority : server_authority;
    const auto issuer = depot.authority(issuer_name);
    if (!issuer) return issuer.error();
    const auto issuer_dates = validity(*issuer->certificate);
    if (!issuer_dates) return issuer_dates.error();
    const auto checked = check_issuer(depot, issuer_name, *issuer->certificate, *issuer_dates, now);
    if (!checked) return checked.error();
    const auto settings = depot.index().settings();
    if (!settings) return settings.error();
    const auto serial = generate_serial();
    if (!serial) return serial.error();
    const auto key = generate_rsa_key();
    if (!key) return key.error();

    const auto wanted = now + leaf.lifetime;
    CertificateProfile profile{is_device ? CertificateRole::device : CertificateRole::server,
                               {settings->organization, leaf.common_name},
                               *serial,
                               {now - backdating, std::min(wanted, issuer_dates->not_after)},
                               leaf.alternative_names,
                               {}};
    if (!settings->crl_url.empty())
        profile.crl_url = settings->crl_url + "/" + std::string(issuer_name) + ".crl";
    const Signer signer = issuer->signer();
    const auto certificate = issue_certificate(profile, **key, &signer);
    if (!certificate) return certificate.error();
    auto record = record_of(**certificate, issuer_name, leaf.kind, leaf.name);
    if (!record) return record.error();
    if (!leaf.lineage.empty()) record->lineage = leaf.lineage;
    const auto files = files_of(depot, leaf.kind, **certificate, *issuer->certificate, **key);
    if (!files) return files.error();

    if (const auto staged = stage(depot, *serial, *files); !staged) return staged.error();
    if (const auto added = depot.index().add_certificate(*record, now); !added) return added.error();
    auto folder = deliver(depot, *record);
    if (!folder) return folder.error();
    if (leaf.card) {
        if (const auto copied = copy_to(*leaf.card, *files); !copied) {
            return Error{copied.error().fault, copied.error().message +
                                                   "; the certificate was issued, copy its files from " +
                                                   folder->string()};
        }
    }
    std::string notes;
    if (wanted > issuer_dates->not_after) {
        notes = "note: valid no longer than its issuer " + std::string(issuer_name) + ", which expires at " +
                rfc3339(issuer_dates->not_after) + "\n";
    }
    return Issued{std::move(*record), std::move(*folder), std::move(notes)};
}

Answer report(std::string_view action, const Issued& issued,
              const std::optional<std::filesystem::path>& card) {
    Answer answer;
    answer.text = std::string(action) + " " + label(issued.record) + ", valid until " +
                  rfc3339(issued.record.validity.not_after) + ", files in " + issued.folder.string();
    if (card) answer.text += " and " + card->string();
    answer.text += "\n";
    answer.notes = issued.notes;
    return answer;
}

Leaf device_leaf(const DeviceRequest& request, std::string lineage) {
    return {CertificateKind::device,
            request.device_id,
            request.device_id,
            {{AlternativeName::Type::uri, "urn:canedge:device:" + request.device_id}},
            request.lifetime,
            std::move(lineage),
            request.card};
}

/// Adds each value once, in order; an X.509 reader gains nothing from a name that comes twice.
void add_once(std::vector<AlternativeName>& names, AlternativeName::Type type, std::string value) {
    const auto same = [&](const AlternativeName& name) { return name.type == type && name.value == value; };
    if (std::ranges::none_of(names, same)) names.push_back({type, std::move(value)});
}

Result<std::vector<CertificateRecord>> known_certificates(Depot& depot, const DeviceRequest& request) {
    if (!is_device_id(request.device_id)) {
        return Error{Fault::input,
                     "'" + request.device_id + "' is not a device ID: 8 hexadecimal digits, upper case"};
    }
    if (const auto checked = check_card(request.card); !checked) return checked.error();
    return depot.index().find_device(request.device_id);
}

}  // namespace

Result<Answer> issue_server(Depot& depot, const ServerRequest& request, std::chrono::sys_seconds now) {
    constexpr std::size_t max_names = 100, max_common_name = 64;
    if (request.dns_names.empty() && request.addresses.empty()) {
        return Error{Fault::input, "a server needs at least one --name or --ip"};
    }
    if (request.dns_names.size() + request.addresses.size() > max_names) {
        return Error{Fault::input, "at most " + std::to_string(max_names) + " names and addresses"};
    }
    Leaf leaf{CertificateKind::server, {}, {}, {}, request.lifetime, {}, {}};
    for (const std::string& name : request.dns_names) {
        if (!is_dns_name(name))
            return Error{Fault::input, "--name: '" + name + "' is not a host name in lower case"};
        add_once(leaf.alternative_names, AlternativeName::Type::dns, name);
        if (leaf.common_name.empty() && name.size() <= max_common_name) leaf.common_name = name;
    }
    for (const std::string& address : request.addresses) {
        auto octets = parse_ip_address(address);
        if (!octets) return Error{Fault::input, "--ip: '" + address + "' is not an IPv4 or IPv6 address"};
        add_once(leaf.alternative_names, AlternativeName::Type::ip, std::move(*octets));
        if (leaf.common_name.empty()) leaf.common_name = address;
    }
    if (leaf.common_name.empty()) leaf.common_name = "server";  // every name is longer than a CN may be
    leaf.name = request.dns_names.empty() ? request.addresses.front() : request.dns_names.front();
    std::ranges::replace(leaf.name, '*', '_');
    const auto issued = issue(depot, leaf, now);
    if (!issued) return issued.error();
    return report("issued", *issued, std::nullopt);
}

Result<Answer> issue_device(Depot& depot, const DeviceRequest& request, std::chrono::sys_seconds now) {
    const auto known = known_certificates(depot, request);
    if (!known) return known.error();
    for (const CertificateRecord& record : *known) {
        if (record.validity.not_after <= now) continue;
        if (record.revocation && !record.revocation->on_hold()) continue;
        return no(
            request.device_id + " has certificate " + hex(record.serial) +
            (record.revocation ? " on hold; unhold or revoke it first" : "; renew it, or revoke it first"));
    }
    const auto issued = issue(depot, device_leaf(request, {}), now);
    if (!issued) return issued.error();
    return report("issued", *issued, request.card);
}

Result<Answer> renew_device(Depot& depot, const DeviceRequest& request, std::chrono::sys_seconds now) {
    const auto known = known_certificates(depot, request);
    if (!known) return known.error();
    if (known->empty()) return no(request.device_id + ": no certificate of this device in the depot");
    const CertificateRecord& newest = known->back();
    if (newest.revocation) {
        return no(request.device_id + ": certificate " + hex(newest.serial) +
                  (newest.revocation->on_hold()
                       ? " is on hold; unhold it first"
                       : " is revoked; issue a new one with: issue device " + request.device_id));
    }
    const auto issued = issue(depot, device_leaf(request, newest.lineage), now);
    if (!issued) return issued.error();
    Answer answer = report("renewed", *issued, request.card);
    if (newest.validity.not_after > now) {
        answer.text += label(newest) + " stays valid until " + rfc3339(newest.validity.not_after) +
                       " unless it is revoked\n";
    }
    return answer;
}

}  // namespace sallyport::pki
