#include "pki/tool/publication/repository.h"

#include "pki/tool/publication/folder_repository.h"
#include "pki/tool/publication/store_repository.h"
#include "pki/tool/publication/web_repository.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

using Opened = Result<std::unique_ptr<Repository>>;

Opened open(const FolderSettings& settings) {
    return std::unique_ptr<Repository>(std::make_unique<FolderRepository>(settings));
}

Opened open(const WebSettings& settings) {
    auto peer = Peer::open(settings.peer);
    if (!peer) return Error{peer.error().fault, settings.peer.address.text() + ": " + peer.error().message};
    return std::unique_ptr<Repository>(std::make_unique<WebRepository>(std::move(*peer)));
}

Opened open(const StoreSettings& settings) {
    auto store = StoreRepository::open(settings);
    if (!store) return store.error();
    return std::unique_ptr<Repository>(std::move(*store));
}

}  // namespace

bool is_published_name(std::string_view name) {
    constexpr std::size_t max_name = 128;
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= max_name && name.front() != '.' &&
           std::ranges::all_of(name, is_allowed);
}

std::string media_type(std::string_view name) {
    if (name.ends_with(".json")) return "application/json";
    if (name.ends_with(".pem")) return "application/x-pem-file";
    return "application/pkix-crl";
}

Result<std::unique_ptr<Repository>> open_repository(const RepositorySettings& settings) {
    return std::visit([](const auto& kind) { return open(kind); }, settings);
}

}  // namespace sallyport::pki
