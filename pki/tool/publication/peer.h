#pragma once

#include "pki/result.h"
#include "pki/tool/publication/http_client.h"
#include "pki/tool/publication/publication_settings.h"

#include <chrono>
#include <optional>
#include <string>

namespace sallyport::pki {

/// The text of a file, a variable or a systemd credential. The caller wipes it.
Result<std::string> secret_text(const config::SecretSource& source);

/// A server of the configuration with what it needs to be trusted and to trust us. One thread at a time.
class Peer {
  public:
    /// Reads anchors, certificate, key and token.
    static Result<Peer> open(const PeerSettings& settings);
    Peer(Peer&&) noexcept = default;
    Peer& operator=(Peer&&) noexcept = default;
    ~Peer();

    const WebAddress& address() const noexcept { return client_.server(); }
    std::chrono::milliseconds deadline() const noexcept { return deadline_; }

    /// With the peer's deadline and retries; the token is added.
    HttpResult exchange(HttpRequest request, std::size_t answer_bytes);
    /// One attempt with another deadline.
    HttpResult exchange_once(HttpRequest request, const HttpLimits& limits);

    /// Has an exchange run into its deadline? The next will, most likely.
    bool stalls() const noexcept { return stalls_; }

    /// Why the last exchange brought no answer; nothing: it did.
    std::optional<HttpProblem::Kind> last_problem() const noexcept { return last_problem_; }

  private:
    Peer(HttpClient client, std::string token, std::chrono::milliseconds deadline)
        : client_(std::move(client)), token_(std::move(token)), deadline_(deadline) {}
    void authorize(HttpRequest& request) const;

    HttpClient client_;
    std::string token_;
    std::chrono::milliseconds deadline_;
    bool stalls_ = false;
    std::optional<HttpProblem::Kind> last_problem_ = std::nullopt;
};

/// "403 Forbidden" for people, with what to do about it where the status alone tells.
std::string status_text(const HttpAnswer& answer);

}  // namespace sallyport::pki
