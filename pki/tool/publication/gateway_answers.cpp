#include "pki/tool/publication/gateway_answers.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::size_t max_digits = 49;  // RFC 5280 5.2.3: 20 octets

std::optional<std::string> text_member(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string().data(), value->get_string().size());
}

Error not_a_status(const std::string& what) {
    return {Fault::runtime, "its /status is none of a gateway (" + what + "); is this its admin address?"};
}

/// Gateways that do not tell how far a generation has come are taken at their word.
bool is_spreading(const json::object& status) {
    const json::value* generation = status.if_contains("generation");
    const json::value* enforced = status.if_contains("enforced_generation");
    if (generation == nullptr || enforced == nullptr || !generation->is_int64() || !enforced->is_int64())
        return false;
    return enforced->get_int64() < generation->get_int64();
}

std::string_view without_zeros(std::string_view number) {
    while (number.size() > 1 && number.front() == '0')
        number.remove_prefix(1);
    return number;
}

/// `name="value"` of a sample, unescaped; moves `at` behind it and its comma. Nothing for anything else.
std::optional<std::pair<std::string, std::string>> next_label(std::string_view& at) {
    const auto equals = at.find("=\"");
    if (equals == at.npos) return std::nullopt;
    std::pair<std::string, std::string> label{at.substr(0, equals), ""};
    at.remove_prefix(equals + 2);
    while (!at.empty() && at.front() != '"') {
        if (at.front() == '\\') {
            at.remove_prefix(1);
            if (at.empty()) return std::nullopt;
            label.second += at.front() == 'n' ? '\n' : at.front();
        } else {
            label.second += at.front();
        }
        at.remove_prefix(1);
    }
    if (at.empty()) return std::nullopt;
    at.remove_prefix(1);
    if (at.starts_with(',')) at.remove_prefix(1);
    return label;
}

/// What the words of `crl_loads_total` (see CrlLoad) mean for whoever publishes; empty for other words.
std::string_view meaning(std::string_view result) {
    using Meaning = std::pair<std::string_view, std::string_view>;
    static constexpr Meaning meanings[] = {
        {"bad_signature", "the CRL's signature is not of an authority that it trusts"},
        {"rollback", "it holds a newer CRL; publish one with a higher number"},
        {"shrink",
         "the CRL would un-revoke certificates; if that is meant, run sallyport-gateway accept-crl"},
        {"scope", "the CRL speaks about other certificates, or is not valid yet"},
        {"too_large", "the CRL is larger than its limits.crl_bytes"},
        {"parse_error", "it could not read a file as a CRL"},
        {"fetch_error", "it could not fetch a CRL"},
    };
    const auto* const found = std::ranges::find(meanings, result, &Meaning::first);
    return found == std::end(meanings) ? "" : found->second;
}

void count(std::string_view line, std::string_view issuer, Refusals& counts) {
    constexpr std::string_view family = "sallyport_crl_loads_total{";
    if (!line.starts_with(family)) return;
    line.remove_prefix(family.size());
    std::string of;
    std::string result;
    while (!line.empty() && line.front() != '}') {
        auto label = next_label(line);
        if (!label) return;
        if (label->first == "issuer") of = std::move(label->second);
        if (label->first == "result") result = std::move(label->second);
    }
    if (!line.starts_with("} ") || (of != issuer && of != "unknown")) return;
    line.remove_prefix(2);
    double value = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), value).ec != std::errc{}) return;
    if (result == "loaded" || result == "unchanged") return;
    counts[meaning(result).empty() ? "another reason" : result] += value;
}

}  // namespace

Result<EnforcedCrl> enforced_crl(std::string_view text, const WantedCrl& wanted) {
    boost::system::error_code error;
    const json::value document = json::parse({text.data(), text.size()}, error);
    if (error || !document.is_object()) return not_a_status(error ? error.message() : "no object");
    const json::object& status = document.get_object();
    const json::value* crls = status.if_contains("crls");
    if (crls == nullptr || !crls->is_array()) return not_a_status("it lists no CRLs");
    std::optional<std::string> lowest;
    for (const json::value& crl : crls->get_array()) {
        if (!crl.is_object()) return not_a_status("a CRL is no object");
        const auto issuer = text_member(crl.get_object(), "issuer");
        const auto number = text_member(crl.get_object(), "number");
        if (!issuer || !number || number->size() > max_digits ||
            number->find_first_not_of("0123456789") != std::string::npos)
            return not_a_status("a CRL without issuer and number");
        const auto partition = text_member(crl.get_object(), "distribution_point");
        if (*issuer != wanted.issuer || partition.value_or("") != wanted.partition) continue;
        if (!lowest || is_at_least(*lowest, *number)) lowest = number;
    }
    return EnforcedCrl{lowest.value_or(""), is_spreading(status)};
}

bool is_at_least(std::string_view number, std::string_view wanted) noexcept {
    if (number.empty() || wanted.empty()) return !number.empty() || wanted.empty();
    number = without_zeros(number);
    wanted = without_zeros(wanted);
    return number.size() == wanted.size() ? number >= wanted : number.size() > wanted.size();
}

Refusals refusals(std::string_view metrics, std::string_view issuer) {
    Refusals counts;
    while (!metrics.empty()) {
        const auto end = std::min(metrics.find('\n'), metrics.size());
        count(metrics.substr(0, end), issuer, counts);
        metrics.remove_prefix(std::min(end + 1, metrics.size()));
    }
    return counts;
}

std::string new_refusals(const Refusals& before, const Refusals& now) {
    std::string text;
    for (const auto& [result, value] : now) {
        const auto old = before.find(result);
        const double known = old == before.end() || old->second > value ? 0 : old->second;
        if (value <= known) continue;
        const std::string_view why = meaning(result);
        text += (text.empty() ? "" : "; ") +
                (why.empty() ? "another reason: see its log" : result + ": " + std::string(why));
    }
    return text;
}

}  // namespace sallyport::pki
