#include "s3/payload_hash.h"

#include <algorithm>
#include <span>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

struct HashCase {
    const char* text;
    const char* sha256;
    const char* md5;
};

const HashCase hash_cases[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "d41d8cd98f00b204e9800998ecf8427e"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "900150983cd24fb0d6963f7d28e17f72"},
    {"{}", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
     "99914b932bd37a50b983c5e7c90ae93b"},
};

TEST(PayloadHash, does_not_depend_on_the_block_size) {
    for (const auto& [text, sha256, md5] : hash_cases) {
        const auto bytes = std::as_bytes(std::span{std::string_view{text}});
        for (std::size_t block = 1; block <= 4; ++block) {
            PayloadHash strong(HashAlgorithm::sha256);
            PayloadHash weak(HashAlgorithm::md5);
            for (std::size_t at = 0; at < bytes.size(); at += block) {
                const auto part = bytes.subspan(at, std::min(block, bytes.size() - at));
                strong.update(part);
                weak.update(part);
            }
            EXPECT_EQ(strong.finish(), sha256);
            EXPECT_EQ(weak.finish(), md5);
        }
        EXPECT_EQ(sha256_hex(text), sha256);
    }
    EXPECT_EQ(sha256_hex(""), empty_payload);
}

}  // namespace
}  // namespace sallyport::s3
