#include "pki/tool/publication/web_repository.h"

namespace sallyport::pki {
namespace {

constexpr unsigned ok = 200;
constexpr unsigned not_found = 404;
constexpr unsigned gone = 410;
constexpr std::size_t max_note_bytes = 64 * 1024;

}  // namespace

Error WebRepository::failed(const std::string& name, const std::string& what) const {
    return {Fault::runtime, describe() + name + ": " + what};
}

Result<void> WebRepository::put(const std::string& name, std::string_view bytes) {
    const auto answer = peer_.exchange(
        {"PUT", peer_.address().path + name, {{"Content-Type", media_type(name)}}, bytes}, max_note_bytes);
    if (!answer) return failed(name, answer.error().what);
    // 202 would be a promise, 206 to 299 nothing that a PUT can mean.
    constexpr unsigned created = 201;
    constexpr unsigned no_content = 204;
    if (answer->status == ok || answer->status == created || answer->status == no_content) return {};
    return failed(name, status_text(*answer));
}

Result<std::optional<std::string>> WebRepository::get(const std::string& name, std::size_t max_bytes) {
    // Caches on the way must not answer for the server (RFC 9111 5.2.1.4).
    auto answer =
        peer_.exchange({"GET", peer_.address().path + name, {{"Cache-Control", "no-cache"}}}, max_bytes);
    if (!answer) return failed(name, answer.error().what);
    if (answer->status == ok) return std::optional<std::string>(std::move(answer->body));
    if (answer->status == not_found || answer->status == gone) return std::optional<std::string>();
    return failed(name, status_text(*answer));
}

}  // namespace sallyport::pki
