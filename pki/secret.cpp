#include "pki/secret.h"

#include <utility>

#include <openssl/crypto.h>

namespace sallyport::pki {
namespace {

void wipe_whole(std::string& text) noexcept {
    text.resize(text.capacity());  // never allocates; reaches the bytes behind the end of a moved-from text
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

}  // namespace

Secret::Secret(std::string&& text) : text_(std::move(text)) {
    wipe_whole(text);  // a short text lives inside the string object and was copied, not moved
}

Secret::Secret(Secret&& other) noexcept : Secret(std::move(other.text_)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe_whole(text_);
        text_ = std::move(other.text_);
        wipe_whole(other.text_);
    }
    return *this;
}

Secret::~Secret() {
    wipe_whole(text_);
}

}  // namespace sallyport::pki
