#include "gateway/signing_keys.h"

#include "gateway/rules/words.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

/// What strangers claim is derived, too, before it is found wrong: they must not fill the memory.
constexpr std::size_t max_derived = 4096;

}  // namespace

pki::Result<Secrets> parse_secrets(std::string_view text) {
    Secrets secrets;
    const auto fault = [](std::string what) { return pki::Error{pki::Fault::input, std::move(what)}; };
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = next_line(text);
        const std::string_view key = next_word(line);
        if (key.empty() || key.starts_with('#')) continue;
        const std::string place = std::to_string(number) + ": ";
        const auto access_key = s3::AccessKey::parse(key);
        if (!access_key) return fault(place + "an access key: " + access_key.error().message);
        const std::string_view word = next_word(line);
        if (word.empty() || !next_word(line).empty())
            return fault(place + "a line has an access key and its secret, and nothing else");
        auto secret = s3::SecretKey::parse(word);
        if (!secret)
            return fault(place + "the secret of " + access_key->text() + ": " + secret.error().message);
        if (!secrets.try_emplace(access_key->text(), std::move(*secret)).second)
            return fault(place + "access key " + access_key->text() + " stands twice");
    }
    return secrets;
}

std::optional<s3::SigningKey> SigningKeys::of(const s3::AccessKey& access_key,
                                              const s3::CredentialScope& scope) const {
    const auto secret = secrets_.find(access_key.text());
    if (secret == secrets_.end()) return std::nullopt;
    const std::string name = access_key.text() + '/' + scope.text();
    const std::lock_guard lock(mutex_);
    const auto known = derived_.find(name);
    if (known != derived_.end()) return known->second;
    if (derived_.size() >= max_derived) derived_.clear();
    return derived_.try_emplace(name, secret->second, scope).first->second;
}

}  // namespace sallyport::gateway
