#pragma once

#include <string>

namespace sallyport::gateway {

/// The status page for people: one HTML document that asks this listener for all it shows, and nobody else.
/// It holds no data, so that whoever has no token yet may load it. Its source is in `status_page/`.
class StatusPage {
  public:
    StatusPage();

    const std::string& html() const { return html_; }
    /// Content-Security-Policy: only the page's own script and style, by their hashes, and requests to where
    /// it came from. Source: Content Security Policy Level 3.
    const std::string& policy() const { return policy_; }

  private:
    std::string html_;
    std::string policy_;
};

}  // namespace sallyport::gateway
