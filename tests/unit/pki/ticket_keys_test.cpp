#include "pki/ticket_keys.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;

constexpr auto lifetime = 100s;
const TicketKeys::Time begin{1000h};

using MacPtr = std::unique_ptr<EVP_MAC, Releaser<&EVP_MAC_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Releaser<&EVP_MAC_CTX_free>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Releaser<&EVP_CIPHER_CTX_free>>;

struct Contexts {
    MacPtr hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    MacContextPtr mac{EVP_MAC_CTX_new(hmac.get())};
    CipherContextPtr cipher{EVP_CIPHER_CTX_new()};
};

/// A ticket as OpenSSL makes it of what the keys prepare.
struct Ticket {
    std::string name = std::string(16, '\0');
    std::string iv = std::string(16, '\0');
    std::string sealed;

    static unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
};

Ticket seal(TicketKeys& keys, TicketKeys::Time now, std::string text = "a session") {
    Ticket ticket;
    const Contexts contexts;
    EXPECT_TRUE(keys.seal(Ticket::bytes(ticket.name), Ticket::bytes(ticket.iv), *contexts.cipher,
                          *contexts.mac, now));
    ticket.sealed.resize(text.size() + 32);
    int first = 0;
    int rest = 0;
    EVP_EncryptUpdate(contexts.cipher.get(), Ticket::bytes(ticket.sealed), &first, Ticket::bytes(text),
                      static_cast<int>(text.size()));
    EVP_EncryptFinal_ex(contexts.cipher.get(), Ticket::bytes(ticket.sealed) + first, &rest);
    ticket.sealed.resize(static_cast<std::size_t>(first + rest));
    return ticket;
}

TicketKeys::Opened open(TicketKeys& keys, Ticket ticket, TicketKeys::Time now, std::string* text = nullptr) {
    const Contexts contexts;
    const auto opened =
        keys.open(Ticket::bytes(ticket.name), Ticket::bytes(ticket.iv), *contexts.cipher, *contexts.mac, now);
    if (text == nullptr || opened == TicketKeys::Opened::unknown_key) return opened;
    text->resize(ticket.sealed.size() + 32);
    int first = 0;
    int rest = 0;
    EVP_DecryptUpdate(contexts.cipher.get(), Ticket::bytes(*text), &first, Ticket::bytes(ticket.sealed),
                      static_cast<int>(ticket.sealed.size()));
    EXPECT_EQ(EVP_DecryptFinal_ex(contexts.cipher.get(), Ticket::bytes(*text) + first, &rest), 1);
    text->resize(static_cast<std::size_t>(first + rest));
    return opened;
}

using Opened = TicketKeys::Opened;

TEST(TicketKeys, open_what_they_sealed) {
    TicketKeys keys(lifetime);
    const Ticket ticket = seal(keys, begin, "who it is");
    std::string text;
    EXPECT_EQ(open(keys, ticket, begin, &text), Opened::opened);
    EXPECT_EQ(text, "who it is");
    EXPECT_EQ(ticket.sealed.find("who"), std::string::npos);
}

TEST(TicketKeys, of_another_server_open_nothing) {
    TicketKeys keys(lifetime);
    TicketKeys others(lifetime);
    seal(others, begin);
    EXPECT_EQ(open(others, seal(keys, begin), begin), Opened::unknown_key);
    TicketKeys unused(lifetime);
    EXPECT_EQ(open(unused, seal(keys, begin), begin), Opened::unknown_key);
}

struct AgeCase {
    const char* name;
    std::chrono::seconds sealed_after;  ///< since the key was made
    std::chrono::seconds opened_after;
    Opened expected;
    bool used_between = false;  ///< another ticket was sealed just before
};
const AgeCase age_cases[] = {
    {"at_once", 0s, 0s, Opened::opened},
    {"in_the_last_second", 0s, 99s, Opened::opened},
    {"after_a_lifetime", 0s, 100s, Opened::opened_by_old_key},
    {"sealed_late", 99s, 198s, Opened::opened_by_old_key},
    {"after_two", 0s, 200s, Opened::unknown_key},
    {"after_long", 0s, 10000s, Opened::unknown_key},
    {"after_a_new_key", 0s, 150s, Opened::opened_by_old_key, true},
    {"after_a_new_key_and_two_lifetimes", 0s, 200s, Opened::unknown_key, true},
};

class TicketAge : public testing::TestWithParam<AgeCase> {};

TEST_P(TicketAge, decides_who_opens_it) {
    const AgeCase& row = GetParam();
    TicketKeys keys(lifetime);
    seal(keys, begin);
    const Ticket ticket = seal(keys, begin + row.sealed_after);
    if (row.used_between) seal(keys, begin + row.opened_after - 1s);
    EXPECT_EQ(open(keys, ticket, begin + row.opened_after), row.expected);
}
INSTANTIATE_TEST_SUITE_P(table, TicketAge, testing::ValuesIn(age_cases),
                         [](const auto& row) { return row.param.name; });

TEST(TicketKeys, change_after_a_lifetime) {
    TicketKeys keys(lifetime);
    const Ticket first = seal(keys, begin);
    EXPECT_EQ(seal(keys, begin + 99s).name, first.name);
    EXPECT_NE(seal(keys, begin + 100s).name, first.name);
}

}  // namespace
}  // namespace sallyport::pki
