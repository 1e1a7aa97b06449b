#pragma once

#include "pki/openssl.h"

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

namespace sallyport::pki {

/// The keys that seal session tickets (RFC 5077 4, RFC 8446 4.6.1): AES-256-CBC and HMAC-SHA-256. A key seals
/// for one lifetime of a session and opens for another one: then it is wiped, and what it sealed is lost to
/// whoever gets hold of this process later. Thread-safe.
class TicketKeys {
  public:
    using Time = std::chrono::steady_clock::time_point;

    explicit TicketKeys(std::chrono::seconds lifetime) : lifetime_(lifetime) {}
    ~TicketKeys();
    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;

    enum class Opened { unknown_key, opened, opened_by_old_key, failed };

    /// Prepares the contexts to seal a ticket; writes the key's name (16 octets) and `iv` (16 octets). False
    /// when randomness or memory is out.
    bool seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac, Time now);
    /// Prepares them to open one.
    Opened open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac,
                Time now);

  private:
    struct Key {
        std::array<unsigned char, 16> name;
        std::array<unsigned char, 32> cipher;
        std::array<unsigned char, 32> mac;
        Time made;
    };
    void rotate(Time now);
    static void forget(std::optional<Key>& key);

    std::chrono::seconds lifetime_;
    std::mutex mutex_;
    std::optional<Key> current_;
    std::optional<Key> previous_;
};

}  // namespace sallyport::pki
