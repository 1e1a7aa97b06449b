#pragma once

#include "pki/result.h"

#include <memory>
#include <optional>
#include <string>

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

namespace sallyport::pki {

/// A pkcs11: URI (RFC 7512) that names a private key, as KeyReference::parse() describes it.
class Pkcs11Uri {
  public:
    static Result<Pkcs11Uri> parse(const std::string& text);

    /// As it was parsed; for messages.
    const std::string& text() const noexcept { return text_; }
    /// The module to load: that of module-path, else p11-kit's proxy for all that are registered with it.
    std::string module_path() const;
    /// The file that holds the PIN.
    std::optional<std::string> pin_file() const;
    /// Empty when the URI does not say.
    std::string label() const { return attribute(CKA_LABEL); }
    std::string id() const { return attribute(CKA_ID); }

    bool fits_slot(CK_SLOT_ID id, const CK_SLOT_INFO& info) const;
    bool fits_token(const CK_TOKEN_INFO& info) const;
    bool fits_key(const std::string& label, const std::string& id) const;

  private:
    explicit Pkcs11Uri(const std::string& text) : text_(text) {}
    std::string attribute(CK_ATTRIBUTE_TYPE type) const;
    Result<void> check() const;

    struct Free {
        void operator()(P11KitUri* uri) const noexcept { p11_kit_uri_free(uri); }
    };
    std::string text_;
    std::unique_ptr<P11KitUri, Free> uri_{p11_kit_uri_new()};
};

}  // namespace sallyport::pki
