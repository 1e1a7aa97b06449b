#include "pki/ticket_keys.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace sallyport::pki {
namespace {

bool key_mac(EVP_MAC_CTX& mac, std::array<unsigned char, 32>& key) {
    std::string digest = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(&mac, parameters) == 1;
}

}  // namespace

TicketKeys::~TicketKeys() {
    forget(current_);
    forget(previous_);
}

void TicketKeys::forget(std::optional<Key>& key) {
    if (!key) return;
    OPENSSL_cleanse(&*key, sizeof *key);
    key.reset();
}

void TicketKeys::rotate(Time now) {
    if (previous_ && now >= previous_->made + 2 * lifetime_) forget(previous_);
    if (!current_ || now < current_->made + lifetime_) return;
    forget(previous_);
    if (now < current_->made + 2 * lifetime_) previous_ = current_;
    forget(current_);
}

bool TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac,
                      Time now) {
    const std::lock_guard lock(mutex_);
    rotate(now);
    if (!current_) {
        Key fresh{.name = {}, .cipher = {}, .mac = {}, .made = now};
        const bool random = RAND_bytes(fresh.name.data(), fresh.name.size()) == 1 &&
                            RAND_priv_bytes(fresh.cipher.data(), fresh.cipher.size()) == 1 &&
                            RAND_priv_bytes(fresh.mac.data(), fresh.mac.size()) == 1;
        if (random) current_ = fresh;
        OPENSSL_cleanse(&fresh, sizeof fresh);
        if (!random) return false;
    }
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return false;
    std::ranges::copy(current_->name, name);
    return EVP_EncryptInit_ex(&cipher, EVP_aes_256_cbc(), nullptr, current_->cipher.data(), iv) == 1 &&
           key_mac(mac, current_->mac);
}

TicketKeys::Opened TicketKeys::open(const unsigned char* name, const unsigned char* iv,
                                    EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac, Time now) {
    const std::lock_guard lock(mutex_);
    rotate(now);
    for (std::optional<Key>* key : {&current_, &previous_}) {
        if (!*key || !std::equal((*key)->name.begin(), (*key)->name.end(), name)) continue;
        if (EVP_DecryptInit_ex(&cipher, EVP_aes_256_cbc(), nullptr, (*key)->cipher.data(), iv) != 1 ||
            !key_mac(mac, (*key)->mac)) {
            return Opened::failed;
        }
        return key == &current_ ? Opened::opened : Opened::opened_by_old_key;
    }
    return Opened::unknown_key;
}

}  // namespace sallyport::pki
