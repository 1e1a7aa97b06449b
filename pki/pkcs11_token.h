#pragma once

#include "pki/passphrase_source.h"
#include "pki/pkcs11_module.h"
#include "pki/pkcs11_uri.h"
#include "pki/result.h"

#include <string>

namespace sallyport::pki {

/// A session with a token in which the user is logged in. Closing the last one with a token logs out
/// (PKCS#11 2.40, C_CloseSession).
class Pkcs11Session {
  public:
    enum class Access { read_only, read_write };

    /// Finds the one token that `uri` fits and logs in there, if it asks for that, by the rules for PINs of
    /// open_private_key(). Errors: as there.
    static Result<Pkcs11Session> open(Pkcs11ModuleUse module, const Pkcs11Uri& uri,
                                      const PassphraseSource& source, Access access);

    Pkcs11Session(Pkcs11Session&& other) noexcept;
    Pkcs11Session& operator=(Pkcs11Session&&) = delete;
    ~Pkcs11Session();

    Pkcs11Module& module() const noexcept { return *module_; }
    CK_SESSION_HANDLE handle() const noexcept { return handle_; }
    CK_SLOT_ID slot() const noexcept { return slot_; }
    /// "the token 'LABEL'"
    std::string token() const;

    /// How many objects of a class the token has that have this label and this id; an empty one says nothing.
    /// Counts to 2.
    Result<unsigned> count(CK_OBJECT_CLASS object_class, std::string label, std::string id) const;

  private:
    Pkcs11Session(Pkcs11ModuleUse module, CK_SLOT_ID slot) : module_(std::move(module)), slot_(slot) {}
    Result<void> start(Access access);
    Result<void> log_in(const Pkcs11Uri& uri, const PassphraseSource& source);
    Result<void> log_in_with_pin(const PassphraseSource& source, CK_FLAGS flags);
    Result<void> judge_login(CK_RV result) const;
    bool is_logged_in() const;
    CK_TOKEN_INFO info() const;

    Pkcs11ModuleUse module_;
    CK_SLOT_ID slot_;
    CK_SESSION_HANDLE handle_ = CK_INVALID_HANDLE;
};

}  // namespace sallyport::pki
