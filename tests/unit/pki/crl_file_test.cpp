#include "pki/crl_file.h"

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
    std::string thousand;
    for (int i = 0; i < 1000; ++i)
        thousand += pem;
    return {
        {"der", "\x30\x01x", {"\x30\x01x"}},
        {"pem", pem, {"one"}},
        {"two_blocks", pem + other, {"one", "two"}},
        {"text_around", "Certificate Revocation List (CRL):\n" + pem + "and more\n" + other, {"one", "two"}},
        {"windows_line_ends", "-----BEGIN X509 CRL-----\r\nb25l\r\n-----END X509 CRL-----\r\n", {"one"}},
        {"long_lines",
         "-----BEGIN X509 CRL-----\n" + std::string(40'000, 'A') + "\n-----END X509 CRL-----\n",
         {std::string(30'000, '\0')}},
        {"marker_within_a_line", "x-----BEGIN X509 CRL-----\nb25l\n-----END X509 CRL-----\n", {}},
        {"end_of_another_kind", "-----BEGIN X509 CRL-----\nb25l\n-----END CERTIFICATE-----\n", {}},
        {"begin_within", "-----BEGIN X509 CRL-----\nb25l\n" + pem, {}},
        {"hyphen_within", "-----BEGIN X509 CRL-----\nb25l-\nb25l\n-----END X509 CRL-----\n", {}},
        {"empty_line_within", "-----BEGIN X509 CRL-----\nb25l\n\nb25l\n-----END X509 CRL-----\n", {}},
        {"empty_line_of_windows", "-----BEGIN X509 CRL-----\nb25l\n\r\nb25l\n-----END X509 CRL-----\n", {}},
        {"two_returns", "-----BEGIN X509 CRL-----\nb25l\n\r\r\nb25l\n-----END X509 CRL-----\n", {}},
        {"empty_line_first", "-----BEGIN X509 CRL-----\n\nb25l\n-----END X509 CRL-----\n", {}},
        {"blank_line_within", "-----BEGIN X509 CRL-----\nb25l\n \nb25l\n-----END X509 CRL-----\n", {}},
        {"blank_at_the_end_of_a_line", "-----BEGIN X509 CRL-----\nb25l \n-----END X509 CRL-----\n", {}},
        {"beside_the_marker", "-----BEGIN X509 CRL-----b25l\n-----END X509 CRL-----\n", {}},
        {"header", "-----BEGIN X509 CRL-----\nProc-Type: 4\n\nb25l\n-----END X509 CRL-----\n", {}},
        {"padding_within", "-----BEGIN X509 CRL-----\nb24=b25l\n-----END X509 CRL-----\n", {}},
        {"bits_left_over", "-----BEGIN X509 CRL-----\nb25lb\n-----END X509 CRL-----\n", {}},
        {"padding_of_two", "-----BEGIN X509 CRL-----\nb25lbw==\n-----END X509 CRL-----\n", {"oneo"}},
        {"padding_of_one", "-----BEGIN X509 CRL-----\nb25lb24=\n-----END X509 CRL-----\n", {"oneon"}},
        {"padding_of_one_missing", "-----BEGIN X509 CRL-----\nb25lbw=\n-----END X509 CRL-----\n", {}},
        {"padding_of_three", "-----BEGIN X509 CRL-----\nb25lb===\n-----END X509 CRL-----\n", {}},
        {"padding_alone", "-----BEGIN X509 CRL-----\nb25l\n====\n-----END X509 CRL-----\n", {}},
        {"padding_missing", "-----BEGIN X509 CRL-----\nb25lb24\n-----END X509 CRL-----\n", {}},
        {"behind_the_padding", "-----BEGIN X509 CRL-----\nb25lbw==\nb25l\n-----END X509 CRL-----\n", {}},
        {"bits_behind_the_last_byte", "-----BEGIN X509 CRL-----\nb25lbx==\n-----END X509 CRL-----\n", {}},
        {"bits_behind_the_last_two", "-----BEGIN X509 CRL-----\nb25lb25=\n-----END X509 CRL-----\n", {}},
        {"lines_of_odd_length",
         "-----BEGIN X509 CRL-----\nb\n25\nl\nb25\nl\n-----END X509 CRL-----\n",
         {"oneone"}},
        {"return_alone", "-----BEGIN X509 CRL-----\nb25l\rb25l\n-----END X509 CRL-----\n", {}},
        {"nul_within",
         std::string("-----BEGIN X509 CRL-----\nb2\0"
                     "5l\n-----END X509 CRL-----\n",
                     55),
         {}},
        {"byte_beyond_ascii",
         "-----BEGIN X509 CRL-----\nb2\xFF"
         "l\n-----END X509 CRL-----\n",
         {}},
        {"nothing_between", "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", {}},
        {"old_label", armored("CRL", "one"), {}},
        {"thousand_blocks", thousand, std::vector<std::string>(1000, "one")},
        {"thousand_and_one", thousand + other, {}},
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
