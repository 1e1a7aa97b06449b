#pragma once

#include "pki/result.h"

#include <memory>
#include <string>

#include <libp11.h>
#include <p11-kit/pkcs11.h>

namespace sallyport::pki {

/// A PKCS#11 module that is loaded and initialized, with libp11's view of it. C_Initialize and C_Finalize
/// count for a whole process, so there is one for each module, however many keys are open.
class Pkcs11Module {
  public:
    Pkcs11Module(const Pkcs11Module&) = delete;
    Pkcs11Module& operator=(const Pkcs11Module&) = delete;
    ~Pkcs11Module();

    CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
    const std::string& path() const noexcept { return path_; }

    /// libp11's slot of this number; null when it had no token yet when the module was loaded. libp11 0.4.12
    /// crashes when it reads its slots again (PKCS11_update_slots), so it does not.
    PKCS11_SLOT* slot(CK_SLOT_ID id) const;

  private:
    friend class Pkcs11ModuleUse;
    Pkcs11Module() = default;
    Result<void> load(const std::string& path, void* library);
    Result<void> load_libp11();

    std::string path_;
    void* library_ = nullptr;
    CK_FUNCTION_LIST* functions_ = nullptr;
    bool initialized_ = false;
    PKCS11_CTX* context_ = nullptr;
    PKCS11_SLOT* slots_ = nullptr;
    unsigned slot_count_ = 0;
};

/// Keeps a module loaded. Thread-safe.
class Pkcs11ModuleUse {
  public:
    /// Errors: input, when there is no such module; runtime, when it fails.
    static Result<Pkcs11ModuleUse> acquire(const std::string& path);

    Pkcs11ModuleUse(Pkcs11ModuleUse&& other) noexcept;
    Pkcs11ModuleUse& operator=(Pkcs11ModuleUse&&) = delete;
    ~Pkcs11ModuleUse();

    Pkcs11Module& operator*() const noexcept { return *module_; }
    Pkcs11Module* operator->() const noexcept { return module_; }

  private:
    explicit Pkcs11ModuleUse(Pkcs11Module* module) noexcept : module_(module) {}
    Pkcs11Module* module_;
};

}  // namespace sallyport::pki
