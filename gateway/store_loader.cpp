#include "gateway/store_loader.h"

#include "gateway/certificate_and_key.h"
#include "pki/certificate.h"
#include "pki/file.h"

#include <optional>

namespace sallyport::gateway {
namespace {

class StoreLoader {
  public:
    StoreLoader(const StoreSettings& settings, Load& load) : settings_(settings), load_(load) {}

    std::shared_ptr<StoreUpstream> load() {
        const StoreUpstream* previous = load_.previous == nullptr ? nullptr : load_.previous->upstream.get();
        const std::size_t faults = load_.result.faults.size();
        std::shared_ptr<const pki::TlsClient> tls;
        if (settings_.uses_tls()) {
            pki::TlsClientSettings read = read_tls();
            if (load_.result.faults.size() > faults) return nullptr;
            const bool same = previous != nullptr && previous->tls() && previous->tls_inputs() == inputs_;
            tls = same ? previous->tls() : make_tls(std::move(read));
            if (!tls) return nullptr;
            if (same && previous->settings() == settings_) return load_.previous->upstream;
        } else if (previous != nullptr && previous->settings() == settings_) {
            return load_.previous->upstream;
        }
        return std::make_shared<StoreUpstream>(settings_, std::move(tls), std::move(inputs_), previous);
    }

  private:
    void fault(const NamedFile& file, const std::string& what) {
        load_.fault(file.place + ": store.tls: " + what);
    }

    pki::TlsClientSettings read_tls() {
        pki::TlsClientSettings read;
        inputs_ = settings_.tls.only_tls_1_3 ? "1.3|" : "1.2|";
        if (!settings_.tls.ca.path.empty()) read.anchors = read_ca(settings_.tls.ca);
        inputs_ += '|';
        if (!settings_.tls.certificate.path.empty()) read.identity = read_identity();
        inputs_ = sha256(inputs_);
        read.only_tls_1_3 = settings_.tls.only_tls_1_3;
        return read;
    }

    std::vector<pki::CertificatePtr> read_ca(const NamedFile& file) {
        const auto pem = pki::read_file(file.path, max_pem_bytes);
        if (!pem) {
            fault(file, pem.error().message);
            return {};
        }
        auto anchors = pki::parse_certificates(*pem, file.path.string());
        if (!anchors) {
            fault(file, anchors.error().message);
            return {};
        }
        inputs_ += sha256(*pem);
        for (const auto& anchor : *anchors)
            check_dates(*anchor, file);
        return std::move(*anchors);
    }

    std::optional<pki::ServerIdentity> read_identity() {
        const NamedFile& file = settings_.tls.certificate;
        auto read = read_certificate_and_key(file.path, settings_.tls.key.path, inputs_);
        if (!read) {
            fault(file, read.error().message);
            return std::nullopt;
        }
        check_dates(*read->chain.front(), file);
        auto identity =
            pki::ServerIdentity::create(std::move(read->chain), std::move(read->key),
                                        settings_.tls.key.path.string() + " with " + file.path.string());
        if (!identity) {
            fault(file, identity.error().message);
            return std::nullopt;
        }
        return std::move(*identity);
    }

    void check_dates(const X509& certificate, const NamedFile& file) {
        const auto dates = pki::validity(certificate);
        if (dates && dates->not_after >= load_.now) return;
        load_.aged(file.place + ": store.tls: " + file.path.string() + ": " +
                   pki::name_text(*X509_get_subject_name(&certificate)) +
                   " has expired; take it out or replace it");
    }

    std::shared_ptr<const pki::TlsClient> make_tls(pki::TlsClientSettings settings) {
        auto made = pki::TlsClient::create(std::move(settings));
        if (made) return *made;
        load_.fault("store.tls: " + made.error().message);
        return nullptr;
    }

    const StoreSettings& settings_;
    Load& load_;
    std::string inputs_;
};

}  // namespace

std::shared_ptr<StoreUpstream> load_store(const StoreSettings& settings, Load& load) {
    return StoreLoader(settings, load).load();
}

}  // namespace sallyport::gateway
