#include "pki/pkcs11_key.h"

#include "pki/pkcs11_token.h"
#include "pki/pkcs11_uri.h"

#include <cstdio>
#include <set>
#include <utility>
#include <vector>

namespace sallyport::pki {
namespace {

using SharedSession = std::shared_ptr<Pkcs11Session>;

/// The session hangs on the EVP_PKEY, so that it lives as long, whoever else holds a reference. OpenSSL frees
/// the key material first, then this.
void release_session(void*, void* session, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<SharedSession*>(session);
}

int copy_session(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** session, int, long, void*) {
    if (*session != nullptr) *session = new SharedSession(*static_cast<SharedSession*>(*session));
    return 1;
}

int session_slot() {
    static const int slot = EVP_PKEY_get_ex_new_index(0, nullptr, nullptr, &copy_session, &release_session);
    return slot;
}

std::string percent_encoded(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%%%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(byte)));
        text += digits;
    }
    return text;
}

std::string id_of(const PKCS11_KEY& key) {
    return key.id == nullptr ? "" : std::string(reinterpret_cast<const char*>(key.id), key.id_len);
}

/// libp11 keeps a reference to the EVP_PKEY that it returns until its slots are released, which the session
/// does: a circle. So the caller gets an EVP_PKEY of its own for the same RSA or EC_KEY. OpenSSL 3.0
/// deprecates these calls in favour of providers, which libp11 0.4.12 is not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
KeyPtr share_key_material(const EVP_PKEY& key) {
    KeyPtr own(EVP_PKEY_new());
    int done = 0;
    if (own && EVP_PKEY_get_base_id(&key) == EVP_PKEY_RSA) {
        done = EVP_PKEY_set1_RSA(own.get(), const_cast<RSA*>(EVP_PKEY_get0_RSA(&key)));
    } else if (own && EVP_PKEY_get_base_id(&key) == EVP_PKEY_EC) {
        done = EVP_PKEY_set1_EC_KEY(own.get(), const_cast<EC_KEY*>(EVP_PKEY_get0_EC_KEY(&key)));
    }
    return done == 1 ? std::move(own) : nullptr;
}
#pragma GCC diagnostic pop

/// libp11 takes the public half of an EC key from the object of the same id, whichever it finds first.
Result<void> check_id(const Pkcs11Session& session, const std::string& id) {
    if (id.empty()) return {};
    for (const CK_OBJECT_CLASS half : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        const auto count = session.count(half, "", id);
        if (!count) return count.error();
        if (*count > 1) {
            return Error{Fault::input, session.token() + ": several keys have the id " + percent_encoded(id) +
                                           ", so their halves cannot be told apart; give each its own"};
        }
    }
    return {};
}

/// The one private key of the token that `uri` fits.
Result<PKCS11_KEY*> find_key(const Pkcs11Session& session, const Pkcs11Uri& uri) {
    const PKCS11_SLOT* slot = session.module().slot(session.slot());
    if (slot == nullptr) {
        return Error{Fault::runtime,
                     session.token() + " came after the module was loaded: run the program again"};
    }
    PKCS11_KEY* keys = nullptr;
    unsigned count = 0;
    if (PKCS11_enumerate_keys(slot->token, &keys, &count) != 0) {
        return Error{Fault::runtime, take_openssl_errors(session.token() + ": cannot list its keys")};
    }
    std::vector<PKCS11_KEY*> found;
    std::set<std::string> names;
    for (unsigned i = 0; i < count; ++i) {
        const std::string label = keys[i].label != nullptr ? keys[i].label : "";
        const std::string id = id_of(keys[i]);
        if (!uri.fits_key(label, id)) continue;
        found.push_back(&keys[i]);
        names.insert("object=" + label + ";id=" + percent_encoded(id));
    }
    if (found.empty()) {
        return Error{Fault::input, uri.text() + ": no such private key in " + session.token()};
    }
    if (found.size() > 1) {
        std::string list;
        for (const std::string& name : names)
            list += (list.empty() ? "" : ", ") + name;
        return Error{Fault::input,
                     uri.text() + ": several private keys fit: " + list + "; add the id of one"};
    }
    const PKCS11_KEY& one = *found.front();
    if (auto sound = check_id(session, id_of(one)); !sound) return sound.error();
    return found.front();
}

}  // namespace

Result<void> check_pkcs11_uri(const std::string& uri) {
    if (const auto parsed = Pkcs11Uri::parse(uri); !parsed) return parsed.error();
    return {};
}

Result<KeyPtr> open_pkcs11_key(const std::string& uri_text, const PassphraseSource& source) {
    const auto uri = Pkcs11Uri::parse(uri_text);
    if (!uri) return uri.error();
    auto module = Pkcs11ModuleUse::acquire(uri->module_path());
    if (!module) return module.error();
    auto opened = Pkcs11Session::open(std::move(*module), *uri, source, Pkcs11Session::Access::read_only);
    if (!opened) return opened.error();
    const auto session = std::make_shared<Pkcs11Session>(std::move(*opened));
    const auto found = find_key(*session, *uri);
    if (!found) return found.error();
    const KeyPtr libp11_key(PKCS11_get_private_key(*found));
    KeyPtr key = libp11_key ? share_key_material(*libp11_key) : nullptr;
    auto holder = std::make_unique<SharedSession>(session);
    if (!key || i2d_PUBKEY(key.get(), nullptr) <= 0 ||
        EVP_PKEY_set_ex_data(key.get(), session_slot(), holder.get()) != 1) {
        return Error{Fault::runtime,
                     take_openssl_errors(uri_text + ": not an RSA or EC key, or " + session->token() +
                                         " does not tell its public half")};
    }
    static_cast<void>(holder.release());  // the key owns it now
    take_openssl_errors("");              // libp11 leaves some behind
    return key;
}

bool is_pkcs11_key(const EVP_PKEY& key) {
    return EVP_PKEY_get_ex_data(&key, session_slot()) != nullptr;
}

}  // namespace sallyport::pki
