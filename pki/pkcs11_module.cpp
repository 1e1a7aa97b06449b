#include "pki/pkcs11_module.h"

#include "pki/openssl.h"

#include <map>
#include <mutex>
#include <utility>

#include <dlfcn.h>
#include <p11-kit/p11-kit.h>

namespace sallyport::pki {
namespace {

struct LoadedModule {
    std::unique_ptr<Pkcs11Module> module = nullptr;
    std::size_t uses = 0;
};

/// What this process has loaded, by the handle of dlopen(), which is the same for two names of one file.
struct LoadedModules {
    std::mutex
        mutex;  ///< held while a module is finalized, too, lest another thread begins with it meanwhile
    std::map<void*, LoadedModule> by_library;
};

/// The one state of the process that PKCS#11 itself has. Never destroyed: keys may go late.
LoadedModules& loaded_modules() {
    static auto* const modules = new LoadedModules;
    return *modules;
}

}  // namespace

Result<void> Pkcs11Module::load(const std::string& path, void* library) {
    path_ = path;
    library_ = library;
    const auto get_functions = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    if (get_functions == nullptr) return Error{Fault::input, path + ": not a PKCS#11 module"};
    if (get_functions(&functions_) != CKR_OK || functions_ == nullptr) {
        return Error{Fault::runtime, path + ": the PKCS#11 module gives no functions"};
    }
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    const CK_RV result = functions_->C_Initialize(&arguments);
    initialized_ = result == CKR_OK;
    if (!initialized_ && result != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return Error{Fault::runtime,
                     path + ": cannot initialize the PKCS#11 module: " + p11_kit_strerror(result)};
    }
    return load_libp11();
}

Result<void> Pkcs11Module::load_libp11() {
    context_ = PKCS11_CTX_new();
    if (context_ == nullptr || PKCS11_CTX_load(context_, path_.c_str()) != 0 ||
        PKCS11_enumerate_slots(context_, &slots_, &slot_count_) != 0) {
        return Error{Fault::runtime, take_openssl_errors(path_ + ": cannot use the PKCS#11 module")};
    }
    return {};
}

Pkcs11Module::~Pkcs11Module() {
    if (slots_ != nullptr) PKCS11_release_all_slots(context_, slots_, slot_count_);
    if (context_ != nullptr) {
        PKCS11_CTX_unload(context_);
        PKCS11_CTX_free(context_);
    }
    if (initialized_) functions_->C_Finalize(nullptr);  // libp11 may have done it already
    ::dlclose(library_);
}

PKCS11_SLOT* Pkcs11Module::slot(CK_SLOT_ID id) const {
    for (unsigned i = 0; i < slot_count_; ++i) {
        if (PKCS11_get_slotid_from_slot(&slots_[i]) == id) {
            return slots_[i].token != nullptr ? &slots_[i] : nullptr;
        }
    }
    return nullptr;
}

Result<Pkcs11ModuleUse> Pkcs11ModuleUse::acquire(const std::string& path) {
    LoadedModules& all = loaded_modules();
    const std::lock_guard lock(all.mutex);
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* reason = ::dlerror();
        return Error{Fault::input,
                     std::string("cannot load the PKCS#11 module: ") + (reason != nullptr ? reason : path)};
    }
    LoadedModule& entry = all.by_library[library];
    if (entry.module != nullptr) {
        ::dlclose(library);  // dlopen counts as well
    } else {
        entry.module.reset(new Pkcs11Module);
        if (auto loaded = entry.module->load(path, library); !loaded) {
            all.by_library.erase(library);
            return loaded.error();
        }
    }
    ++entry.uses;
    return Pkcs11ModuleUse(entry.module.get());
}

Pkcs11ModuleUse::Pkcs11ModuleUse(Pkcs11ModuleUse&& other) noexcept
    : module_(std::exchange(other.module_, nullptr)) {}

Pkcs11ModuleUse::~Pkcs11ModuleUse() {
    if (module_ == nullptr) return;
    LoadedModules& all = loaded_modules();
    const std::lock_guard lock(all.mutex);
    const auto found = all.by_library.find(module_->library_);
    if (--found->second.uses == 0) all.by_library.erase(found);
}

}  // namespace sallyport::pki
