#include "pki/tool/publication/gateway_answers.h"

#include "pki/tool/publication/foreign_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using testing::HasSubstr;

const WantedCrl wanted{"CN=CA", "7"};

std::string status_of(const std::string& crls, const std::string& more = "") {
    return "{\"generation\":3," + more + "\"crls\":[" + crls + "]}";
}
std::string crl_of(const std::string& issuer, const std::string& number, const std::string& more = "") {
    return R"({"issuer":")" + issuer + R"(","number":")" + number + "\"" + more + "}";
}

TEST(EnforcedCrl, is_the_oldest_list_of_the_issuer_and_partition) {
    const auto number = [](const std::string& crls) { return enforced_crl(status_of(crls), wanted)->number; };
    EXPECT_EQ(number(""), "");
    EXPECT_EQ(number(crl_of("CN=Other", "9")), "");
    EXPECT_EQ(number(crl_of("CN=Other", "9") + "," + crl_of("CN=CA", "6")), "6");
    EXPECT_EQ(number(crl_of("CN=CA", "10") + "," + crl_of("CN=CA", "9")), "9");
    EXPECT_EQ(number(crl_of("CN=CA", "")), "");
    EXPECT_EQ(number(crl_of("CN=CA", "8", R"(,"distribution_point":"http://crl.test/1")")), "");
    const WantedCrl partition{"CN=CA", "7", "http://crl.test/1"};
    const std::string two =
        crl_of("CN=CA", "8", R"(,"distribution_point":"http://crl.test/1")") + "," + crl_of("CN=CA", "5");
    EXPECT_EQ(enforced_crl(status_of(two), partition)->number, "8");
}

TEST(EnforcedCrl, spreads_until_every_connection_obeys) {
    const std::string crl = crl_of("CN=CA", "7");
    EXPECT_TRUE(enforced_crl(status_of(crl, "\"enforced_generation\":2,"), wanted)->is_spreading);
    EXPECT_FALSE(enforced_crl(status_of(crl, "\"enforced_generation\":3,"), wanted)->is_spreading);
    EXPECT_FALSE(enforced_crl(status_of(crl), wanted)->is_spreading) << "an older gateway";
}

TEST(EnforcedCrl, comes_from_a_gateway_only) {
    for (const char* text : {"", "ok", "[]", "{}", "{\"crls\":{}}", "{\"crls\":[1]}", "{\"crls\":[{}]}",
                             "{\"crls\":[{\"issuer\":\"CN=CA\",\"number\":7}]}",
                             "{\"crls\":[{\"issuer\":\"CN=CA\",\"number\":\"x\"}]}"}) {
        const auto read = enforced_crl(text, wanted);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().message, HasSubstr("is this its admin address?"));
    }
}

TEST(CrlNumbers, are_compared_as_numbers) {
    EXPECT_TRUE(is_at_least("7", "7"));
    EXPECT_TRUE(is_at_least("10", "9"));
    EXPECT_TRUE(is_at_least("007", "7"));
    EXPECT_FALSE(is_at_least("9", "10"));
    EXPECT_FALSE(is_at_least("", "0"));
    EXPECT_TRUE(is_at_least("100000000000000000000000000000000000000001",
                            "100000000000000000000000000000000000000000"));
}

TEST(Refusals, are_counted_for_the_issuer_and_for_nobody) {
    const std::string metrics =
        "# HELP sallyport_crl_loads_total CRLs offered by what became of them\n"
        "sallyport_crl_loads_total{issuer=\"CN=CA\",result=\"loaded\"} 5\n"
        "sallyport_crl_loads_total{issuer=\"CN=CA\",result=\"rollback\"} 2\n"
        "sallyport_crl_loads_total{result=\"shrink\",issuer=\"CN=Other\"} 3\n"
        "sallyport_crl_loads_total{result=\"parse_error\",issuer=\"unknown\"} 1e+00\n"
        "sallyport_crl_loads_total{issuer=\"CN=\\\"Q\\\"\\\\,O=x\",result=\"scope\"} 1\n"
        "sallyport_crl_loads_total{issuer=\"CN=CA\",result=\"cut";
    EXPECT_EQ(refusals(metrics, "CN=CA"), (Refusals{{"rollback", 2}, {"parse_error", 1}}));
    EXPECT_EQ(refusals(metrics, "CN=\"Q\"\\,O=x"), (Refusals{{"scope", 1}, {"parse_error", 1}}));
}

TEST(Refusals, of_words_that_are_not_known_are_one) {
    EXPECT_EQ(refusals("sallyport_crl_loads_total{issuer=\"CN=CA\",result=\"\x1B[2J\"} 2\n"
                       "sallyport_crl_loads_total{issuer=\"CN=CA\",result=\"a\\nb\"} 3\n",
                       "CN=CA"),
              (Refusals{{"another reason", 5}}));
}

TEST(ForeignText, has_nothing_that_a_terminal_obeys) {
    EXPECT_EQ(shown("a \x1B[2J\nb\x7F\\\xC2\x9B"), "a \\x1B[2J\\x0Ab\\x7F\\x5C\\xC2\\x9B");
    EXPECT_EQ(shown(std::string(301, 'x')), std::string(300, 'x') + "...");
}

TEST(EnforcedCrl, has_a_number_that_a_list_can_have) {
    EXPECT_TRUE(enforced_crl(status_of(crl_of("CN=CA", std::string(49, '9'))), wanted));
    EXPECT_FALSE(enforced_crl(status_of(crl_of("CN=CA", std::string(50, '9'))), wanted));
}

TEST(Refusals, are_new_when_they_were_counted_since) {
    EXPECT_EQ(new_refusals({{"rollback", 2}}, {{"rollback", 2}}), "");
    EXPECT_THAT(new_refusals({{"rollback", 2}}, {{"rollback", 3}}),
                HasSubstr("rollback: it holds a newer CRL"));
    EXPECT_THAT(new_refusals({}, {{"shrink", 1}}), HasSubstr("accept-crl"));
    EXPECT_THAT(new_refusals({{"shrink", 5}}, {{"shrink", 1}}), HasSubstr("shrink")) << "started again";
    EXPECT_EQ(new_refusals({}, {{"\x1B[2Jforged\nline", 1}}), "another reason: see its log");
}

}  // namespace
}  // namespace sallyport::pki
