#include "gateway/watched_paths.h"

#include "gateway/crl_archive.h"

namespace sallyport::gateway {

std::vector<std::filesystem::path> watched_paths(const Settings& settings) {
    std::vector<std::filesystem::path> paths{settings.file};
    for (const auto* files :
         {&settings.devices.trust, &settings.devices.intermediates, &settings.operators.trust,
          &settings.operators.intermediates, &settings.crl_sources}) {
        paths.insert(paths.end(), files->begin(), files->end());
    }
    const auto credentials = settings.store.resign ? settings.store.resign->credentials.file : "";
    for (const auto& file :
         {settings.access_keys.devices_file, settings.access_keys.secrets.file, credentials,
          settings.admin.access.certificate, settings.admin.access.key, settings.admin.access.token.file}) {
        if (!file.empty()) paths.push_back(file);
    }
    if (!settings.state.empty()) paths.push_back(CrlArchive(settings.state).accepted_folder());
    const StoreTlsSettings& store = settings.store.tls;
    for (const NamedFile* file : {&store.ca, &store.certificate, &store.key}) {
        if (!file->path.empty()) paths.push_back(file->path);
    }
    for (const ListenerSettings& listener : settings.listeners) {
        for (const CertificateFiles& certificate : listener.certificates) {
            paths.push_back(certificate.chain);
            paths.push_back(certificate.key);
            if (!certificate.anchors.empty()) paths.push_back(certificate.anchors);
        }
    }
    return paths;
}

}  // namespace sallyport::gateway
