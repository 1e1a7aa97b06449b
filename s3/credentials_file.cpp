#include "s3/credentials_file.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_token_bytes = 8192;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto begin = std::min(text.find_first_not_of(blanks), text.size());
    const auto end = text.find_last_not_of(blanks);
    return end == text.npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

bool is_token(std::string_view text) {
    return text.size() <= max_token_bytes &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// The settings of one profile; views into the file.
struct Profile {
    static constexpr std::array<std::string_view, 3> names = {"aws_access_key_id", "aws_secret_access_key",
                                                              "aws_session_token"};
    std::array<std::optional<std::string_view>, 3> values;
    bool found = false;
};

std::optional<Error> take_setting(Profile& profile, std::string_view line, const std::string& place) {
    const auto equals = line.find('=');
    if (equals == line.npos) return Error{Fault::malformed, place + "is neither [profile] nor name = value"};
    const auto name = std::ranges::find(Profile::names, trimmed(line.substr(0, equals)));
    if (name == Profile::names.end()) return std::nullopt;
    auto& value = profile.values[static_cast<std::size_t>(name - Profile::names.begin())];
    if (value) return Error{Fault::ambiguous, place + std::string(*name) + " stands twice"};
    value = trimmed(line.substr(equals + 1));
    return std::nullopt;
}

Result<Profile> find_profile(std::string_view text, std::string_view wanted) {
    Profile profile;
    bool is_wanted = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
        const std::string place = std::to_string(number) + ": ";
        if (line.starts_with('[')) {
            if (!line.ends_with(']')) return Error{Fault::malformed, place + "a profile without its ']'"};
            is_wanted = trimmed(line.substr(1, line.size() - 2)) == wanted;
            if (is_wanted && profile.found)
                return Error{Fault::ambiguous, place + "profile '" + std::string(wanted) + "' stands twice"};
            profile.found = profile.found || is_wanted;
        } else if (is_wanted) {
            if (const auto fault = take_setting(profile, line, place)) return *fault;
        }
    }
    return profile;
}

}  // namespace

Result<StoreCredentials> make_store_credentials(std::string_view access_key, std::string_view secret_key,
                                                std::string_view session_token) {
    auto key = AccessKey::parse(access_key);
    if (!key) return Error{Fault::malformed, "the access key: " + key.error().message};
    auto secret = SecretKey::parse(secret_key);
    if (!secret) return Error{Fault::malformed, "the secret key: " + secret.error().message};
    if (!is_token(session_token))
        return Error{Fault::malformed, "the session token: more than 8192 bytes, or not visible ASCII"};
    return StoreCredentials{std::move(*key), std::move(*secret), std::string(session_token)};
}

Result<StoreCredentials> parse_credentials_file(std::string_view text, std::string_view profile) {
    const auto found = find_profile(text, profile);
    if (!found) return found.error();
    const std::string name(profile);
    if (!found->found) return Error{Fault::malformed, "1: there is no profile [" + name + "]"};
    for (std::size_t needed : {0U, 1U}) {
        if (!found->values[needed]) {
            return Error{Fault::malformed,
                         "1: profile [" + name + "] has no " + std::string(Profile::names[needed])};
        }
    }
    auto made = make_store_credentials(*found->values[0], *found->values[1], found->values[2].value_or(""));
    if (!made) return Error{made.error().fault, "1: profile [" + name + "]: " + made.error().message};
    return made;
}

}  // namespace sallyport::s3
