#include "pki/openssl.h"

#include <openssl/err.h>

namespace sallyport::pki {

std::string take_openssl_errors(std::string_view doing) {
    std::string text{doing};
    std::string_view separator = ": ";
    while (const unsigned long code = ERR_get_error()) {
        const char* reason = ERR_reason_error_string(code);
        text += separator;
        text += reason != nullptr ? reason : "error " + std::to_string(code);
        separator = "; ";
    }
    return text;
}

}  // namespace sallyport::pki
