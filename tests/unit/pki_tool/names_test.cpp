#include "pki/tool/names.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

struct NameCase {
    const char* name;
    bool (*check)(std::string_view);
    std::string text;
    bool valid;
};

class NameTest : public testing::TestWithParam<NameCase> {};

TEST_P(NameTest, is_strict) {
    EXPECT_EQ(GetParam().check(GetParam().text), GetParam().valid) << GetParam().text;
}

bool is_address(std::string_view text) {
    return parse_ip_address(std::string(text)).has_value();
}
bool is_reason(std::string_view text) {
    return parse_revocation_reason(text).has_value();
}

const NameCase name_cases[] = {
    {"device", is_device_id, "A1B2C3D4", true},
    {"device_lower_case", is_device_id, "a1B2C3D4", false},
    {"device_7", is_device_id, "A1B2C3D", false},
    {"device_9", is_device_id, "A1B2C3D4E", false},
    {"device_not_hex", is_device_id, "A1B2C3G4", false},
    {"device_path", is_device_id, "../A1B2C", false},
    {"device_empty", is_device_id, "", false},
    {"dns", is_dns_name, "gw-1.example.com", true},
    {"dns_one_label", is_dns_name, "localhost", true},
    {"dns_upper_case", is_dns_name, "Gw.example.com", false},
    {"dns_dot_at_end", is_dns_name, "gw.example.com.", false},
    {"dns_empty_label", is_dns_name, "gw..example.com", false},
    {"dns_hyphen_first", is_dns_name, "-gw.example", false},
    {"dns_hyphen_last", is_dns_name, "gw-.example", false},
    {"dns_underscore", is_dns_name, "gw_1.example", false},
    {"dns_label_63", is_dns_name, std::string(63, 'a') + ".example", true},
    {"dns_label_64", is_dns_name, std::string(64, 'a') + ".example", false},
    {"dns_wildcard", is_dns_name, "*.example.com", true},
    {"dns_wildcard_of_a_top_level", is_dns_name, "*.com", false},
    {"dns_wildcard_inside", is_dns_name, "gw.*.example", false},
    {"dns_partial_wildcard", is_dns_name, "g*.example.com", false},
    {"dns_slash", is_dns_name, "../../root", false},
    {"dns_address", is_dns_name, "127.0.0.1", false},
    {"dns_empty", is_dns_name, "", false},
    {"ip_4", is_address, "127.0.0.1", true},
    {"ip_4_short", is_address, "127.1", false},
    {"ip_4_leading_zero", is_address, "127.0.0.01", false},
    {"ip_6", is_address, "2001:db8::1", true},
    {"ip_6_zone", is_address, "fe80::1%eth0", false},
    {"ip_name", is_address, "localhost", false},
    {"organization", is_organization, "Example, Inc", true},
    {"organization_line_break", is_organization, "Example\nInc", false},
    {"organization_50", is_organization, std::string(50, 'x'), true},
    {"organization_51", is_organization, std::string(51, 'x'), false},
    {"organization_empty", is_organization, "", false},
    {"url", is_crl_url, "http://crl.example/fleet", true},
    {"url_https_port", is_crl_url, "https://[::1]:8080/", true},
    {"url_file", is_crl_url, "file:///etc", false},
    {"url_no_host", is_crl_url, "http:///fleet", false},
    {"url_query", is_crl_url, "http://crl.example/?a=b", false},
    {"url_space", is_crl_url, "http://crl.example/a b", false},
    {"reason", is_reason, "keyCompromise", true},
    {"reason_other_case", is_reason, "keycompromise", false},
    {"reason_hold", is_reason, "certificateHold", false},
    {"reason_remove", is_reason, "removeFromCRL", false},
};
INSTANTIATE_TEST_SUITE_P(table, NameTest, testing::ValuesIn(name_cases),
                         [](const auto& row) { return row.param.name; });

struct SerialCase {
    const char* name;
    std::string text;
    std::optional<std::string> octets;
};

class SerialTest : public testing::TestWithParam<SerialCase> {};

TEST_P(SerialTest, reads_hexadecimal) {
    EXPECT_EQ(parse_serial(GetParam().text), GetParam().octets);
}

const SerialCase serial_cases[] = {
    {"upper", "4AFF", "\x4a\xff"},
    {"lower", "4aff", "\x4a\xff"},
    {"colons", "4A:FF:01", "\x4a\xff\x01"},
    {"colon_first", ":4AFF", std::nullopt},
    {"colon_last", "4A:FF:", std::nullopt},
    {"colon_in_octet", "4:AFF", std::nullopt},
    {"odd", "AFF", "\x0a\xff"},
    {"high_bit", "FF", std::string("\0\xff", 2)},
    {"redundant_zeros", "00004A", "\x4a"},
    {"octets_20", std::string(40, '1'), std::string(20, '\x11')},
    {"octets_21", std::string(42, '1'), std::nullopt},
    {"prefix", "0x4A", std::nullopt},
    {"sign", "-4A", std::nullopt},
    {"blank", " 4A", std::nullopt},
    {"empty", "", std::nullopt},
};
INSTANTIATE_TEST_SUITE_P(table, SerialTest, testing::ValuesIn(serial_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
