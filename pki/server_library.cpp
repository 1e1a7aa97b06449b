#include "pki/server_library.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

/// A provider that hands out what another has, less some: OpenSSL tests itself with one (test/filterprov.c).
namespace sallyport::pki {
namespace {

/// What the provider hands out. Complete before OpenSSL sees it, never changed and never freed after.
struct Offer {
    OSSL_PROVIDER* from = nullptr;  ///< the default provider, in a library context of its own
    // Of `from`; they end with an empty one, as OpenSSL's lists do.
    std::vector<OSSL_ALGORITHM> decoders;
    std::vector<OSSL_ALGORITHM> key_types;
};

/// OpenSSL gives our functions the default provider's context, which its algorithms need: this finds ours.
Offer& offer() {
    static auto* const only = new Offer;
    return *only;
}

bool reads_keys_of_certificates(const OSSL_ALGORITHM& decoder) {
    const std::string_view properties = decoder.property_definition;
    return properties.find("input=der") != std::string_view::npos &&
           properties.find("structure=SubjectPublicKeyInfo") != std::string_view::npos;
}

/// Not what only the older functions for deriving keys and for MACs put into a key. (TLS has its HMAC there.)
bool is_of_certificates_or_tls(const OSSL_ALGORITHM& key_type) {
    constexpr std::string_view others[] = {"TLS1-PRF", "HKDF", "SCRYPT", "SIPHASH", "POLY1305", "CMAC"};
    const std::string_view names = key_type.algorithm_names;
    return std::ranges::find(others, names.substr(0, names.find(':'))) == std::end(others);
}

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
    *no_cache = 0;
    if (operation == OSSL_OP_DECODER) return offer().decoders.data();
    if (operation == OSSL_OP_KEYMGMT) return offer().key_types.data();
    return OSSL_PROVIDER_query_operation(offer().from, operation, no_cache);
}

/// The groups that TLS may use.
int get_capabilities(void*, const char* capability, OSSL_CALLBACK* tell, void* argument) {
    return OSSL_PROVIDER_get_capabilities(offer().from, capability, tell, argument);
}

int start(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
    static const OSSL_DISPATCH table[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(query)},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, reinterpret_cast<void (*)()>(get_capabilities)},
        {0, nullptr}};
    *functions = table;
    *context = OSSL_PROVIDER_get0_provider_ctx(offer().from);
    return 1;
}

/// Whether programs get what OpenSSL comes with: no other provider, no demand that only others meet.
bool has_only_the_default_provider() {
    const auto look = [](OSSL_PROVIDER* provider, void* all_default) {
        if (std::string_view(OSSL_PROVIDER_get0_name(provider)) != "default")
            *static_cast<bool*>(all_default) = false;
        return 1;
    };
    bool all_default = true;
    return OSSL_PROVIDER_do_all(nullptr, look, &all_default) == 1 && all_default &&
           EVP_default_properties_is_fips_enabled(nullptr) == 0;
}

/// False when there is nothing, or it would have to be asked for each time.
template <typename Chosen>
bool fill(std::vector<OSSL_ALGORITHM>& list, OSSL_PROVIDER* from, int operation, Chosen is_chosen) {
    int no_cache = 0;
    const OSSL_ALGORITHM* all = OSSL_PROVIDER_query_operation(from, operation, &no_cache);
    if (all == nullptr || no_cache != 0) return false;
    for (; all->algorithm_names != nullptr; ++all) {
        if (is_chosen(*all)) list.push_back(*all);
    }
    if (list.empty()) return false;
    list.push_back({});
    return true;
}

bool fill(Offer& ours, OSSL_LIB_CTX* whole) {
    ours.from = OSSL_PROVIDER_load(whole, "default");
    return ours.from != nullptr &&
           fill(ours.decoders, ours.from, OSSL_OP_DECODER, reads_keys_of_certificates) &&
           fill(ours.key_types, ours.from, OSSL_OP_KEYMGMT, is_of_certificates_or_tls);
}

OSSL_LIB_CTX* make() {
    using LibraryPtr =
        std::unique_ptr<OSSL_LIB_CTX, decltype([](OSSL_LIB_CTX* it) { OSSL_LIB_CTX_free(it); })>;
    if (!has_only_the_default_provider()) return nullptr;
    LibraryPtr whole(OSSL_LIB_CTX_new());
    LibraryPtr ours(OSSL_LIB_CTX_new());
    constexpr const char* name = "sallyport";
    if (!whole || !ours || !fill(offer(), whole.get()) ||
        OSSL_PROVIDER_add_builtin(ours.get(), name, start) != 1 ||
        OSSL_PROVIDER_load(ours.get(), name) == nullptr) {
        ERR_clear_error();
        return nullptr;
    }
    whole.release();
    return ours.release();
}

}  // namespace

OSSL_LIB_CTX* server_library() {
    static OSSL_LIB_CTX* const made = make();
    return made;
}

}  // namespace sallyport::pki
