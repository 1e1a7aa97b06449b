#include "gateway/crl_loader.h"

#include "gateway/crl_archive.h"
#include "pki/crl_file.h"
#include "pki/file.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

class CrlLoader {
  public:
    CrlLoader(const Settings& settings, const std::vector<X509*>& authorities, Load& load)
        : settings_(settings), authorities_(authorities), load_(load) {}

    pki::RevocationIndex load() {
        const pki::RevocationIndex& before = remembered();
        pki::ShrinkGuard guard{settings_.longest_lifetime, {}, load_.now};
        if (!settings_.state.empty()) guard.accepted = CrlArchive(settings_.state).accepted();
        pki::RevocationIndexBuilder builder(authorities_, settings_.ladder, &before, guard);
        // While something is in force, a CRL that cannot be taken changes nothing but an alarm.
        crl_problems_ =
            before.lists().empty() && load_.is_start() ? &load_.result.faults : &load_.result.alarms;
        std::vector<Offered> offered;
        for (const auto& source : settings_.crl_sources) {
            for (const auto& file : files_of(source))
                load_crl_file(file, builder, offered);
        }
        auto finished = builder.finish();
        for (const auto& refused : finished.refused) {
            load_.result.crls.push_back({refused.error.issuer, refused.error.result});
            crl_problems_->push_back(refused.origin + ": " + refused.error.message);
        }
        for (const pki::CrlFacts& lost : finished.unoffered) {
            load_.result.crls.push_back({lost.issuer_name, pki::CrlLoad::fetch_error});
            crl_problems_->push_back(
                "revocation.sources: no CRL of " + lost.issuer_name +
                (lost.point_text.empty() ? "" : " for distribution point " + lost.point_text) +
                " is there any more; number " + lost.number + " (" + lost.origin + ") stays in force");
        }
        const auto crls = finished.index.crls();
        if (crls.empty() && load_.result.faults.empty() && load_.purpose == Purpose::service) {
            load_.fault("revocation.sources: no CRL found; without one every device is refused");
        }
        for (Offered& crl : offered) {
            const auto found = std::ranges::find(crls, crl.sha256, &pki::CrlFacts::sha256);
            if (found != crls.end()) load_.result.fresh.push_back({**found, std::move(crl.der)});
        }
        return std::move(finished.index);
    }

  private:
    /// A CRL that was taken from a file, as long as it is not known whether it wins.
    struct Offered {
        std::string sha256;
        std::string der;
    };

    /// A folder stands for its files, in the order of their names; hidden ones are being written, and a
    /// manifest is what sallyport-pki puts beside the CRLs that it publishes.
    std::vector<std::filesystem::path> files_of(const std::filesystem::path& source) {
        std::error_code error;
        if (!std::filesystem::is_directory(source, error)) return {source};
        std::vector<std::filesystem::path> files;
        std::filesystem::directory_iterator at(source, error);
        for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
            const std::string name = at->path().filename().string();
            if (!name.starts_with('.') && name != "manifest.json") files.push_back(at->path());
        }
        if (error) {  // half a folder must not pass for a whole one
            load_.result.crls.push_back({"", pki::CrlLoad::fetch_error});
            crl_problems_->push_back(source.string() + ": cannot list it: " + error.message());
        }
        std::ranges::sort(files);
        return files;
    }

    /// What was in force before: in this process, or at a start what the archive remembers.
    const pki::RevocationIndex& remembered() {
        if (load_.previous != nullptr) return load_.previous->revocation;
        if (settings_.state.empty()) return archived_;
        const CrlArchive archive(settings_.state);
        if (load_.purpose == Purpose::service) {
            if (const auto prepared = archive.prepare(); !prepared) load_.fault(prepared.error().message);
        }
        pki::RevocationIndexBuilder builder(authorities_, settings_.ladder, nullptr);
        for (const auto& kept : archive.load(settings_.limits.crl_bytes, load_.result.alarms)) {
            const auto added = builder.add(kept.file.string(), as_bytes(kept.der));
            if (!added) load_.result.alarms.push_back(kept.file.string() + ": " + added.error().message);
        }
        archived_ = builder.finish().index;
        return archived_;
    }

    static pki::Bytes as_bytes(std::string_view der) {
        return {reinterpret_cast<const std::uint8_t*>(der.data()), der.size()};
    }

    void load_crl_file(const std::filesystem::path& file, pki::RevocationIndexBuilder& builder,
                       std::vector<Offered>& offered) {
        const auto refused = [&](pki::CrlLoad result, const std::string& detail,
                                 const std::string& issuer = "") {
            load_.result.crls.push_back({issuer, result});
            crl_problems_->push_back(detail.starts_with(file.string()) ? detail
                                                                       : file.string() + ": " + detail);
        };
        auto content = pki::read_file(file, settings_.limits.crl_bytes);
        if (!content) {
            const bool large = content.error().message.find("larger than") != std::string::npos;
            return refused(large ? pki::CrlLoad::too_large : pki::CrlLoad::fetch_error,
                           content.error().message);
        }
        auto crls = pki::split_crl_file(std::move(*content));
        if (!crls) return refused(crls.error().result, crls.error().message);
        for (std::string& der : *crls) {
            const auto added = builder.add(file.string(), as_bytes(der));
            if (!added) {
                refused(added.error().result, added.error().message, added.error().issuer);
                continue;
            }
            load_.result.crls.push_back({added->issuer, added->result});
            const bool archive_is_new =
                load_.previous != nullptr && load_.previous->settings.state != settings_.state;
            if (added->result == pki::CrlLoad::loaded || archive_is_new)
                offered.push_back({added->sha256, std::move(der)});
        }
    }

    const Settings& settings_;
    const std::vector<X509*>& authorities_;
    Load& load_;
    pki::RevocationIndex archived_;
    std::vector<std::string>* crl_problems_ = nullptr;
};

}  // namespace

pki::RevocationIndex load_revocation(const Settings& settings, const std::vector<X509*>& authorities,
                                     Load& load) {
    return CrlLoader(settings, authorities, load).load();
}

}  // namespace sallyport::gateway
