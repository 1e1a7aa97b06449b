#include "pki/passphrase_source.h"

#include "pki/file.h"
#include "pki/terminal.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_file_bytes = 64 * 1024;

Error wrong(std::string message) {
    return {Fault::input, std::move(message)};
}

/// Wipes `text`.
Secret first_line(std::string text) {
    std::string line;
    line.reserve(text.size());
    line.assign(text, 0, text.find('\n'));
    wipe(text);
    return Secret(std::move(line));
}

/// A file that was cut is refused: the beginning of a PIN is a wrong PIN, and costs a try.
Result<Secret> of_file(const std::string& path) {
    auto text = read_secret_file(path, max_file_bytes);
    if (!text) return text.error();
    if (text->find('\n') == std::string::npos) {
        wipe(*text);
        return wrong(path + ": its first line does not end with a line feed: is it whole?");
    }
    return first_line(std::move(*text));
}

Result<Secret> of_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return wrong("the environment has no " + name);
    return Secret(std::string(value));
}

/// The folder is for this service alone. The mode is not looked at: for services with User= systemd grants
/// the reading by an ACL, whose mask shows as permission of the group.
Result<Secret> of_credential(const std::string& name) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) return wrong("CREDENTIALS_DIRECTORY is not set: no credentials of systemd");
    auto text = read_file(std::filesystem::path(folder) / name, max_file_bytes);
    if (!text) return text.error();
    return first_line(std::move(*text));
}

Result<Secret> checked(Result<Secret> secret, const std::string& origin) {
    if (!secret) return secret;
    const std::string_view text = secret->reveal();
    if (text.empty()) return wrong(origin + ": the passphrase or PIN is empty");
    if (text.size() > max_passphrase_bytes) {
        return wrong(origin + ": a passphrase or PIN has at most " + std::to_string(max_passphrase_bytes) +
                     " bytes");
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    if (std::any_of(text.begin(), text.end(), is_control)) {
        return wrong(origin + ": a control character in the passphrase or PIN");
    }
    return secret;
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.find('/') == name.npos && name != "." && name != "..";
}

}  // namespace

Result<PassphraseSource> PassphraseSource::parse(std::string_view text) {
    if (text == "terminal") return terminal();
    const auto colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    const std::string name(colon == text.npos ? "" : text.substr(colon + 1));
    if (kind == "file" && !name.empty()) return file(name);
    if (kind == "env" && !name.empty() && name.find('=') == name.npos) {
        return PassphraseSource(Kind::environment, name);
    }
    if (kind == "credential" && is_plain_name(name)) return PassphraseSource(Kind::credential, name);
    // The text is not repeated: it may be the passphrase itself.
    return wrong("the source of a passphrase or PIN is terminal, file:PATH, env:NAME or credential:NAME");
}

Result<Secret> PassphraseSource::read(std::string_view prompt) const {
    switch (kind_) {
        case Kind::terminal:
            return checked(ask_terminal(prompt), std::string(prompt));
        case Kind::file:
            return checked(of_file(name_), name_);
        case Kind::environment:
            return checked(of_environment(name_), "the variable " + name_);
        case Kind::credential:
            return checked(of_credential(name_), "the credential " + name_);
    }
    throw std::logic_error("unknown source of a passphrase");
}

Result<Secret> PassphraseSource::read_new(std::string_view prompt) const {
    auto secret = read(prompt);
    if (!secret) return secret;
    if (secret->reveal().size() < min_new_passphrase_bytes) {
        return wrong(std::string(prompt) + ": a new passphrase has at least " +
                     std::to_string(min_new_passphrase_bytes) + " bytes");
    }
    if (kind_ != Kind::terminal) return secret;
    const auto again = read(std::string(prompt) + ", again");
    if (!again) return again.error();
    if (again->reveal() != secret->reveal()) return wrong(std::string(prompt) + ": the two are not the same");
    return secret;
}

}  // namespace sallyport::pki
