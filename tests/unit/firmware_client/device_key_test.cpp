#include "firmware-client/device_key.h"

#include "tests/support/temporary_folder.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sallyport::device {
namespace {

// Made-up keys: the device's private scalar is 32 x 0x11, the user's 32 x 0x22.
constexpr std::string_view device_public =
    "AhfmF/C2RDkoJ4+WmZ5pojpPLBUr321s32bluAKC1O0ZSn3ry5dxLS3aPKhaqHZaVvRfx1hZllLyiXxlMG5XlA==";
constexpr std::string_view user_public =
    "1lqTl3yqPRsIGFL/V6eeRl8WYFdzBLrq1QXdOkhYnPNQGF6JU3LfYiHqOhN1V+Rz/dtnVfBb1QfDxTP86ckShQ==";

pki::KeyPtr device_key() {
    // SEC 1 form of the key: version, scalar, curve.
    std::string der = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    der += std::string(32, '\x11');
    der += std::string("\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 12);
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    return pki::KeyPtr{d2i_PrivateKey(EVP_PKEY_EC, nullptr, &bytes, static_cast<long>(der.size()))};
}

struct FieldCase {
    const char* name;
    std::string kpub;
    std::string field;
    const char* plain;  ///< nullptr: refused
};

const FieldCase field_cases[] = {
    {"counting_block", std::string{user_public},
     "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", "Test-Secret-Key/0123456789+abcd"},
    {"block_that_wraps", std::string{user_public},
     "/////////////////////0YVEfQx3hoVEhZ8WqImLvQtS8wBh5PVo37zgozZlvY=", "Test-Secret-Key/0123456789+abcd"},
    {"other_counter", std::string{user_public},
     "BAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", nullptr},
    {"other_user", std::string{device_public},
     "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", nullptr},
    {"no_point_of_the_curve", std::string(86, 'A') + "==",
     "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", nullptr},
    {"short_point", std::string{user_public}.substr(4),
     "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", nullptr},
    {"no_public_key", "", "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", nullptr},
    {"block_only", std::string{user_public}, "AAECAwQFBgcICQoLDA0ODw==", nullptr},
    {"no_base64", std::string{user_public},
     "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3S*=", nullptr},
    {"space_in_base64", std::string{user_public},
     " AECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA=", nullptr},
    {"no_padding", std::string{user_public},
     "AAECAwQFBgcICQoLDA0ODw6Y8iA1PhC7KJXOU1fDDPrfoNX2XIUvIST/W9Vn3SA", nullptr},
};

class Field : public testing::TestWithParam<FieldCase> {};

TEST_P(Field, decrypts_as_the_vector_says) {
    const pki::KeyPtr key = device_key();
    ASSERT_TRUE(key);
    const auto plain = decrypt_field(*key, GetParam().kpub, GetParam().field);
    ASSERT_EQ(static_cast<bool>(plain), GetParam().plain != nullptr);
    if (plain) {
        EXPECT_EQ(*plain, GetParam().plain);
    }
}

INSTANTIATE_TEST_SUITE_P(table, Field, testing::ValuesIn(field_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DeviceKey, gives_kpub) {
    EXPECT_EQ(*public_key_text(*device_key()), device_public);
}

TEST(DeviceKey, is_made_once_and_kept_secret) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "device.key";
    const auto none = load_device_key(path);
    ASSERT_TRUE(none);
    EXPECT_EQ(*none, nullptr);
    const auto made = create_device_key(path);
    ASSERT_TRUE(made);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const auto read = load_device_key(path);
    ASSERT_TRUE(read);
    EXPECT_EQ(*public_key_text(**read), *public_key_text(**made));
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    EXPECT_FALSE(load_device_key(path));
}

}  // namespace
}  // namespace sallyport::device
