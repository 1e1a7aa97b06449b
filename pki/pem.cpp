#include "pki/pem.h"

#include "pki/openssl.h"

#include <limits>

#include <openssl/pem.h>

namespace sallyport::pki {

std::optional<std::vector<PemBlock>> read_pem_blocks(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    std::vector<PemBlock> blocks;
    for (;;) {
        char* label = nullptr;
        char* header = nullptr;
        unsigned char* data = nullptr;
        long size = 0;
        if (!bio || PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1) break;
        const BufferPtr own_label(reinterpret_cast<unsigned char*>(label));
        const BufferPtr own_header(reinterpret_cast<unsigned char*>(header));
        const BufferPtr own_data(data);
        blocks.push_back(
            {label, std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size))});
    }
    take_openssl_errors("");  // "no start line" is how PEM_read_bio says that it is at the end
    std::size_t begins = 0;
    constexpr std::string_view marker = "-----BEGIN ";
    for (auto at = text.find(marker); at != text.npos; at = text.find(marker, at + marker.size()))
        ++begins;
    if (blocks.empty() || begins != blocks.size()) return std::nullopt;
    return blocks;
}

}  // namespace sallyport::pki
