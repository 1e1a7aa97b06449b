#include "pki/chain_verifier.h"

#include "tests/support/certificates.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::Extensions;
using test::now;
using test::with;
using namespace std::chrono_literals;

/// root (key 0) -> issuing CA (key 1) -> device (key 2).
struct Chain {
    CertificatePtr root = test::authority("Root", test::key(0));
    CertificatePtr issuing = intermediate({.common_name = "Issuing CA"});
    CertificatePtr device = leaf({.common_name = "A1B2C3D4"});

    /// A CA below the root. Extensions are a CA's where the draft has none.
    CertificatePtr intermediate(test::CertificateDraft draft, EVP_PKEY& key = test::key(1)) const {
        if (draft.extensions.empty()) draft.extensions = test::authority_extensions();
        const test::Issuer signer{root.get(), &test::key(0)};
        return test::certificate(draft, key, &signer);
    }
    /// A certificate below the issuing CA. Extensions are a device's where the draft has none.
    CertificatePtr leaf(test::CertificateDraft draft, EVP_PKEY& key = test::key(2),
                        const EVP_MD* digest = EVP_sha256()) const {
        if (draft.extensions.empty()) draft.extensions = test::device_extensions();
        const test::Issuer signer{issuing.get(), &test::key(1)};
        return test::certificate(draft, key, &signer, digest);
    }
    CertificatePtr leaf_with(const Extensions& extensions) const {
        return leaf({.common_name = "A1B2C3D4", .extensions = extensions});
    }
};

std::vector<CertificatePtr> list(std::initializer_list<X509*> certificates) {
    std::vector<CertificatePtr> owned;
    for (X509* certificate : certificates)
        owned.push_back(test::another_reference(certificate));
    return owned;
}

TrustAnchors trust_in(std::initializer_list<X509*> anchors, std::initializer_list<X509*> intermediates = {}) {
    return std::move(TrustAnchors::create(list(anchors), list(intermediates)).value());
}

struct ChainCase {
    const char* name;
    std::function<CertificatePtr(Chain&)> device;
    std::string_view refusal = "";  ///< empty: let in
};

CertificatePtr plain(Chain& chain) {
    return test::another_reference(chain.device.get());
}

/// The peer sends its certificate and the issuing CA's; the root is trusted.
const ChainCase chain_cases[] = {
    {"good", plain},
    {"expires_in_a_second", [](Chain& c) { return c.leaf({.common_name = "d", .not_after = now + 1s}); }},
    {"expired", [](Chain& c) { return c.leaf({.common_name = "d", .not_after = now - 1s}); }, "expired"},
    {"begins_now", [](Chain& c) { return c.leaf({.common_name = "d", .not_before = now}); }},
    {"not_yet_valid", [](Chain& c) { return c.leaf({.common_name = "d", .not_before = now + 1s}); },
     "not_yet_valid"},
    {"issuer_expired",
     [](Chain& c) {
         c.issuing = c.intermediate({.common_name = "Issuing CA", .not_after = now - 1s});
         return c.leaf({.common_name = "d"});
     },
     "expired"},
    {"both_purposes",
     [](Chain& c) {
         return c.leaf_with(with(test::device_extensions(), NID_ext_key_usage, "clientAuth,serverAuth"));
     }},
    {"server_only",
     [](Chain& c) { return c.leaf_with(with(test::device_extensions(), NID_ext_key_usage, "serverAuth")); },
     "wrong_purpose"},
    {"any_purpose_only",
     [](Chain& c) {
         return c.leaf_with(with(test::device_extensions(), NID_ext_key_usage, "anyExtendedKeyUsage"));
     },
     "wrong_purpose"},
    {"no_extended_key_usage",
     [](Chain& c) { return c.leaf_with(with(test::device_extensions(), NID_ext_key_usage, nullptr)); },
     "wrong_purpose"},
    {"no_key_usage",
     [](Chain& c) { return c.leaf_with(with(test::device_extensions(), NID_key_usage, nullptr)); }},
    {"key_usage_without_signature",
     [](Chain& c) {
         return c.leaf_with(with(test::device_extensions(), NID_key_usage, "critical,keyEncipherment"));
     },
     "wrong_purpose"},
    {"no_basic_constraints",
     [](Chain& c) { return c.leaf_with(with(test::device_extensions(), NID_basic_constraints, nullptr)); }},
    {"authority_as_device",
     [](Chain& c) {
         auto extensions = with(test::authority_extensions(), NID_ext_key_usage, "clientAuth");
         return c.leaf_with(with(extensions, NID_key_usage, "critical,digitalSignature,keyCertSign"));
     },
     "wrong_purpose"},
    {"version_1",
     [](Chain& c) {
         const test::Issuer signer{c.issuing.get(), &test::key(1)};
         return test::certificate({.common_name = "d", .version = X509_VERSION_1}, test::key(2), &signer);
     },
     "wrong_purpose"},
    {"unknown_critical_extension",
     [](Chain& c) {
         auto extensions = test::device_extensions();
         extensions.emplace_back(NID_netscape_comment, "critical,x");
         return c.leaf_with(extensions);
     },
     "wrong_purpose"},
    {"forged", [](Chain& c) { return test::forged(*c.device); }, "bad_signature"},
    {"forged_issuer",
     [](Chain& c) {
         c.issuing = test::forged(*c.issuing);
         return plain(c);
     },
     "bad_signature"},
    {"self_signed",
     [](Chain&) {
         return test::certificate({.common_name = "d", .extensions = test::device_extensions()},
                                  test::key(2));
     },
     "untrusted_issuer"},
    {"unknown_issuer",
     [](Chain&) {
         const CertificatePtr stranger = test::authority("Stranger", test::key(3));
         const test::Issuer signer{stranger.get(), &test::key(3)};
         return test::certificate({.common_name = "d", .extensions = test::device_extensions()}, test::key(2),
                                  &signer);
     },
     "untrusted_issuer"},
    {"issuer_of_the_same_name_and_another_key",
     [](Chain&) {
         const CertificatePtr stranger = test::authority("Issuing CA", test::key(3));
         const test::Issuer signer{stranger.get(), &test::key(3)};
         return test::certificate(
             {.common_name = "d",
              .extensions = with(test::device_extensions(), NID_authority_key_identifier, nullptr)},
             test::key(2), &signer);
     },
     "untrusted_issuer"},
    {"issued_by_a_device",
     [](Chain& c) {
         c.issuing = c.intermediate({.common_name = "Issuing CA", .extensions = test::device_extensions()});
         return c.leaf({.common_name = "d"});
     },
     "untrusted_issuer"},
    {"below_a_path_length_of_zero",
     [](Chain& c) {
         c.issuing = c.intermediate({.common_name = "Issuing CA",
                                     .extensions = with(test::authority_extensions(), NID_basic_constraints,
                                                        "critical,CA:TRUE,pathlen:0")});
         return c.leaf({.common_name = "d"});
     }},
    {"sha1", [](Chain& c) { return c.leaf({.common_name = "d"}, test::key(2), EVP_sha1()); }, "weak_key"},
    {"rsa_1024",
     [](Chain& c) {
         const KeyPtr key(EVP_RSA_gen(1024));
         return c.leaf({.common_name = "d"}, *key);
     },
     "weak_key"},
    {"rsa_2048",
     [](Chain& c) {
         const KeyPtr key(EVP_RSA_gen(2048));
         return c.leaf({.common_name = "d"}, *key);
     }},
    {"issuer_of_rsa_1024",
     [](Chain& c) {
         const KeyPtr key(EVP_RSA_gen(1024));
         c.issuing = c.intermediate({.common_name = "Issuing CA"}, *key);
         const test::Issuer signer{c.issuing.get(), key.get()};
         return test::certificate({.common_name = "d", .extensions = test::device_extensions()}, test::key(2),
                                  &signer);
     },
     "weak_key"},
};

class VerifyPath : public testing::TestWithParam<ChainCase> {};

TEST_P(VerifyPath, lets_in_device_certificates_only) {
    Chain chain;
    const CertificatePtr device = GetParam().device(chain);
    const auto links = verify_path(*device, list({chain.issuing.get()}), trust_in({chain.root.get()}), now);
    EXPECT_EQ(links ? "" : to_string(links.error().reason), GetParam().refusal)
        << (links ? "" : links.error().detail);
    if (links) {
        EXPECT_EQ(links->links.size(), 2U);
    }
}
INSTANTIATE_TEST_SUITE_P(table, VerifyPath, testing::ValuesIn(chain_cases),
                         [](const auto& row) { return row.param.name; });

// ---- anchors --------------------------------------------------------------------------------------

struct AnchorCase {
    const char* name;
    std::initializer_list<CertificatePtr Chain::*> anchors;
    std::initializer_list<CertificatePtr Chain::*> configured;  ///< intermediates of the configuration
    std::initializer_list<CertificatePtr Chain::*> sent;
    int links;  ///< -1: refused as untrusted_issuer
};

const AnchorCase anchor_cases[] = {
    {"root_and_all_sent", {&Chain::root}, {}, {&Chain::issuing, &Chain::root}, 2},
    {"root_and_issuer_sent", {&Chain::root}, {}, {&Chain::issuing}, 2},
    {"root_and_nothing_sent", {&Chain::root}, {}, {}, -1},
    {"issuer_configured", {&Chain::root}, {&Chain::issuing}, {}, 2},
    {"issuer_configured_and_sent", {&Chain::root}, {&Chain::issuing}, {&Chain::issuing}, 2},
    {"issuer_is_the_anchor", {&Chain::issuing}, {}, {}, 1},
    {"issuer_is_the_anchor_root_sent", {&Chain::issuing}, {}, {&Chain::issuing, &Chain::root}, 1},
    {"configured_is_not_trusted", {}, {&Chain::issuing, &Chain::root}, {&Chain::issuing}, -1},
    {"sent_is_not_trusted", {}, {}, {&Chain::issuing, &Chain::root}, -1},
    {"device_sent_again", {&Chain::root}, {}, {&Chain::device, &Chain::issuing, &Chain::device}, 2},
};

class Anchors : public testing::TestWithParam<AnchorCase> {};

TEST_P(Anchors, may_stand_anywhere_above_the_device) {
    const Chain chain;
    const auto pick = [&](const std::initializer_list<CertificatePtr Chain::*>& members) {
        std::vector<CertificatePtr> picked;
        for (const auto member : members)
            picked.push_back(test::another_reference((chain.*member).get()));
        return picked;
    };
    const auto trust =
        std::move(TrustAnchors::create(pick(GetParam().anchors), pick(GetParam().configured)).value());
    const auto links = verify_path(*chain.device, pick(GetParam().sent), trust, now);
    ASSERT_EQ(links ? static_cast<int>(links->links.size()) : -1, GetParam().links)
        << (links ? "" : links.error().detail);
    if (!links) {
        EXPECT_EQ(links.error().reason, Refusal::untrusted_issuer);
    }
}
INSTANTIATE_TEST_SUITE_P(table, Anchors, testing::ValuesIn(anchor_cases),
                         [](const auto& row) { return row.param.name; });

TEST(TrustAnchors, are_authorities) {
    const Chain chain;
    const auto trust = TrustAnchors::create(list({chain.root.get(), chain.device.get()}), {});
    ASSERT_FALSE(trust);
    EXPECT_EQ(trust.error().fault, Fault::input);
    EXPECT_THAT(trust.error().message, testing::HasSubstr("CN=A1B2C3D4"));
}

TEST(TrustAnchors, are_no_devices) {
    Chain chain;
    const auto trust = trust_in({chain.issuing.get()});
    const auto links = verify_path(*chain.issuing, {}, trust, now);
    ASSERT_FALSE(links) << "the anchor's own certificate, shown as a device's";
}

TEST(TrustAnchors, name_all_that_may_sign_crls) {
    const Chain chain;
    const auto trust = trust_in({chain.root.get()}, {chain.issuing.get()});
    EXPECT_EQ(trust.authorities(), (std::vector<X509*>{chain.root.get(), chain.issuing.get()}));
}

TEST(VerifyPath, has_a_greatest_depth) {
    Chain chain;
    std::vector<CertificatePtr> authorities;
    authorities.push_back(test::another_reference(chain.root.get()));
    const auto accepted = [&](std::size_t intermediates) {
        while (authorities.size() <= intermediates) {
            const test::Issuer signer{authorities.back().get(), &test::key(0)};
            authorities.push_back(
                test::certificate({.common_name = "CA " + std::to_string(authorities.size()),
                                   .extensions = test::authority_extensions()},
                                  test::key(0), &signer));
        }
        const test::Issuer signer{authorities.back().get(), &test::key(0)};
        const CertificatePtr device = test::certificate(
            {.common_name = "d", .extensions = test::device_extensions()}, test::key(2), &signer);
        std::vector<CertificatePtr> sent;
        for (const CertificatePtr& authority : authorities)
            sent.push_back(test::another_reference(authority.get()));
        return verify_path(*device, sent, trust_in({chain.root.get()}), now).has_value();
    };
    EXPECT_TRUE(accepted(0));
    EXPECT_TRUE(accepted(4));
    EXPECT_FALSE(accepted(5));
}

TEST(VerifyPath, gives_what_revocation_needs) {
    const Chain chain;
    const std::string serial = "\x7F" + std::string(15, '\xFE');
    const CertificatePtr device =
        chain.leaf({.common_name = "d", .serial = serial, .not_before = now - 3h, .not_after = now + 5h});
    const auto links =
        verify_path(*device, list({chain.issuing.get()}), trust_in({chain.root.get()}), now).value().links;
    ASSERT_EQ(links.size(), 2U);
    EXPECT_EQ(links[0], (ChainLink{issuer_id(*chain.issuing), serial, now - 3h, now + 5h}));
    EXPECT_EQ(links[1], (ChainLink{issuer_id(*chain.root), "\x01", now - 24h, now + 24h}));
}

TEST(Refusal, has_a_word_and_an_alert) {
    for (int i = 0; i <= static_cast<int>(Refusal::bad_identity); ++i) {
        const auto refusal = static_cast<Refusal>(i);
        EXPECT_NE(to_string(refusal), "?");
        EXPECT_NE(verify_error(refusal), X509_V_OK);
    }
    EXPECT_NE(verify_error(Refusal::crl_expired), X509_V_ERR_CRL_HAS_EXPIRED)
        << "certificate_expired would make devices renew in vain";
}

}  // namespace
}  // namespace sallyport::pki
