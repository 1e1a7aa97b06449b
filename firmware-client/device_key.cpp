#include "firmware-client/device_key.h"

#include "firmware-client/card.h"
#include "pki/certificate.h"
#include "pki/file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

namespace sallyport::device {
namespace {

constexpr std::size_t coordinate_bytes = 32;
constexpr std::size_t point_bytes = 1 + 2 * coordinate_bytes;  // 0x04, X, Y
constexpr std::size_t block_bytes = 16;
constexpr std::size_t max_field_bytes = 256;
constexpr std::size_t max_key_file_bytes = 16 * 1024;

using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, pki::Releaser<&EVP_CIPHER_CTX_free>>;
using Point = std::array<unsigned char, point_bytes>;

/// Base64 with padding (RFC 4648 4), nothing else in between.
std::optional<std::string> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4 * max_field_bytes) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.substr(0, text.size() - padding).find_first_not_of(alphabet) != std::string_view::npos) {
        return std::nullopt;
    }
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    bytes.resize(bytes.size() - padding);
    return bytes;
}

bool is_p256(const EVP_PKEY& key) {
    char group[32] = {};
    return EVP_PKEY_is_a(&key, "EC") == 1 &&
           EVP_PKEY_get_utf8_string_param(&key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) ==
               1 &&
           std::strcmp(group, "prime256v1") == 0;
}

/// A public key from X and Y; null when they are not a point of the curve.
pki::KeyPtr peer_key(std::string_view coordinates) {
    Point point{4};
    std::copy(coordinates.begin(), coordinates.end(), point.begin() + 1);
    char group[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    const pki::KeyContextPtr context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        return nullptr;
    }
    return pki::KeyPtr{key};
}

/// The symmetric key of a configuration.
bool derive_key(const EVP_PKEY& device_key, EVP_PKEY& peer, std::array<unsigned char, 32>& key) {
    // OpenSSL 3.0 takes the key without const, though it does not change it.
    const pki::KeyContextPtr context{EVP_PKEY_CTX_new(const_cast<EVP_PKEY*>(&device_key), nullptr)};
    std::array<unsigned char, coordinate_bytes> shared{};
    std::size_t size = shared.size();
    const bool derived = context && EVP_PKEY_derive_init(context.get()) == 1 &&
                         EVP_PKEY_derive_set_peer(context.get(), &peer) == 1 &&
                         EVP_PKEY_derive(context.get(), shared.data(), &size) == 1 && size == shared.size();
    constexpr std::string_view purpose = "config";
    const bool done = derived && HMAC(EVP_sha256(), shared.data(), static_cast<int>(shared.size()),
                                      reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(),
                                      key.data(), nullptr) != nullptr;
    OPENSSL_cleanse(shared.data(), shared.size());
    return done;
}

/// AES-128-CTR; `message` is the counter block and the ciphertext.
std::optional<std::string> decrypt(const unsigned char* key, std::string_view message) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
    std::string text(message.size() - block_bytes, '\0');
    int size = 0;
    const CipherContextPtr context{EVP_CIPHER_CTX_new()};
    if (!context || EVP_DecryptInit_ex2(context.get(), EVP_aes_128_ctr(), key, bytes, nullptr) != 1 ||
        EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(text.data()), &size,
                          bytes + block_bytes, static_cast<int>(text.size())) != 1) {
        return std::nullopt;
    }
    return text;
}

}  // namespace

Result<pki::KeyPtr> load_device_key(const std::filesystem::path& path) {
    if (!is_present(path)) return pki::KeyPtr{};
    auto text = pki::read_secret_file(path, max_key_file_bytes);
    if (!text) return from_pki(text.error());
    auto key = pki::parse_private_key(*text, path.string());
    pki::wipe(*text);
    if (!key) return from_pki(key.error());
    if (!is_p256(**key)) return Error{Fault::configuration, path.string() + ": not a secp256r1 key"};
    return std::move(*key);
}

Result<pki::KeyPtr> create_device_key(const std::filesystem::path& path) {
    pki::KeyPtr key{EVP_EC_gen("P-256")};
    const pki::BioPtr out{BIO_new(BIO_s_secmem())};
    if (!key || !out ||
        PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return Error{Fault::card, pki::take_openssl_errors("cannot make a device key")};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    const auto written = pki::replace_file(path, {text, static_cast<std::size_t>(size)}, 0600);
    OPENSSL_cleanse(text, static_cast<std::size_t>(size));
    if (!written) return from_pki(written.error());
    return key;
}

Result<std::string> public_key_text(const EVP_PKEY& key) {
    Point point{};
    std::size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(&key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) !=
            1 ||
        size != point.size() || point[0] != 4) {
        return Error{Fault::card, pki::take_openssl_errors("cannot read the device's public key")};
    }
    unsigned char text[4 * ((point_bytes + 2) / 3) + 1];
    const int length = EVP_EncodeBlock(text, point.data() + 1, point_bytes - 1);
    return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
}

Result<std::string> decrypt_field(const EVP_PKEY& device_key, std::string_view user_public_key,
                                  std::string_view field) {
    const auto coordinates = decode_base64(user_public_key);
    if (!coordinates || coordinates->size() != 2 * coordinate_bytes) {
        return Error{Fault::configuration, "the user's public key is not base64 of 64 bytes"};
    }
    const auto message = decode_base64(field);
    if (!message || message->size() <= block_bytes || message->size() > max_field_bytes) {
        return Error{Fault::configuration, "the encrypted text is not base64 of more than 16 bytes"};
    }
    const pki::KeyPtr peer = peer_key(*coordinates);
    if (!peer) {
        return Error{Fault::configuration, pki::take_openssl_errors("the user's public key is unusable")};
    }
    std::array<unsigned char, 32> key{};
    std::optional<std::string> text;
    if (derive_key(device_key, *peer, key)) text = decrypt(key.data(), *message);
    OPENSSL_cleanse(key.data(), key.size());
    if (!text) return Error{Fault::configuration, pki::take_openssl_errors("cannot decrypt")};
    if (!std::all_of(text->begin(), text->end(), [](char c) { return c >= ' ' && c <= '~'; })) {
        pki::wipe(*text);
        return Error{Fault::configuration, "decrypts to garbage: it was encrypted for another device's key"};
    }
    return std::move(*text);
}

}  // namespace sallyport::device
