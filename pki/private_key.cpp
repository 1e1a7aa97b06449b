#include "pki/private_key.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/pkcs11_key.h"

#include <cstring>
#include <utility>

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

namespace sallyport::pki {
namespace {

using KeyInfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Releaser<&PKCS8_PRIV_KEY_INFO_free>>;
using EncryptedKeyPtr = std::unique_ptr<X509_SIG, Releaser<&X509_SIG_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, Releaser<&X509_ALGOR_free>>;

constexpr std::string_view pkcs11_scheme = "pkcs11:";
constexpr std::size_t max_key_bytes = 64 * 1024;
constexpr int pbkdf2_rounds = 600'000;  // what OWASP asks for with HMAC-SHA256
constexpr int salt_bytes = 16;

Error failed(std::string_view doing) {
    return {Fault::runtime, take_openssl_errors(doing)};
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t times = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
        ++times;
    return times;
}

/// pem_password_cb: hands the secret to OpenSSL.
int give_passphrase(char* buffer, int size, int, void* secret) {
    const std::string_view text = static_cast<const Secret*>(secret)->reveal();
    if (std::cmp_greater(text.size(), size)) return -1;
    std::memcpy(buffer, text.data(), text.size());
    return static_cast<int>(text.size());
}

Result<KeyPtr> decrypt_private_key(std::string_view pem, const std::string& origin, Secret passphrase) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_passphrase, &passphrase) : nullptr);
    if (key) return key;
    take_openssl_errors("");  // they speak of padding and ASN.1, whatever the cause
    return Error{Fault::input, origin + ": a wrong passphrase, or the file is damaged"};
}

Result<KeyPtr> parse_any_private_key(std::string_view pem, const std::string& origin,
                                     const PassphraseSource& source) {
    if (pem.find("Proc-Type: 4,ENCRYPTED") != pem.npos) {
        return Error{Fault::input,
                     origin +
                         ": encrypted in OpenSSL's old form, which guards a key badly; convert it: "
                         "openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000"};
    }
    if (pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") == pem.npos) return parse_private_key(pem, origin);
    if (count(pem, " PRIVATE KEY-----") != 2) {  // one begins and ends
        return Error{Fault::input, origin + ": not one whole private key"};
    }
    auto passphrase = source.read("Passphrase of " + origin);
    if (!passphrase) return passphrase.error();
    return decrypt_private_key(pem, origin, std::move(*passphrase));
}

Result<KeyPtr> open_key_file(const std::string& path, const PassphraseSource& source) {
    auto pem = read_secret_file(path, max_key_bytes);
    if (!pem) return pem.error();
    auto key = parse_any_private_key(*pem, path, source);
    wipe(*pem);
    return key;
}

}  // namespace

Result<KeyReference> KeyReference::parse(std::string_view text) {
    if (text.empty())
        return Error{Fault::input, "a private key is named by the path of a file or a pkcs11: URI"};
    const bool in_token = text.starts_with(pkcs11_scheme);
    std::string copy(text);
    if (in_token) {
        if (auto sound = check_pkcs11_uri(copy); !sound) return sound.error();
    }
    return KeyReference(std::move(copy), in_token);
}

Result<KeyPtr> open_private_key(const KeyReference& reference, const PassphraseSource& source) {
    return reference.in_token() ? open_pkcs11_key(reference.text(), source)
                                : open_key_file(reference.text(), source);
}

Result<KeyPtr> open_private_key(const KeyReference& reference, const PassphraseSource& source,
                                const X509& certificate) {
    auto key = open_private_key(reference, source);
    if (key && !key_matches(**key, certificate)) {
        return Error{Fault::input, reference.text() + ": not the key of the certificate of " +
                                       name_text(*X509_get_subject_name(&certificate))};
    }
    return key;
}

Result<std::string> encrypt_private_key(const EVP_PKEY& key, const Secret& passphrase) {
    const std::string_view text = passphrase.reveal();
    if (text.size() < min_new_passphrase_bytes || text.size() > max_passphrase_bytes) {
        return Error{Fault::input, "the passphrase of a private key has " +
                                       std::to_string(min_new_passphrase_bytes) + " to " +
                                       std::to_string(max_passphrase_bytes) + " bytes"};
    }
    if (is_pkcs11_key(key)) return Error{Fault::runtime, "a key in a token cannot be written to a file"};
    const KeyInfoPtr info(EVP_PKEY2PKCS8(&key));
    // Null for salt and IV: OpenSSL draws them.
    AlgorithmPtr algorithm(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), pbkdf2_rounds, nullptr, salt_bytes, nullptr,
                                             NID_hmacWithSHA256));
    if (!info || !algorithm) return failed("cannot encrypt a private key");
    const EncryptedKeyPtr encrypted(
        PKCS8_set0_pbe(text.data(), static_cast<int>(text.size()), info.get(), algorithm.get()));
    if (!encrypted) return failed("cannot encrypt a private key");
    static_cast<void>(algorithm.release());  // `encrypted` owns it now
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PKCS8(bio.get(), encrypted.get()) != 1) {
        return failed("cannot write an encrypted private key");
    }
    char* pem = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &pem);
    return std::string(pem, static_cast<std::size_t>(size));
}

Result<void> write_encrypted_key(const std::filesystem::path& path, const EVP_PKEY& key,
                                 const Secret& passphrase) {
    const auto pem = encrypt_private_key(key, passphrase);
    if (!pem) return pem.error();
    return replace_file(path, *pem, 0600);
}

bool is_in_token(const EVP_PKEY& key) {
    return is_pkcs11_key(key);
}

Result<KeyPtr> generate_in_token(const KeyReference& reference, KeyAlgorithm algorithm,
                                 const PassphraseSource& source) {
    if (!reference.in_token()) {
        return Error{Fault::input, reference.text() + ": no pkcs11: URI, so it names no token"};
    }
    if (auto made = generate_pkcs11_key(reference.text(), algorithm, source); !made) return made.error();
    return open_pkcs11_key(reference.text(), source);
}

}  // namespace sallyport::pki
