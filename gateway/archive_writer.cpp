#include "gateway/archive_writer.h"

#include "gateway/crl_archive.h"

#include <algorithm>

namespace sallyport::gateway {

void ArchiveWriter::remember(std::vector<FreshCrl> fresh, const Snapshot& snapshot) {
    if (snapshot.settings.state.empty()) return;
    const CrlArchive archive(snapshot.settings.state);
    if (const auto prepared = archive.prepare(); !prepared) report_failed(prepared.error().message);
    const auto accepted = archive.accepted();
    for (FreshCrl& crl : fresh) {
        if (accepted.contains(crl.facts.sha256)) {
            log_.audited(Log::Level::warning, "crl_shrink_accepted",
                         {{"issuer", crl.facts.issuer_name},
                          {"number", crl.facts.number},
                          {"sha256", crl.facts.sha256}});
        }
        outstanding_.push_back(std::move(crl));
    }
    retry(snapshot);
}

void ArchiveWriter::retry(const Snapshot& snapshot) {
    if (outstanding_.empty()) return;
    if (snapshot.settings.state.empty()) return outstanding_.clear();
    const CrlArchive archive(snapshot.settings.state);
    const auto in_force = snapshot.revocation.crls();
    std::erase_if(outstanding_, [&](const FreshCrl& crl) {
        const auto found = std::ranges::find(in_force, crl.facts.sha256, &pki::CrlFacts::sha256);
        if (found == in_force.end()) return true;  // superseded
        const auto kept = archive.keep(crl.facts, crl.der);
        if (!kept) report_failed(kept.error().message);
        return kept.has_value();
    });
}

void ArchiveWriter::report_failed(const std::string& detail) {
    log_.event(Log::Level::error, "state", {{"result", "failed"}, {"detail", detail}});
}

}  // namespace sallyport::gateway
