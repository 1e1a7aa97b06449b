#include "pki/pkcs11_token.h"

#include "pki/file.h"

#include <array>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <p11-kit/p11-kit.h>

namespace sallyport::pki {
namespace {

constexpr CK_ULONG max_slots = 256;

Error wrong(std::string message) {
    return {Fault::input, std::move(message)};
}

/// Fields of PKCS#11 are padded with blanks.
template <std::size_t Size>
std::string unpadded(const unsigned char (&field)[Size]) {
    return {reinterpret_cast<const char*>(field), p11_kit_space_strlen(field, Size)};
}

std::string name_of(const CK_TOKEN_INFO& info) {
    return "the token '" + unpadded(info.label) + "'";
}

Result<std::vector<CK_SLOT_ID>> slots_with_token(const Pkcs11Module& module) {
    std::vector<CK_SLOT_ID> slots(max_slots);
    CK_ULONG count = max_slots;
    const CK_RV result = module.functions().C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (result != CKR_OK) {
        return Error{Fault::runtime, module.path() + ": cannot list its slots: " + p11_kit_strerror(result)};
    }
    slots.resize(count);
    return slots;
}

/// No PIN may go to a token that was not meant, so exactly one must fit.
Result<CK_SLOT_ID> find_token(const Pkcs11Module& module, const Pkcs11Uri& uri) {
    const auto slots = slots_with_token(module);
    if (!slots) return slots.error();
    std::vector<CK_SLOT_ID> found;
    std::string names;
    for (const CK_SLOT_ID slot : *slots) {
        CK_SLOT_INFO slot_info{};
        CK_TOKEN_INFO token_info{};
        if (module.functions().C_GetSlotInfo(slot, &slot_info) != CKR_OK ||
            module.functions().C_GetTokenInfo(slot, &token_info) != CKR_OK ||
            (token_info.flags & CKF_TOKEN_INITIALIZED) == 0) {
            continue;
        }
        if (!uri.fits_slot(slot, slot_info) || !uri.fits_token(token_info)) continue;
        found.push_back(slot);
        names += (names.empty() ? "'" : ", '") + unpadded(token_info.label) + "' (serial " +
                 unpadded(token_info.serialNumber) + ")";
    }
    if (found.empty())
        return wrong(uri.text() + ": no such token: is it plugged in? Module: " + module.path());
    if (found.size() > 1) return wrong(uri.text() + ": several tokens fit: " + names + "; add its serial");
    return found.front();
}

/// What a token says of the tries that are left; PKCS#11 has no number for them.
std::string tries_left(CK_FLAGS flags) {
    if ((flags & CKF_USER_PIN_LOCKED) != 0) return "; it is locked now";
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) return "; it locks at the next wrong one";
    if ((flags & CKF_USER_PIN_COUNT_LOW) != 0) return "; more wrong ones will lock a token that counts them";
    return "";
}

/// The PINs that tokens have refused in this process, so that none is sent twice, whatever a program does in
/// a loop. They are kept as HMACs under a key of the process.
class RefusedPins {
  public:
    using Mark = std::array<unsigned char, 32>;

    Mark mark(const CK_TOKEN_INFO& token, std::string_view pin) const {
        std::string text = unpadded(token.serialNumber) + '\0' + unpadded(token.label) + '\0';
        text.reserve(text.size() + pin.size());
        text += pin;
        Mark mark{};
        HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), mark.data(), nullptr);
        wipe(text);
        return mark;
    }
    bool contains(const Mark& mark) {
        const std::lock_guard lock(mutex_);
        return marks_.contains(mark);
    }
    void insert(const Mark& mark) {
        const std::lock_guard lock(mutex_);
        marks_.insert(mark);
    }

  private:
    static Mark random_key() {
        Mark key{};
        if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
            throw std::runtime_error("no randomness");
        return key;
    }

    const Mark key_ = random_key();
    std::mutex mutex_;
    std::set<Mark> marks_;
};

RefusedPins& refused_pins() {
    static RefusedPins pins;
    return pins;
}

std::string prompt_for(const std::string& token, CK_FLAGS flags) {
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) return "PIN of " + token + " (last try before it locks)";
    if ((flags & CKF_USER_PIN_COUNT_LOW) != 0) return "PIN of " + token + " (the last one was wrong)";
    return "PIN of " + token;
}

}  // namespace

Pkcs11Session::Pkcs11Session(Pkcs11Session&& other) noexcept
    : module_(std::move(other.module_)),
      slot_(other.slot_),
      handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)) {}

Pkcs11Session::~Pkcs11Session() {
    if (handle_ != CK_INVALID_HANDLE) module_->functions().C_CloseSession(handle_);
}

Result<Pkcs11Session> Pkcs11Session::open(Pkcs11ModuleUse module, const Pkcs11Uri& uri,
                                          const PassphraseSource& source, Access access) {
    const auto slot = find_token(*module, uri);
    if (!slot) return slot.error();
    Pkcs11Session session(std::move(module), *slot);
    if (auto started = session.start(access); !started) return started.error();
    if (auto done = session.log_in(uri, source); !done) return done.error();
    return session;
}

Result<void> Pkcs11Session::start(Access access) {
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (access == Access::read_write ? CKF_RW_SESSION : 0);
    const CK_RV result = module_->functions().C_OpenSession(slot_, flags, nullptr, nullptr, &handle_);
    if (result == CKR_OK) return {};
    handle_ = CK_INVALID_HANDLE;
    return Error{Fault::runtime, token() + ": cannot open a session: " + p11_kit_strerror(result)};
}

CK_TOKEN_INFO Pkcs11Session::info() const {
    CK_TOKEN_INFO info{};
    module_->functions().C_GetTokenInfo(slot_, &info);
    return info;
}

std::string Pkcs11Session::token() const {
    return name_of(info());
}

Result<unsigned> Pkcs11Session::count(CK_OBJECT_CLASS object_class, std::string label, std::string id) const {
    std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, &object_class, sizeof object_class}};
    if (!label.empty()) wanted.push_back({CKA_LABEL, label.data(), label.size()});
    if (!id.empty()) wanted.push_back({CKA_ID, id.data(), id.size()});
    CK_FUNCTION_LIST& functions = module_->functions();
    CK_OBJECT_HANDLE found[2];
    CK_ULONG number = 0;
    CK_RV result = functions.C_FindObjectsInit(handle_, wanted.data(), wanted.size());
    if (result == CKR_OK) {
        result = functions.C_FindObjects(handle_, found, 2, &number);
        functions.C_FindObjectsFinal(handle_);
    }
    if (result == CKR_OK) return static_cast<unsigned>(number);
    return Error{Fault::runtime, token() + ": cannot list its keys: " + p11_kit_strerror(result)};
}

bool Pkcs11Session::is_logged_in() const {
    CK_SESSION_INFO session{};
    return module_->functions().C_GetSessionInfo(handle_, &session) == CKR_OK &&
           (session.state == CKS_RO_USER_FUNCTIONS || session.state == CKS_RW_USER_FUNCTIONS);
}

Result<void> Pkcs11Session::log_in(const Pkcs11Uri& uri, const PassphraseSource& source) {
    const CK_FLAGS flags = info().flags;
    if ((flags & CKF_LOGIN_REQUIRED) == 0 || is_logged_in()) return {};
    if ((flags & CKF_USER_PIN_INITIALIZED) == 0) return wrong(token() + " has no user PIN yet");
    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        return wrong(token() +
                     ": its PIN is locked after too many wrong ones; the security officer unlocks it");
    }
    const auto file = uri.pin_file();
    return log_in_with_pin(file ? PassphraseSource::file(*file) : source, flags);
}

Result<void> Pkcs11Session::log_in_with_pin(const PassphraseSource& source, CK_FLAGS flags) {
    if ((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {  // it has a keypad
        return judge_login(module_->functions().C_Login(handle_, CKU_USER, nullptr, 0));
    }
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && source.unattended()) {
        return wrong(token() +
                     " locks at the next wrong PIN, so none is sent without a person: give the right one "
                     "at a terminal once");
    }
    auto pin = source.read(prompt_for(token(), flags));
    if (!pin) return pin.error();
    const auto mark = refused_pins().mark(info(), pin->reveal());
    if (refused_pins().contains(mark)) {
        return wrong(token() + ": this PIN was wrong before, so it is not sent again");
    }
    std::string bytes(pin->reveal());  // C_Login takes it without const
    const CK_RV result = module_->functions().C_Login(
        handle_, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(bytes.data()), bytes.size());
    wipe(bytes);
    if (result == CKR_PIN_INCORRECT) refused_pins().insert(mark);
    return judge_login(result);
}

Result<void> Pkcs11Session::judge_login(CK_RV result) const {
    switch (result) {
        case CKR_OK:
        case CKR_USER_ALREADY_LOGGED_IN:
            return {};
        case CKR_PIN_INCORRECT:
        case CKR_PIN_INVALID:
        case CKR_PIN_LEN_RANGE:
            return wrong(token() + ": wrong PIN" + tries_left(info().flags));
        case CKR_PIN_LOCKED:
            return wrong(token() + ": wrong PIN" + tries_left(CKF_USER_PIN_LOCKED));
        default:
            return Error{Fault::runtime, token() + ": cannot log in: " + p11_kit_strerror(result)};
    }
}

}  // namespace sallyport::pki
