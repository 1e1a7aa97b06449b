#include "gateway/rules/built_in_policy.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace gateway = sallyport::gateway;
using sallyport::fuzz::check;

namespace {

constexpr std::string_view device = "AABBCCDD";
constexpr std::string_view own = "/fleet/AABBCCDD/";

int digit(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto at = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    return at == digits.npos ? -1 : static_cast<int>(at);
}

/// As forgiving readers decode: what is no escape stays as it is.
std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape =
            text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
        out += escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
        if (escape) i += 2;
    }
    return out;
}

std::string with_slashes(std::string text) {
    std::ranges::replace(text, '\\', '/');
    return text;
}

/// Without what follows a `;` in each segment.
std::string without_parameters(std::string_view path) {
    std::string out;
    bool skips = false;
    for (const char c : path) {
        skips = c != '/' && (skips || c == ';');
        if (!skips) out += c;
    }
    return out;
}

/// As nginx and file systems do: slashes merged, `.` and `..` resolved.
std::string normalised(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty()) {
        const auto slash = std::min(path.find('/'), path.size());
        const std::string_view segment = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (segment == "..") {
            if (!segments.empty()) segments.pop_back();
        } else if (!segment.empty() && segment != ".") {
            segments.push_back(segment);
        }
    }
    std::string out;
    for (const std::string_view segment : segments)
        out.append("/").append(segment);
    return out + "/";
}

/// Whichever way a store or a proxy reads the path, it is below the device's prefix.
void check_readings(std::string_view path) {
    const std::string once = decoded(path);
    for (const std::string& reading :
         {std::string(path), once, decoded(once), with_slashes(once), without_parameters(once),
          decoded(without_parameters(path)), once.substr(0, once.find('\0')), with_slashes(decoded(once)),
          once.substr(0, once.find_first_of("\r\n"))}) {
        check(normalised(reading).starts_with(own), "every reading is below the prefix");
    }
}

void check_allowed(const gateway::RequestHead& head, const gateway::S3Operation& operation) {
    check(operation.address.bucket == "fleet", "only one bucket is the device's");
    const std::string_view path = head.target.substr(0, head.target.find('?'));
    const gateway::HeaderField* host = head.find("Host");
    const bool is_virtual = host != nullptr && host->value.starts_with("fleet.");
    if (!operation.address.key.empty()) {
        check(operation.address.key.starts_with(own.substr(7)), "the key is below the prefix");
        check_readings(is_virtual ? "/fleet" + std::string(path) : std::string(path));
    } else {
        check(operation.prefix && gateway::has_prefix(operation.action),
              "of a bucket only lists are allowed");
        check(normalised("/fleet/" + *operation.prefix).starts_with(own), "lists are of the prefix");
    }
    for (const gateway::HeaderField& field : head.fields) {
        if (gateway::equals_ignoring_case(field.name, "x-amz-copy-source"))
            check_readings("/" + std::string(field.value));
    }
}

}  // namespace

/// The first byte chooses method and Host, then a target, and after a line end a copy source: whatever a
/// device may do under the policies for devices is within its prefix.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::string_view methods[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};
    constexpr std::string_view names[] = {"192.0.2.1", "s3.example", "fleet.s3.example:8443",
                                          "other.s3.example", "Fleet.s3.example"};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view source = text.substr(std::min(end + 1, text.size()));
    gateway::RequestHead head{
        methods[data[0] % 5], text.substr(0, end), 11, {{"Host", names[data[0] / 5 % 5]}}};
    if (!source.empty()) head.fields.push_back({"X-Amz-Copy-Source", source});
    const auto operation = gateway::classify(head, {"s3.example"});
    if (!operation) return 0;
    for (const auto policy : {gateway::BuiltIn::canedge_device, gateway::BuiltIn::prefix_owner}) {
        const gateway::Policy rules{gateway::rules_of(policy, "fleet", gateway::ClientKind::devices)};
        if (!gateway::authorize(rules, {gateway::ClientKind::devices, device}, *operation))
            check_allowed(head, *operation);
    }
    return 0;
}
