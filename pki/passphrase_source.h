#pragma once

#include "pki/result.h"
#include "pki/secret.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// What PEM readers take (PEM_BUFSIZE of OpenSSL, with its NUL).
inline constexpr std::size_t max_passphrase_bytes = 1023;
/// Of a passphrase that protects a new file: who has the file can guess without a limit.
inline constexpr std::size_t min_new_passphrase_bytes = 12;

/// Where the passphrase of a key file, or the PIN of a token, comes from. Nothing is read before it is
/// needed.
class PassphraseSource {
  public:
    enum class Kind { terminal, file, environment, credential };

    /// `terminal`, `file:PATH`, `env:NAME` (both as in openssl-passphrase-options(1)) or `credential:NAME`,
    /// one of systemd's (systemd.exec(5), LoadCredential=). Error: another form, `pass:` among them, which
    /// `ps` would show.
    static Result<PassphraseSource> parse(std::string_view text);
    static PassphraseSource terminal() { return {Kind::terminal, ""}; }
    static PassphraseSource file(std::string path) { return {Kind::file, std::move(path)}; }

    Kind kind() const noexcept { return kind_; }
    /// Is there nobody who could answer a question?
    bool unattended() const noexcept { return kind_ != Kind::terminal; }

    /// The secret that opens `what`, e.g. "root.key", which the terminal asks for by `prompt`, e.g.
    /// "Passphrase of root.key". 1 to 1023 bytes without control characters. Of a file, which only its owner
    /// may read (mode 0600), and of a credential it is the first line. The terminal is /dev/tty without echo,
    /// which comes back at each signal; it waits as long as the person does. Errors: input, when it is
    /// missing, empty or of another form, or when others may read the file; runtime.
    Result<Secret> read(std::string_view prompt) const;

    /// The same for a passphrase that is set now: at least 12 bytes, and asked for twice at a terminal.
    Result<Secret> read_new(std::string_view prompt) const;

  private:
    PassphraseSource(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}

    Kind kind_;
    std::string name_;  ///< of a file, a variable or a credential
};

}  // namespace sallyport::pki
