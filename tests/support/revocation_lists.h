#pragma once

#include "pki/revocation_index_builder.h"
#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <string>
#include <vector>

/// Revocation indexes from a few words: what the authorities are, what their lists say, what became of them.
namespace sallyport::test {

using namespace std::chrono_literals;

/// One authority of the tests: a name, a key, and the CRLs that it signs.
struct Authority {
    explicit Authority(std::size_t index, const std::string& name = "CA")
        : key(&test::key(index)), certificate(test::authority(name, *key)) {}

    pki::IssuerId id() const { return pki::issuer_id(*certificate); }

    EVP_PKEY* key;
    pki::CertificatePtr certificate;
};

/// What one CRL says.
struct List {
    std::string number = "\x05";  ///< empty: none
    std::vector<std::string> serials = {};
    std::chrono::sys_seconds this_update = now - 1h;
    std::chrono::sys_seconds next_update = now + 1h;
    std::string point = {};                 ///< fields of an issuing distribution point
    std::string base = {};                  ///< of a delta CRL: the number that it needs
    std::vector<std::string> held = {};     ///< on hold
    std::vector<std::string> removed = {};  ///< of a delta CRL: removeFromCRL
};

inline std::string crl(const Authority& authority, const List& list) {
    CrlDraft draft;
    draft.issuer = name_der(*authority.certificate);
    draft.this_update = generalized_time(time_text(list.this_update));
    draft.next_update = generalized_time(time_text(list.next_update));
    draft.extensions.clear();
    if (!list.number.empty()) draft.extensions.push_back(crl_number(list.number));
    if (!list.base.empty()) draft.extensions.push_back(delta_indicator(list.base));
    if (!list.point.empty()) draft.extensions.push_back(issuing_distribution_point(list.point));
    for (const std::string& serial : list.serials)
        draft.entries.push_back(crl_entry(serial, {reason_code(1)}));
    for (const std::string& serial : list.held)
        draft.entries.push_back(crl_entry(serial, {reason_code(6)}));
    for (const std::string& serial : list.removed)
        draft.entries.push_back(crl_entry(serial, {reason_code(8)}));
    return draft.signed_by(*authority.key);
}

/// What became of each CRL, in the words of the log.
struct Built {
    pki::RevocationIndex index;
    std::vector<std::string> results;
};

/// Lets every entry leave a list: the rows about order and age are not about what lists forget.
inline const pki::ShrinkGuard no_guard{-std::chrono::hours(24 * 36500), {}};

inline Built build(const std::vector<const Authority*>& known, const std::vector<std::string>& crls,
                   const pki::RevocationIndex* previous = nullptr, std::chrono::seconds grace = 0s,
                   const pki::ShrinkGuard& guard = no_guard) {
    std::vector<X509*> certificates;
    for (const Authority* authority : known)
        certificates.push_back(authority->certificate.get());
    pki::RevocationIndexBuilder builder(certificates, {.due_percent = 75, .grace = grace}, previous, guard);
    std::vector<std::string> results;
    for (const std::string& der : crls) {
        const auto added = builder.add(std::to_string(results.size()), bytes(der));
        results.emplace_back(to_string(added ? added->result : added.error().result));
    }
    auto finished = builder.finish();
    for (const auto& refused : finished.refused)  // the origin is the place in `crls`
        results.at(std::stoul(refused.origin)) = to_string(refused.error.result);
    return {std::move(finished.index), results};
}

inline pki::RevocationAnswer::Status ask(
    const pki::RevocationIndex& index, const Authority& authority, const std::string& serial,
    std::chrono::sys_seconds at = now,
    pki::RevocationIndex::Subject subject = pki::RevocationIndex::Subject::user,
    const pki::PointIds& points = {}) {
    return index.ask(authority.id(), bytes(serial), points, subject, at).status;
}

}  // namespace sallyport::test
