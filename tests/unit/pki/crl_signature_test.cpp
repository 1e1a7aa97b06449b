#include "pki/crl.h"
#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <functional>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::bytes;
using test::CrlDraft;

/// The CRL of the authority "CA" with the key 0.
CrlDraft draft_of(const X509& authority) {
    CrlDraft draft;
    draft.issuer = test::name_der(authority);
    draft.entries = {test::crl_entry("\x05")};
    return draft;
}

std::string key_id_of(X509& certificate) {
    const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(&certificate);
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
            static_cast<std::size_t>(ASN1_STRING_length(id))};
}

CertificatePtr authority_with(const char* key_usage, std::size_t key = 0) {
    return test::certificate(
        {.common_name = "CA",
         .extensions = test::with(test::authority_extensions(), NID_key_usage, key_usage)},
        test::key(key));
}

CrlResult<void> verified(const std::string& der, const X509& issuer) {
    const auto view = parse_crl(bytes(der));
    return view ? verify_crl(*view, issuer) : view.error();
}

struct SignatureCase {
    const char* name;
    std::function<std::string(X509& authority)> crl;
    bool good;
};

const SignatureCase signature_cases[] = {
    {"good", [](X509& ca) { return draft_of(ca).signed_by(test::key(0)); }, true},
    {"good_with_sha512",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.algorithm = test::ecdsa_with_sha2(4);
         return draft.signed_by(test::key(0), EVP_sha512());
     },
     true},
    {"other_key", [](X509& ca) { return draft_of(ca).signed_by(test::key(1)); }, false},
    {"sha1",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.algorithm = test::ecdsa_with_sha1();
         return draft.signed_by(test::key(0), EVP_sha1());
     },
     false},
    {"sha224",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.algorithm = test::ecdsa_with_sha2(1);
         return draft.signed_by(test::key(0), EVP_sha224());
     },
     false},
    {"other_digest_than_stated", [](X509& ca) { return draft_of(ca).signed_by(test::key(0), EVP_sha384()); },
     false},
    {"algorithm_of_another_key_type",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.algorithm = test::rsa_with(11);
         return draft.signed_by(test::key(0));
     },
     false},
    {"unknown_algorithm",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.algorithm = test::sequence({test::id_ce(1)});
         return draft.signed_by(test::key(0));
     },
     false},
    {"no_signature", [](X509& ca) { return draft_of(ca).unsigned_der(); }, false},
    {"entry_changed",
     [](X509& ca) {
         auto draft = draft_of(ca);
         std::string der = draft.signed_by(test::key(0));
         const auto at = der.find(draft.entries.front());
         der[at + 4] = '\x06';
         return der;
     },
     false},
    {"other_name",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.issuer = CrlDraft{}.issuer;
         return draft.signed_by(test::key(0));
     },
     false},
    {"its_key_id",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.extensions.push_back(test::authority_key_id(key_id_of(ca)));
         return draft.signed_by(test::key(0));
     },
     true},
    {"other_key_id",
     [](X509& ca) {
         auto draft = draft_of(ca);
         draft.extensions.push_back(test::authority_key_id("other"));
         return draft.signed_by(test::key(0));
     },
     false},
};

class VerifyCrl : public testing::TestWithParam<SignatureCase> {};

TEST_P(VerifyCrl, believes_its_issuer_only) {
    const CertificatePtr ca = test::authority("CA", test::key(0));
    const auto result = verified(GetParam().crl(*ca), *ca);
    EXPECT_EQ(result.has_value(), GetParam().good) << (result ? "" : result.error().message);
    if (!result) {
        EXPECT_EQ(result.error().result, CrlLoad::bad_signature);
    }
}
INSTANTIATE_TEST_SUITE_P(table, VerifyCrl, testing::ValuesIn(signature_cases),
                         [](const auto& row) { return row.param.name; });

TEST(VerifyCrl, asks_whether_the_key_may_sign_crls) {
    const auto check = [](const char* key_usage) {
        const CertificatePtr ca = authority_with(key_usage);
        return verified(draft_of(*ca).signed_by(test::key(0)), *ca).has_value();
    };
    EXPECT_TRUE(check("critical,keyCertSign,cRLSign"));
    EXPECT_TRUE(check("cRLSign"));
    EXPECT_FALSE(check("critical,keyCertSign"));
    EXPECT_FALSE(check("critical,digitalSignature"));
    EXPECT_TRUE(check(nullptr)) << "RFC 5280 6.3.3 (f): only if a key usage is there";
}

TEST(VerifyCrl, takes_an_equal_name_in_another_encoding) {
    const CertificatePtr ca = test::authority("The  Device CA", test::key(0));
    auto draft = draft_of(*ca);
    draft.issuer =
        test::sequence({test::tlv(0x31, test::sequence({test::tlv(0x06, test::octets({0x55, 0x04, 0x03})),
                                                        test::tlv(0x13, "the device ca")}))});
    EXPECT_TRUE(verified(draft.signed_by(test::key(0)), *ca));
}

TEST(VerifyCrl, takes_rsa) {
    const KeyPtr key(EVP_RSA_gen(2048));
    const CertificatePtr ca = test::authority("CA", *key);
    auto draft = draft_of(*ca);
    draft.algorithm = test::rsa_with(11);
    EXPECT_TRUE(verified(draft.signed_by(*key), *ca));
    draft.algorithm = test::rsa_with(5);
    EXPECT_FALSE(verified(draft.signed_by(*key, EVP_sha1()), *ca));
    draft.algorithm = test::rsa_with(4);
    EXPECT_FALSE(verified(draft.signed_by(*key, EVP_md5()), *ca));
}

TEST(VerifyCrl, takes_what_openssl_wrote) {
    const CertificatePtr ca = test::authority("CA", test::key(0));
    const CrlPtr crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(ca.get()));
    const Asn1TimePtr time(ASN1_TIME_set(nullptr, test::now.time_since_epoch().count()));
    X509_CRL_set1_lastUpdate(crl.get(), time.get());
    X509_CRL_set1_nextUpdate(crl.get(), time.get());
    X509_CRL_sign(crl.get(), &test::key(0), EVP_sha256());
    unsigned char* data = nullptr;
    const int size = i2d_X509_CRL(crl.get(), &data);
    const BufferPtr owned(data);
    EXPECT_TRUE(verified({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)}, *ca));
}

}  // namespace
}  // namespace sallyport::pki
