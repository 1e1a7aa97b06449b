#include "firmware-client/identity_slots.h"

#include "firmware-client/credentials.h"
#include "firmware-client/identity_key.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/key.h"
#include "pki/pkcs7.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sallyport::device {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view next_key_file = "certs_device.key.next";
constexpr std::string_view next_bundle_file = "certs_device.p7b.next";

/// A rename that a power loss does not undo.
Result<void> move_file(const Card& card, std::string_view from, std::string_view to) {
    if (::rename(card.file(from).c_str(), card.file(to).c_str()) != 0) {
        return Error{Fault::card, card.file(to).string() + ": cannot replace: " + std::strerror(errno)};
    }
    return sync_folder(card.folder);
}

bool bundle_fits(const Card& card, std::string_view key_name) {
    const auto key = read_identity_key(card.file(key_name));
    const auto bytes = pki::read_file(card.file(next_bundle_file), pki::max_bundle_bytes);
    if (!key || !bytes) return false;
    const auto certificates = pki::read_certificate_bundle(*bytes);
    return certificates &&
           std::any_of(certificates->begin(), certificates->end(),
                       [&](const auto& certificate) { return pki::key_matches(**key, *certificate); });
}

}  // namespace

bool has_next_identity_key(const Card& card) {
    return is_present(card.file(next_key_file));
}

Result<pki::KeyPtr> next_identity_key(const Card& card) {
    const fs::path path = card.file(next_key_file);
    if (is_present(path)) {
        if (auto key = read_identity_key(path)) return key;
    }
    auto key = pki::generate_rsa_key();
    if (!key) return from_pki(key.error());
    auto text = pki::write_private_key(**key);
    if (!text) return from_pki(text.error());
    const auto written = pki::replace_file(path, *text, 0600);
    pki::wipe(*text);
    if (!written) return from_pki(written.error());
    return std::move(*key);
}

Result<void> promote_identity(const Card& card, std::string_view bundle) {
    if (auto written = pki::replace_file(card.file(next_bundle_file), bundle, 0644); !written) {
        return from_pki(written.error());
    }
    return finish_promotion(card);
}

Result<void> finish_promotion(const Card& card) {
    if (!is_present(card.file(next_bundle_file))) return {};
    if (bundle_fits(card, next_key_file)) {
        if (auto moved = move_file(card, next_key_file, identity_key_file); !moved) return moved;
    }
    if (bundle_fits(card, identity_key_file)) return move_file(card, next_bundle_file, identity_file);
    std::error_code ignored;  // it fits nothing: somebody else put it there
    fs::remove(card.file(next_bundle_file), ignored);
    return {};
}

}  // namespace sallyport::device
