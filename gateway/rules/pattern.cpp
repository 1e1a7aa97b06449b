#include "gateway/rules/pattern.h"

#include <algorithm>
#include <charconv>

namespace sallyport::gateway {
namespace {

constexpr std::string_view digits_variable = "{digits:";
constexpr std::string_view hex_variable = "{hex:";
constexpr std::size_t max_count = 64;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_upper_hex(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'F');
}

/// One step of a pattern: `*`, a variable, or a byte that stands for itself.
struct Step {
    enum class Kind { star, device, digits, hex, byte } kind = Kind::byte;
    std::size_t length = 1;  ///< in the pattern; 0 = a brace that begins no variable
    std::size_t count = 1;   ///< of digits
};

Step counted(std::string_view pattern, std::string_view variable, Step::Kind kind) {
    const std::string_view number = pattern.substr(variable.size());
    Step step{kind, 0, 0};
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), step.count);
    const auto written = static_cast<std::size_t>(end - number.data());
    const bool sound = error == std::errc{} && number.front() != '0' && step.count <= max_count &&
                       written < number.size() && *end == '}';
    if (sound) step.length = variable.size() + written + 1;
    return step;
}

Step first_step(std::string_view pattern) {
    if (pattern.front() == '*') return {Step::Kind::star};
    if (pattern.front() != '{') return {Step::Kind::byte};
    if (pattern.starts_with(device_variable)) return {Step::Kind::device, device_variable.size()};
    if (pattern.starts_with(digits_variable)) return counted(pattern, digits_variable, Step::Kind::digits);
    if (pattern.starts_with(hex_variable)) return counted(pattern, hex_variable, Step::Kind::hex);
    return {Step::Kind::byte, 0};
}

/// How many bytes of `text` a step other than `*` takes; nothing when it does not fit.
std::optional<std::size_t> taken(const Step& step, char byte, std::string_view device,
                                 std::string_view text) {
    const auto all = [&](bool (*is)(char)) -> std::optional<std::size_t> {
        const std::string_view part = text.substr(0, step.count);
        if (part.size() < step.count || !std::ranges::all_of(part, is)) return std::nullopt;
        return step.count;
    };
    switch (step.kind) {
        case Step::Kind::digits:
            return all(is_digit);
        case Step::Kind::hex:
            return all(is_upper_hex);
        case Step::Kind::device:
            if (device.empty() || !text.starts_with(device)) return std::nullopt;
            return device.size();
        case Step::Kind::byte:
            if (step.length == 0 || !text.starts_with(byte)) return std::nullopt;
            return 1;
        case Step::Kind::star:
            break;
    }
    return std::nullopt;
}

struct Parts {
    std::string_view bucket;
    std::string_view key;
};
Parts split(std::string_view pattern) {
    const auto slash = std::min(pattern.find('/'), pattern.size());
    return {pattern.substr(0, slash), pattern.substr(std::min(slash + 1, pattern.size()))};
}

}  // namespace

std::optional<std::string> fault_of_pattern(std::string_view pattern) {
    while (!pattern.empty()) {
        const Step step = first_step(pattern);
        if (step.length == 0) {
            return "the variables are {device}, {digits:N} and {hex:N} with N up to 64 and, for a whole "
                   "bucket name, {bucket}";
        }
        pattern.remove_prefix(step.length);
    }
    return std::nullopt;
}

// Every step but `*` takes a fixed number of bytes, so that what was before the last `*` need not be tried
// again.
bool matches(std::string_view pattern, std::string_view device, std::string_view text) {
    std::string_view behind_star;
    std::string_view tried;
    bool has_star = false;
    while (!pattern.empty() || !text.empty()) {
        const Step step = pattern.empty() ? Step{Step::Kind::byte, 0} : first_step(pattern);
        if (step.kind == Step::Kind::star) {
            pattern.remove_prefix(step.length);
            behind_star = pattern;
            tried = text;
            has_star = true;
            if (pattern.empty()) return true;
            continue;
        }
        if (!pattern.empty()) {
            if (const auto size = taken(step, pattern.front(), device, text)) {
                pattern.remove_prefix(step.length);
                text.remove_prefix(*size);
                continue;
            }
        }
        if (!has_star || tried.empty()) return false;
        tried.remove_prefix(1);
        text = tried;
        pattern = behind_star;
    }
    return true;
}

bool matches_bucket(std::string_view pattern, std::string_view device, std::string_view bucket) {
    const std::string_view part = split(pattern).bucket;
    return part == bucket_variable || matches(part, device, bucket);
}

bool matches(std::string_view pattern, std::string_view device, const s3::ObjectAddress& address) {
    return matches_bucket(pattern, device, address.bucket) &&
           matches(split(pattern).key, device, address.key);
}

std::string_view in_place_of_device(std::string_view pattern, std::string_view text) {
    const auto at = pattern.find(device_variable);
    if (at == pattern.npos || pattern.substr(0, at).find('*') != pattern.npos) return {};
    if (!text.starts_with(pattern.substr(0, at))) return {};
    text.remove_prefix(at);
    const std::string_view behind = pattern.substr(at + device_variable.size());
    return behind.empty() ? text : text.substr(0, std::min(text.find(behind.front()), text.size()));
}

std::string_view in_place_of_device(std::string_view pattern, const s3::ObjectAddress& address) {
    const Parts parts = split(pattern);
    if (parts.bucket != bucket_variable) {
        const std::string_view of_bucket = in_place_of_device(parts.bucket, address.bucket);
        if (!of_bucket.empty()) return of_bucket;
        if (!matches(parts.bucket, {}, address.bucket)) return {};
    }
    return in_place_of_device(parts.key, address.key);
}

}  // namespace sallyport::gateway
