#include "pki/pkcs11_key.h"
#include "pki/pkcs11_token.h"
#include "pki/pkcs11_uri.h"

#include <vector>

#include <openssl/rand.h>
#include <p11-kit/p11-kit.h>

namespace sallyport::pki {
namespace {

constexpr std::size_t id_bytes = 20;

/// Attributes of an object, which point to values that live elsewhere.
class Template {
  public:
    Template() = default;
    Template(const Template&) = delete;
    Template& operator=(const Template&) = delete;

    void add(CK_ATTRIBUTE_TYPE type, std::string& value) { add(type, value.data(), value.size()); }
    void add(CK_ATTRIBUTE_TYPE type, CK_ULONG& value) { add(type, &value, sizeof value); }
    void add(CK_ATTRIBUTE_TYPE type, bool value) { add(type, value ? &yes_ : &no_, sizeof yes_); }

    CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
    CK_ULONG size() const noexcept { return attributes_.size(); }

  private:
    void add(CK_ATTRIBUTE_TYPE type, void* value, std::size_t size) {
        attributes_.push_back({type, value, size});
    }

    std::vector<CK_ATTRIBUTE> attributes_;
    CK_BBOOL yes_ = CK_TRUE;
    CK_BBOOL no_ = CK_FALSE;
};

/// Two keys of one id are one too many: the halves of a pair find each other by it.
Result<bool> is_taken(const Pkcs11Session& session, const std::string& label, const std::string& id) {
    const auto named = session.count(CKO_PRIVATE_KEY, label, id);
    if (!named || *named > 0) return named ? Result<bool>(true) : named.error();
    if (id.empty()) return false;
    for (const CK_OBJECT_CLASS half : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
        const auto same_id = session.count(half, "", id);
        if (!same_id || *same_id > 0) return same_id ? Result<bool>(true) : same_id.error();
    }
    return false;
}

CK_ULONG modulus_bits(KeyAlgorithm algorithm) {
    switch (algorithm) {
        case KeyAlgorithm::rsa_2048:
            return 2048;
        case KeyAlgorithm::rsa_3072:
            return 3072;
        case KeyAlgorithm::rsa_4096:
            return 4096;
        case KeyAlgorithm::p256:
            break;
    }
    throw std::logic_error("not an RSA key");
}

/// CKM_RSA_PKCS_KEY_PAIR_GEN or CKM_EC_KEY_PAIR_GEN with its parameters.
struct Generation {
    explicit Generation(KeyAlgorithm algorithm) {
        if (algorithm == KeyAlgorithm::p256) {
            mechanism.mechanism = CKM_EC_KEY_PAIR_GEN;
            public_half.add(CKA_EC_PARAMS, curve);
            return;
        }
        mechanism.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
        bits = modulus_bits(algorithm);
        public_half.add(CKA_MODULUS_BITS, bits);
        public_half.add(CKA_PUBLIC_EXPONENT, exponent);
    }
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;

    CK_MECHANISM mechanism{};
    CK_ULONG bits = 0;
    std::string exponent{"\x01\x00\x01", 3};
    std::string curve{"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
                      10};  // the OID of prime256v1, DER (RFC 5480)
    Template public_half{};
    Template private_half{};
};

Result<void> generate(const Pkcs11Session& session, KeyAlgorithm algorithm, std::string label,
                      std::string id) {
    Generation generation(algorithm);
    for (Template* half : {&generation.public_half, &generation.private_half}) {
        half->add(CKA_TOKEN, true);
        half->add(CKA_LABEL, label);
        half->add(CKA_ID, id);
    }
    generation.public_half.add(CKA_VERIFY, true);
    generation.private_half.add(CKA_PRIVATE, true);
    generation.private_half.add(CKA_SENSITIVE, true);
    generation.private_half.add(CKA_EXTRACTABLE, false);
    generation.private_half.add(CKA_SIGN, true);
    generation.private_half.add(CKA_DECRYPT, false);
    generation.private_half.add(CKA_UNWRAP, false);
    if (algorithm == KeyAlgorithm::p256) generation.private_half.add(CKA_DERIVE, false);
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    const CK_RV result = session.module().functions().C_GenerateKeyPair(
        session.handle(), &generation.mechanism, generation.public_half.data(), generation.public_half.size(),
        generation.private_half.data(), generation.private_half.size(), &public_key, &private_key);
    if (result == CKR_OK) return {};
    return Error{Fault::runtime, session.token() + ": cannot generate a key: " + p11_kit_strerror(result)};
}

}  // namespace

Result<void> generate_pkcs11_key(const std::string& uri_text, KeyAlgorithm algorithm,
                                 const PassphraseSource& source) {
    const auto uri = Pkcs11Uri::parse(uri_text);
    if (!uri) return uri.error();
    if (uri->label().empty()) return Error{Fault::input, uri_text + ": a new key needs a label: object=NAME"};
    auto module = Pkcs11ModuleUse::acquire(uri->module_path());
    if (!module) return module.error();
    const auto session =
        Pkcs11Session::open(std::move(*module), *uri, source, Pkcs11Session::Access::read_write);
    if (!session) return session.error();
    const auto taken = is_taken(*session, uri->label(), uri->id());
    if (!taken) return taken.error();
    if (*taken)
        return Error{Fault::input,
                     uri_text + ": " + session->token() + " has a key of this label or id already"};
    std::string id = uri->id();
    if (id.empty()) {
        id.resize(id_bytes);
        if (RAND_bytes(reinterpret_cast<unsigned char*>(id.data()), static_cast<int>(id.size())) != 1) {
            return Error{Fault::runtime, take_openssl_errors("no randomness for the id of a key")};
        }
    }
    return generate(*session, algorithm, uri->label(), std::move(id));
}

}  // namespace sallyport::pki
