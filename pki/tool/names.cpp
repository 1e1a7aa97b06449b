#include "pki/tool/names.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

namespace sallyport::pki {
namespace {

constexpr std::string_view lower_alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view hex_digits = "0123456789ABCDEF";

constexpr CrlReason reasons[] = {CrlReason::unspecified,        CrlReason::key_compromise,
                                 CrlReason::ca_compromise,      CrlReason::affiliation_changed,
                                 CrlReason::superseded,         CrlReason::cessation_of_operation,
                                 CrlReason::privilege_withdrawn};

bool is_label(std::string_view label) noexcept {
    constexpr std::size_t max_label = 63;
    if (label.empty() || label.size() > max_label || label.front() == '-' || label.back() == '-')
        return false;
    return std::ranges::all_of(
        label, [](char c) { return c == '-' || lower_alphanumeric.find(c) != lower_alphanumeric.npos; });
}

}  // namespace

bool is_device_id(std::string_view text) noexcept {
    return text.size() == 8 && text.find_first_not_of(hex_digits) == text.npos;
}

bool is_dns_name(std::string_view text) noexcept {
    constexpr std::size_t max_name = 253;
    if (text.size() > max_name) return false;
    if (text.starts_with("*.")) {
        text.remove_prefix(2);
        if (text.find('.') == text.npos) return false;  // `*.com` would cover strangers
    }
    std::string_view last;
    for (;;) {
        const auto dot = text.find('.');
        last = text.substr(0, dot);
        if (!is_label(last)) return false;
        if (dot == text.npos) break;
        text.remove_prefix(dot + 1);
    }
    // A name whose last label is a number would be read as an IPv4 address (RFC 1123 2.1).
    return last.find_first_not_of("0123456789") != last.npos;
}

std::optional<std::string> parse_ip_address(const std::string& text) {
    std::array<char, 16> octets{};
    if (::inet_pton(AF_INET, text.c_str(), octets.data()) == 1) return std::string(octets.data(), 4);
    if (::inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) return std::string(octets.data(), 16);
    return std::nullopt;
}

bool is_organization(std::string_view text) noexcept {
    constexpr std::size_t max_organization = 50;  // leaves room for " Device CA" in a CN of 64
    return text.size() <= max_organization && is_common_name(text);
}

bool is_common_name(std::string_view text) noexcept {
    constexpr std::size_t max_common_name = 64;  // RFC 5280 appendix A.1
    const auto printable = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; };
    return !text.empty() && text.size() <= max_common_name && std::ranges::all_of(text, printable);
}

bool is_authority_name(std::string_view text) noexcept {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz", digits = "0123456789";
    if (text.empty() || text.size() > 40 || letters.find(text.front()) == letters.npos) return false;
    const bool allowed =
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos && text.back() != '-';
    // NAME-delta.crl and NAME-3p.crl are files of the authority NAME.
    const auto last = text.substr(text.rfind('-') == text.npos ? 0 : text.rfind('-') + 1);
    const bool like_partition = last.size() > 1 && last.back() == 'p' &&
                                last.substr(0, last.size() - 1).find_first_not_of(digits) == last.npos;
    return allowed && last != "delta" && !like_partition;
}

bool is_operator_name(std::string_view text) noexcept {
    constexpr std::string_view alphanumeric =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const auto allowed = [&](char c) {
        return alphanumeric.find(c) != alphanumeric.npos ||
               std::string_view("._@-").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= 64 && alphanumeric.find(text.front()) != alphanumeric.npos &&
           std::ranges::all_of(text, allowed) && !is_device_id(text);
}

bool is_crl_url(std::string_view text) {
    constexpr std::size_t max_url = 1000;
    if (text.size() > max_url) return false;
    const auto scheme_end = text.find("://");
    if (scheme_end == text.npos) return false;
    const auto scheme = text.substr(0, scheme_end), rest = text.substr(scheme_end + 3);
    const bool allowed =
        rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]%") ==
        rest.npos;
    return (scheme == "http" || scheme == "https") && !rest.empty() && rest.front() != '/' && allowed;
}

std::optional<std::chrono::sys_seconds> parse_instant(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view day_form = "dddd-dd-dd", instant_form = "dddd-dd-ddTdd:dd:ddZ";
    if (text.size() != day_form.size() && text.size() != instant_form.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (instant_form[i] == 'd' ? !digit : text[i] != instant_form[i]) return std::nullopt;
    }
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = 0;
        for (const char c : text.substr(at, size))
            value = value * 10 + (c - '0');
        return value;
    };
    const year_month_day date{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                              day{static_cast<unsigned>(number(8, 2))}};
    if (!date.ok() || date.year() < year{1970}) return std::nullopt;
    if (text.size() == day_form.size()) return sys_days{date};
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return sys_days{date} + hours{hour} + minutes{minute} + seconds{second};
}

std::optional<std::string> parse_serial(std::string_view text) {
    constexpr std::size_t max_digits = 40;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ':' && i % 3 == 2 && i + 1 < text.size()) continue;
        const char upper =
            text[i] >= 'a' && text[i] <= 'f' ? static_cast<char>(text[i] - 'a' + 'A') : text[i];
        if (hex_digits.find(upper) == hex_digits.npos) return std::nullopt;
        digits += upper;
    }
    if (digits.empty() || digits.size() > max_digits) return std::nullopt;
    // An octet 00 in front keeps the number positive, as in DER; minimal_integer() takes it away where it can
    // go.
    const std::string even = std::string(2 + digits.size() % 2, '0').append(digits);
    std::string octets;
    for (std::size_t i = 0; i < even.size(); i += 2) {
        octets += static_cast<char>(hex_digits.find(even[i]) << 4U | hex_digits.find(even[i + 1]));
    }
    const Bytes minimal =
        minimal_integer(Bytes(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()));
    return std::string(reinterpret_cast<const char*>(minimal.data()), minimal.size());
}

std::optional<CrlReason> parse_revocation_reason(std::string_view text) {
    const auto* const found =
        std::ranges::find(reasons, text, [](CrlReason reason) { return to_string(reason); });
    if (found == std::end(reasons)) return std::nullopt;
    return *found;
}

std::string revocation_reasons() {
    std::string names;
    for (const CrlReason reason : reasons) {
        if (!names.empty()) names += ", ";
        names += to_string(reason);
    }
    return names;
}

}  // namespace sallyport::pki
