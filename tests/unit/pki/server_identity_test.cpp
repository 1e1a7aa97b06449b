#include "pki/server_identity.h"

#include "tests/support/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using Fit = NameFit;

KeyPtr another_reference_to_key(std::size_t index) {
    EVP_PKEY_up_ref(&test::key(index));
    return KeyPtr(&test::key(index));
}

std::vector<CertificatePtr> list(std::vector<X509*> certificates) {
    std::vector<CertificatePtr> owned;
    for (X509* certificate : certificates)
        owned.push_back(test::another_reference(certificate));
    return owned;
}

struct Chain {
    CertificatePtr root = test::authority("Root", test::key(0));
    test::Issuer by_root{root.get(), &test::key(0)};
    CertificatePtr issuing = test::certificate(
        {.common_name = "Issuing", .extensions = test::authority_extensions()}, test::key(1), &by_root);
    test::Issuer by_issuing{issuing.get(), &test::key(1)};

    CertificatePtr server(const char* names, const EVP_MD* digest = EVP_sha256()) const {
        return test::certificate({.common_name = "server", .extensions = {{NID_subject_alt_name, names}}},
                                 test::key(2), &by_issuing, digest);
    }
};

struct FitCase {
    const char* name;
    const char* certificate;
    const char* asked;
    Fit fit;
};

const FitCase fit_cases[] = {
    {"exact", "DNS:gw.example.test", "gw.example.test", Fit::exact},
    {"letter_case", "DNS:GW.example.test", "gw.EXAMPLE.test", Fit::exact},
    {"another", "DNS:gw.example.test", "gw2.example.test", Fit::none},
    {"longer", "DNS:gw.example.test", "a.gw.example.test", Fit::none},
    {"second_of_two", "DNS:a.test,DNS:b.test", "b.test", Fit::exact},
    {"wildcard", "DNS:*.example.test", "gw.example.test", Fit::wildcard},
    {"wildcard_is_one_label", "DNS:*.example.test", "a.gw.example.test", Fit::none},
    {"wildcard_is_a_label", "DNS:*.example.test", "example.test", Fit::none},
    {"wildcard_is_not_empty", "DNS:*.example.test", ".example.test", Fit::none},
    {"exact_beside_wildcard", "DNS:*.example.test,DNS:gw.example.test", "gw.example.test", Fit::exact},
    {"star_as_a_name", "DNS:*.example.test", "*.example.test", Fit::wildcard},
    {"address", "IP:127.0.0.1", "127.0.0.1", Fit::none},
    {"nothing", "DNS:gw.example.test", "", Fit::none},
};

class ServerNames : public testing::TestWithParam<FitCase> {};

TEST_P(ServerNames, choose_an_identity) {
    const Chain chain;
    const auto server = chain.server(GetParam().certificate);
    const auto identity =
        ServerIdentity::create(list({server.get()}), another_reference_to_key(2), "files").value();
    EXPECT_EQ(identity.fit(GetParam().asked), GetParam().fit);
}
INSTANTIATE_TEST_SUITE_P(table, ServerNames, testing::ValuesIn(fit_cases),
                         [](const auto& row) { return row.param.name; });

std::string fault_of(std::vector<CertificatePtr> chain, std::size_t key) {
    const auto made = ServerIdentity::create(std::move(chain), another_reference_to_key(key), "files");
    return made ? "" : made.error().message;
}

TEST(ServerIdentity, is_checked_when_it_is_loaded) {
    const Chain chain;
    const auto server = chain.server("DNS:gw.test");
    EXPECT_EQ(fault_of(list({server.get()}), 2), "");
    EXPECT_EQ(fault_of(list({server.get(), chain.issuing.get()}), 2), "");
    EXPECT_EQ(fault_of(list({server.get(), chain.issuing.get(), chain.root.get()}), 2), "");
    EXPECT_THAT(fault_of(list({server.get()}), 1), testing::HasSubstr("key does not fit"));
    EXPECT_THAT(fault_of(list({server.get(), chain.root.get()}), 2),
                testing::AllOf(testing::StartsWith("files: CN=server was not issued by"),
                               testing::HasSubstr("CN=Root"), testing::HasSubstr("missing")));
    EXPECT_THAT(fault_of(list({server.get(), chain.root.get(), chain.issuing.get()}), 2),
                testing::HasSubstr("was not issued by"));
}

TEST(ServerIdentity, warns_of_what_old_devices_do_not_know) {
    const Chain chain;
    const auto warnings = [](const CertificatePtr& server) {
        return ServerIdentity::create(list({server.get()}), another_reference_to_key(2), "files")
            .value()
            .warnings();
    };
    EXPECT_TRUE(warnings(chain.server("DNS:gw.test")).empty());
    EXPECT_THAT(warnings(chain.server("DNS:gw.test", EVP_sha384())),
                testing::ElementsAre(testing::HasSubstr("SHA384")));
}

}  // namespace
}  // namespace sallyport::pki
