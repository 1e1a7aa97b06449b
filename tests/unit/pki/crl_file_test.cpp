#include "pki/crl.h"
#include "pki/openssl.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

std::string armored(const std::string& label, const std::string& der) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio(bio.get(), label.c_str(), "", reinterpret_cast<const unsigned char*>(der.data()),
                  static_cast<long>(der.size()));
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

struct FileCase {
    const char* name;
    std::string content;
    std::vector<std::string> crls;  ///< empty: refused
};

std::vector<FileCase> file_cases() {
    const std::string pem = armored("X509 CRL", "one");
    const std::string other = armored("X509 CRL", "two");
    return {
        {"der", "\x30\x01x", {"\x30\x01x"}},
        {"pem", pem, {"one"}},
        {"two_blocks", pem + other, {"one", "two"}},
        {"certificate", armored("CERTIFICATE", "one"), {}},
        {"certificate_behind", pem + armored("CERTIFICATE", "two"), {}},
        {"key_behind", pem + armored("PRIVATE KEY", "two"), {}},
        {"first_block_cut", pem.substr(0, pem.size() - 10) + other, {}},
        {"last_block_cut", pem + other.substr(0, other.size() - 10), {}},
        {"last_block_without_end", pem + "-----BEGIN X509 CRL-----\nb25l\n", {}},
        {"bad_base64", pem + "-----BEGIN X509 CRL-----\n!!!!\n-----END X509 CRL-----\n", {}},
        {"empty", "", {}},
        {"text", "no CRL here", {}},
    };
}

class SplitCrlFile : public testing::TestWithParam<FileCase> {};

TEST_P(SplitCrlFile, passes_over_nothing_that_looks_like_a_crl) {
    const auto crls = split_crl_file(GetParam().content);
    ASSERT_EQ(crls.has_value(), !GetParam().crls.empty());
    if (crls) {
        EXPECT_EQ(*crls, GetParam().crls);
    } else {
        EXPECT_EQ(crls.error().result, CrlLoad::parse_error);
    }
}
INSTANTIATE_TEST_SUITE_P(table, SplitCrlFile, testing::ValuesIn(file_cases()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
