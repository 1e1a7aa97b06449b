#include "pki/tool/change_notes.h"

#include <set>
#include <tuple>

namespace sallyport::pki {
namespace {

/// A certificate in a set, by issuer, serial and name.
using Key = std::tuple<std::string_view, std::string_view, std::string_view>;

Key key_of(const CertificateRecord& record) {
    return {record.issuer, record.serial, record.name};
}

std::set<Key> keys_of(std::span<const CertificateRecord> records) {
    std::set<Key> keys;
    for (const CertificateRecord& record : records)
        keys.insert(key_of(record));
    return keys;
}

std::string example(const CertificateRecord& record) {
    return "e.g. " + hex(record.serial) + " (" + record.name + ")";
}

}  // namespace

std::string note_left_alone(std::span<const CertificateRecord> selected,
                            std::span<const CertificateRecord> targets) {
    const auto taken = keys_of(targets);
    std::uint64_t left = 0;
    const CertificateRecord* first = nullptr;
    for (const CertificateRecord& record : selected) {
        if (taken.contains(key_of(record))) continue;
        if (left++ == 0) first = &record;
    }
    if (first == nullptr) return {};
    const char* state = "is in use";
    if (first->revocation) state = is_on_hold(*first) ? "is on hold" : "is revoked";
    return "note: " + std::to_string(left) + " of the certificates named stay as they are, " +
           example(*first) + ", which " + state + " already\n";
}

Result<std::string> note_others_in_use(Index& index, std::span<const CertificateRecord> targets,
                                       std::chrono::sys_seconds now) {
    const auto taken = keys_of(targets);
    std::set<std::string_view> devices;
    std::uint64_t others = 0;
    std::string first;
    for (const CertificateRecord& target : targets) {
        if (target.kind != CertificateKind::device || !devices.insert(target.name).second) continue;
        const auto records = index.find_device(target.name);
        if (!records) return records.error();
        for (const CertificateRecord& record : *records) {
            if (taken.contains(key_of(record)) || state_of(record, now) != CertificateState::valid) continue;
            if (others++ == 0) first = example(record);
        }
    }
    if (others == 0) return std::string();
    return "warning: these devices have " + std::to_string(others) + " more certificate(s) in use, " + first +
           "; to shut a device out name its ID\n";
}

}  // namespace sallyport::pki
