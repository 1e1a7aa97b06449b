#include "gateway/verdict_cache.h"

#include <cstring>

namespace sallyport::gateway {
namespace {

bool add(EVP_MD_CTX& digest, const X509& certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(&certificate, &der);
    const pki::BufferPtr owned(der);
    return size > 0 && EVP_DigestUpdate(&digest, der, static_cast<std::size_t>(size)) == 1;
}

}  // namespace

std::optional<VerdictCache::Key> VerdictCache::key_of(const X509& leaf, const STACK_OF(X509) * sent,
                                                      std::string_view admission) {
    const pki::DigestContextPtr digest(EVP_MD_CTX_new());
    if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1 ||
        EVP_DigestUpdate(digest.get(), admission.data(), admission.size()) != 1 || !add(*digest, leaf)) {
        return std::nullopt;
    }
    for (int i = 0; sent != nullptr && i < sk_X509_num(sent); ++i) {
        if (!add(*digest, *sk_X509_value(sent, i))) return std::nullopt;
    }
    Key key;
    if (EVP_DigestFinal_ex(digest.get(), key.data(), nullptr) != 1) return std::nullopt;
    return key;
}

std::size_t VerdictCache::place_of(const Key& key) const {
    std::uint64_t bits = 0;
    std::memcpy(&bits, key.data(), sizeof bits);
    return bits % slots_.size();
}

std::shared_ptr<const VerdictCache::Verdict> VerdictCache::find(const Key& key) const {
    const std::lock_guard lock(mutex_);
    const Slot& slot = slots_[place_of(key)];
    return slot.key == key ? slot.verdict : nullptr;
}

void VerdictCache::put(const Key& key, std::shared_ptr<const Verdict> verdict) {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[place_of(key)];
    slot.key = key;
    slot.verdict.swap(verdict);  // the old one is destroyed after the lock is released
}

}  // namespace sallyport::gateway
