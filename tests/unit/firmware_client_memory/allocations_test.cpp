#include "firmware-client/connector.h"
#include "firmware-client/log_uploads.h"
#include "firmware-client/tls_client.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/firmware_client/recorded_report.h"
#include "tests/unit/firmware_client/small_configuration.h"
#include "tests/unit/firmware_client/tls_server.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

namespace sallyport::device {
namespace {

struct Allocations {
    unsigned long own = 0;      ///< operator new
    unsigned long openssl = 0;  ///< OPENSSL_malloc and OPENSSL_realloc
};

/// What this thread asks for while it is watched.
thread_local Allocations counted;
thread_local bool watched = false;

void* malloc_for_openssl(std::size_t size, const char*, int) {
    if (watched) ++counted.openssl;
    return std::malloc(size);
}
void* realloc_for_openssl(void* memory, std::size_t size, const char*, int) {
    if (watched) ++counted.openssl;
    return std::realloc(memory, size);
}
void free_for_openssl(void* memory, const char*, int) {
    std::free(memory);
}

/// OpenSSL takes them only before its first allocation.
const bool openssl_is_counted =
    CRYPTO_set_mem_functions(malloc_for_openssl, realloc_for_openssl, free_for_openssl) == 1;

}  // namespace
}  // namespace sallyport::device

void* operator new(std::size_t size) {
    if (sallyport::device::watched) ++sallyport::device::counted.own;
    if (void* const memory = std::malloc(std::max<std::size_t>(size, 1))) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace sallyport::device {
namespace {

/// Takes bodies of `bytes`, one after another.
void confirm_each(SSL& connection, std::size_t bytes) {
    constexpr std::string_view answer =
        "HTTP/1.1 200 OK\r\nETag: \"d41d8cd98f00b204e9800998ecf8427e-1\"\r\nContent-Length: 0\r\n"
        "Date: Wed, 01 Jan 2020 00:00:00 GMT\r\nx-amz-request-id: tx0000-default\r\n\r\n";
    std::vector<char> block(64 * 1024);
    std::string pending;
    for (;;) {
        const int count = SSL_read(&connection, block.data(), static_cast<int>(block.size()));
        if (count <= 0) return;
        pending.append(block.data(), static_cast<std::size_t>(count));
        const auto end = pending.find("\r\n\r\n");
        if (end == pending.npos || pending.size() < end + 4 + bytes) continue;
        pending.erase(0, end + 4 + bytes);
        SSL_write(&connection, answer.data(), static_cast<int>(answer.size()));
    }
}

/// Of the upload of a log file of this size over TLS, when others went before it on the same connection.
Allocations of_an_upload(std::size_t bytes) {
    test::TemporaryFolder folder;
    folder.write("config-01.09.json", small_configuration);
    const std::string content(bytes, 'x');
    for (const char* name : {"00000001.MF4", "00000002.MF4", "00000003.MF4"})
        folder.write(std::filesystem::path{"LOG/AABBCCDD/00000001"} / name, content);
    const Card card = find_card(folder.path()).value();
    LastGood files(card);
    Device device = std::move(load_device(card, files, "AABBCCDD").value());

    const auto leaf = issue(pki::CertificateRole::server, "localhost",
                            issue(pki::CertificateRole::root_authority, "Root", nullptr).get());
    Server server(*leaf, "ECDHE-RSA-AES128-GCM-SHA256", 1,
                  [bytes](SSL& connection) { confirm_each(connection, bytes); });
    device.settings.server = server.settings("localhost");
    std::vector<pki::CertificatePtr> trusted;
    X509_up_ref(leaf.get());
    trusted.emplace_back(leaf.get());
    const auto tls = std::move(TlsClient::create("localhost", trusted, nullptr, TlsVersions::device).value());
    ServerConnector connector(device.settings.server, tls.get(), {}, CipherGroup::third);
    Lines lines;
    lines.lines.reserve(8);
    StoreClient store(device.settings.server, connector, system_time);
    DevicePuts puts(device, store, system_time, lines);
    LogUploads logs(device, puts, lines);
    EXPECT_TRUE(*logs.put_next());
    EXPECT_TRUE(*logs.put_next());
    counted = {};
    watched = true;
    const auto third = logs.put_next();
    watched = false;
    EXPECT_TRUE(third && *third);
    EXPECT_EQ(lines.lines.size(), 3U);
    return counted;
}

/// Head, signature and answer of a request take memory, its body takes none: however long it is.
TEST(UploadAllocations, do_not_grow_with_the_file) {
    const Allocations small = of_an_upload(100);
    const Allocations large = of_an_upload(8 << 20);
    RecordProperty("allocations_per_file", static_cast<int>(small.own));
    EXPECT_LE(small.own, 100U);
    EXPECT_EQ(large.own, small.own);
}

/// OpenSSL 3.0 allocates twice for each TLS record that it writes (its packet writer), and for each HMAC.
TEST(UploadAllocations, of_openssl_are_two_for_each_record) {
    ASSERT_TRUE(openssl_is_counted);
    constexpr std::size_t record = 16 * 1024;
    constexpr std::size_t bytes = 8 << 20;
    const Allocations small = of_an_upload(100);
    const Allocations large = of_an_upload(bytes);
    EXPECT_LE(small.openssl, 80U);
    EXPECT_LE(large.openssl - small.openssl, 2 * bytes / record);
}

}  // namespace
}  // namespace sallyport::device
