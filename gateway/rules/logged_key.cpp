#include "gateway/rules/logged_key.h"

#include <cstddef>
#include <span>

namespace sallyport::gateway {
namespace {

/// Each ends in what stands before its value. Longer names that end like one count as that one. The first are
/// of nothing but a presigned query, the others could be of anything else.
constexpr std::string_view secrets[] = {"x-amz-signature=", "x-amz-security-token=", "x-amz-credential="};
constexpr std::string_view secrets_of_queries[] = {"signature=", "awsaccesskeyid="};

/// A character as it is spelled: `=`, `%3D`, `%253D` and so on.
struct Spelled {
    char character;  ///< in lower case
    std::size_t size;
    unsigned times_encoded;
};

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The octet of two hexadecimal digits; -1: there are none.
int octet(std::string_view text) {
    if (text.size() < 2 || digit(text[0]) < 0 || digit(text[1]) < 0) return -1;
    return digit(text[0]) * 16 + digit(text[1]);
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What `text`, which is not empty, begins with.
Spelled first_of(std::string_view text) {
    Spelled first{lower(text.front()), 1, 0};
    while (first.character == '%') {
        const int value = octet(text.substr(first.size));
        if (value < 0) break;
        first = {lower(static_cast<char>(value)), first.size + 2, first.times_encoded + 1};
    }
    return first;
}

/// The size of `name` at the beginning of `text` and how often its last character is encoded; size 0: it does
/// not stand there.
Spelled beginning(std::string_view text, std::string_view name) {
    Spelled whole{};
    for (const char expected : name) {
        if (whole.size == text.size()) return {};
        const Spelled next = first_of(text.substr(whole.size));
        if (next.character != expected) return {};
        whole = {expected, whole.size + next.size, next.times_encoded};
    }
    return whole;
}

Spelled secret_at(std::string_view text, std::span<const std::string_view> names) {
    for (const std::string_view name : names) {
        if (const Spelled found = beginning(text, name); found.size > 0) return found;
    }
    return {};
}

/// Of a value at the beginning of `text`. An `&` that is encoded more often than the `=` is a part of it.
std::size_t value_size(std::string_view text, unsigned times_encoded) {
    std::size_t size = 0;
    while (size < text.size()) {
        const Spelled next = first_of(text.substr(size));
        if (next.character == '&' && next.times_encoded <= times_encoded) break;
        size += next.size;
    }
    return size;
}

}  // namespace

std::optional<std::string> logged_key(std::string_view key) {
    if (key.find('=') == key.npos && key.find('%') == key.npos) return std::nullopt;
    std::string shown;
    std::size_t copied = 0;  ///< of the key
    bool in_query = false;
    for (std::size_t at = 0; at < key.size();) {
        const Spelled next = first_of(key.substr(at));
        Spelled secret = secret_at(key.substr(at), secrets);
        if (secret.size == 0 && in_query) secret = secret_at(key.substr(at), secrets_of_queries);
        in_query = in_query || next.character == '?';
        if (secret.size == 0) {
            at += next.size;
            continue;
        }
        at += secret.size;
        (shown += key.substr(copied, at - copied)) += "...";
        at += value_size(key.substr(at), secret.times_encoded);
        copied = at;
    }
    if (copied == 0) return std::nullopt;
    return shown += key.substr(copied);
}

}  // namespace sallyport::gateway
