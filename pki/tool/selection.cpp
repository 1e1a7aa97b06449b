#include "pki/tool/selection.h"

#include "pki/file.h"
#include "pki/pkcs7.h"
#include "pki/time.h"
#include "pki/tool/csv.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace sallyport::pki {
namespace {

/// Collects records and keeps each serial once.
class Collector {
  public:
    Collector(Depot& depot, std::chrono::sys_seconds now) : depot_(depot), now_(now) {}

    Result<void> add_device(const std::string& id) {
        const auto records = depot_.index().find_device(id);
        if (!records) return records.error();
        if (records->empty()) {
            selected_.unknown.push_back(id);
            return {};
        }
        bool unexpired = false;
        for (const CertificateRecord& record : *records) {
            if (record.validity.not_after < now_) continue;
            unexpired = true;
            keep(record);
        }
        if (!unexpired)
            selected_.expired.push_back(id + ": expired at " + rfc3339(records->back().validity.not_after));
        return {};
    }

    Result<void> add_serial(const std::string& octets) {
        const auto records = depot_.index().find_serial(octets);
        if (!records) return records.error();
        if (records->empty()) {
            selected_.unknown.push_back("serial " + hex(octets));
            return {};
        }
        if (records->size() > 1) {
            return Error{Fault::input, "serial " + hex(octets) + " is that of " + records->front().name +
                                           " and of " + records->back().name +
                                           ", from two issuers; say which one is meant with --cert FILE"};
        }
        return add(records->front());
    }

    Result<void> add(const CertificateRecord& record) {
        if (record.kind == CertificateKind::authority && record.issuer == record.name) {
            return Error{
                Fault::input,
                "a root cannot be revoked by its own CRL; take it out of the gateways' trust files instead"};
        }
        if (record.kind == CertificateKind::authority && record.issuer.empty()) {
            return Error{Fault::input, record.name +
                                           ": its issuer is outside of this depot: revoke it there, or take "
                                           "it out of the gateways' trust files"};
        }
        keep(record);
        return {};
    }

    Result<void> add_matching(CertificateFilter filter) {
        filter.kind = CertificateKind::device;
        bool any = false;
        const auto visited = depot_.index().visit_certificates(filter, [&](const CertificateRecord& record) {
            if (record.validity.not_after < now_) return;
            any = true;
            keep(record);
        });
        if (!visited) return visited;
        // Beside others it would not be missed, and may be a slip of the pen.
        if (!any && !selected_.records.empty())
            selected_.unknown.push_back(filter.batch.empty() ? "--issued-before" : "--batch " + filter.batch);
        return {};
    }

    Selected take() { return std::move(selected_); }

    void keep(const CertificateRecord& record) {
        if (!seen_.emplace(record.issuer, record.serial, record.name).second) return;
        selected_.records.push_back(record);
        selected_.records.back().der = std::string();  // most of its memory, and nobody asks for it here
    }

    void keep_unrecorded(const CertificateRecord& record) {
        if (!seen_.contains({record.issuer, record.serial, record.name}))
            selected_.unrecorded.push_back(record);
        keep(record);
    }

  private:
    Depot& depot_;
    std::chrono::sys_seconds now_;
    Selected selected_;
    std::set<std::tuple<std::string, std::string, std::string>> seen_;  ///< issuer, serial, name
};

Error not_a_device_id(const std::string& text) {
    return {Fault::input, "'" + text + "' is not a device ID: 8 hexadecimal digits, upper case"};
}

Error not_a_serial(const std::string& text) {
    return {Fault::input, "'" + text + "' is not a serial number in hexadecimal"};
}

Result<void> add_csv(Collector& collector, const std::filesystem::path& path) {
    const auto text = read_file(path, max_csv_bytes);
    if (!text) return text.error();
    const auto table = parse_csv(*text, path.string(), {"device_id", "serial"});
    if (!table) return table.error();
    // First all lines are looked at, so that an error in line 17 changes nothing.
    LineFaults faults(path.string());
    std::vector<std::string> ids, serials;
    for (const CsvRow& row : table->rows) {
        if (std::ranges::count_if(row.fields, [](const std::string& field) { return !field.empty(); }) != 1) {
            faults.add(row.line, "a row names either a device_id or a serial");
            continue;
        }
        for (std::size_t i = 0; i < row.fields.size(); ++i) {
            const std::string& field = row.fields[i];
            if (field.empty()) continue;
            if (table->columns[i] == "device_id") {
                if (!is_device_id(field)) faults.add(row.line, not_a_device_id(field).message);
                ids.push_back(field);
            } else if (auto octets = parse_serial(field)) {
                serials.push_back(std::move(*octets));
            } else {
                faults.add(row.line, not_a_serial(field).message);
            }
        }
    }
    if (!faults.empty()) return faults.error();
    for (const std::string& id : ids) {
        if (const auto added = collector.add_device(id); !added) return added;
    }
    for (const std::string& octets : serials) {
        if (const auto added = collector.add_serial(octets); !added) return added;
    }
    return {};
}

/// The depot's authority that signed a certificate; nothing when none did.
Result<std::optional<AuthorityRecord>> signer_of(Depot& depot, X509& certificate) {
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        const auto issuer = depot.certificate(authority.name);
        if (!issuer) return issuer.error();
        // By name and key identifier first: a key may serve two authorities.
        const bool signed_by = X509_check_issued(issuer->get(), &certificate) == X509_V_OK &&
                               X509_verify(&certificate, X509_get0_pubkey(issuer->get())) == 1;
        take_openssl_errors("");
        if (signed_by) return std::optional(authority);
    }
    return std::optional<AuthorityRecord>();
}

/// The record of the depot's authority whose certificate this is.
Result<std::optional<CertificateRecord>> authority_of(Depot& depot, const X509& certificate) {
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        const auto own = depot.certificate(authority.name);
        if (!own) return own.error();
        if (X509_cmp(own->get(), &certificate) == 0)
            return depot.index().find_certificate_of(authority, serial_octets(certificate));
    }
    return std::optional<CertificateRecord>();
}

Result<void> add_certificate_file(Depot& depot, Collector& collector, const std::filesystem::path& path) {
    const auto bytes = read_file(path, max_bundle_bytes);
    if (!bytes) return bytes.error();
    auto certificates = read_certificate_bundle(*bytes);
    if (!certificates) certificates = parse_certificates(*bytes, path.string());
    if (!certificates) return certificates.error();
    if (certificates->empty()) return Error{Fault::input, path.string() + ": no certificate"};
    // Of a chain, the one that is no authority; a lone authority is meant itself.
    const auto is_leaf = [](const CertificatePtr& each) { return X509_check_ca(each.get()) == 0; };
    const auto leaves = std::ranges::count_if(*certificates, is_leaf);
    if (leaves > 1 || (leaves == 0 && certificates->size() > 1))
        return Error{Fault::input, path.string() + ": several certificates; which one is meant?"};
    X509& certificate = leaves == 1 ? **std::ranges::find_if(*certificates, is_leaf) : *certificates->front();
    const std::string serial = serial_octets(certificate);
    const auto as_authority = authority_of(depot, certificate);
    if (!as_authority) return as_authority.error();
    if (*as_authority) return collector.add(**as_authority);
    const auto authority = signer_of(depot, certificate);
    if (!authority) return authority.error();
    if (!*authority) {
        return Error{Fault::input,
                     path.string() + ": serial " + hex(serial) + " was signed by no authority of this depot"};
    }
    const auto known = depot.index().find_certificate((*authority)->name, serial);
    if (!known) return known.error();
    const auto own = record_of(certificate, (*authority)->name, CertificateKind::device, "");
    if (!own) return own.error();
    if (*known && (*known)->der != own->der) {
        return Error{Fault::input, path.string() + ": serial " + hex(serial) +
                                       " is that of another certificate in this depot, of authority " +
                                       (*authority)->name};
    }
    if (!*known) {
        const auto names = certificate_names(certificate);
        const bool is_device = names.common_names.size() == 1 && is_device_id(names.common_names.front());
        const std::string name = names.common_names.empty() ? hex(serial) : names.common_names.front();
        auto record = record_of(certificate, (*authority)->name,
                                is_device ? CertificateKind::device : CertificateKind::server, name);
        if (!record) return record.error();
        record->partition = partition_of(serial, (*authority)->partitions);
        auto revocation = depot.index().find_revocation({record->issuer, record->partition}, serial);
        if (!revocation) return revocation.error();
        record->revocation = *revocation;  // of one that was taken over, the CRL told
        collector.keep_unrecorded(*record);
        return {};
    }
    return collector.add(**known);
}

}  // namespace

bool Selection::empty() const noexcept {
    return device_ids.empty() && serials.empty() && certificates.empty() && csv.empty() && !issued_before &&
           batch.empty();
}

Result<Selected> select(Depot& depot, const Selection& selection, std::chrono::sys_seconds now) {
    for (const std::string& id : selection.device_ids) {
        if (!is_device_id(id)) return not_a_device_id(id);
    }
    std::vector<std::string> serials;
    for (const std::string& text : selection.serials) {
        auto octets = parse_serial(text);
        if (!octets) return not_a_serial(text);
        serials.push_back(std::move(*octets));
    }
    Collector collector(depot, now);
    for (const std::string& id : selection.device_ids) {
        if (const auto added = collector.add_device(id); !added) return added.error();
    }
    for (const std::string& octets : serials) {
        if (const auto added = collector.add_serial(octets); !added) return added.error();
    }
    if (!selection.csv.empty()) {
        if (const auto added = add_csv(collector, selection.csv); !added) return added.error();
    }
    for (const auto& path : selection.certificates) {
        if (const auto added = add_certificate_file(depot, collector, path); !added) return added.error();
    }
    if (selection.issued_before || !selection.batch.empty()) {
        CertificateFilter filter{.batch = selection.batch, .now = now};
        if (selection.issued_before) filter.issued_before = *selection.issued_before - backdating;
        const auto added = collector.add_matching(std::move(filter));
        if (!added) return added.error();
    }
    return collector.take();
}

}  // namespace sallyport::pki
