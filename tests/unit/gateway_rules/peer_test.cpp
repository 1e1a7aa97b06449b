#include "gateway/rules/peer.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

pki::ChainLink link(std::uint8_t issuer, std::string serial) {
    pki::ChainLink made{{},
                        std::move(serial),
                        std::chrono::sys_seconds(std::chrono::seconds(-1)),
                        std::chrono::sys_seconds(std::chrono::seconds(4'102'444'800))};
    made.issuer.fill(issuer);
    made.points.resize(issuer % 3);
    return made;
}

Peer peer_of(std::size_t links) {
    Peer peer{"A1B2C3D4", {{}, std::chrono::sys_seconds(std::chrono::seconds(1))}};
    for (std::size_t i = 0; i < links; ++i)
        peer.path.links.push_back(link(static_cast<std::uint8_t>(i), std::string(20, static_cast<char>(i))));
    return peer;
}

TEST(Peer, comes_back_as_it_was) {
    for (const std::size_t links : {1U, 2U, 16U}) {
        const Peer peer = peer_of(links);
        EXPECT_EQ(decode_peer(encode_peer(peer)), peer) << links;
    }
    const Peer bare{"", {{link(0, "")}}};
    EXPECT_EQ(decode_peer(encode_peer(bare)), bare);
    const Peer binary{std::string("\0\xFF", 2), {{link(255, std::string("\0\x80", 2))}}};
    EXPECT_EQ(decode_peer(encode_peer(binary)), binary);
}

TEST(Peer, is_not_read_from_any_part_of_it) {
    const std::string whole = encode_peer(peer_of(3));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_peer(std::string_view(whole).substr(0, size))) << size;
    EXPECT_TRUE(decode_peer(whole));
    EXPECT_FALSE(decode_peer(whole + '\0'));
    EXPECT_FALSE(decode_peer(whole + whole));
}

TEST(Peer, needs_a_link_and_not_too_many) {
    EXPECT_FALSE(decode_peer(encode_peer(peer_of(0))));
    EXPECT_FALSE(decode_peer(encode_peer(peer_of(17))));
}

TEST(Peer, is_read_in_its_own_format_only) {
    std::string bytes = encode_peer(peer_of(1));
    bytes[0] = static_cast<char>(bytes[0] + 1);
    EXPECT_FALSE(decode_peer(bytes));
}

TEST(Peer, never_grows_beyond_what_was_given) {
    // A device name and a serial that claim 65535 bytes.
    std::string bytes = encode_peer(peer_of(1));
    bytes[1] = bytes[2] = '\xFF';
    EXPECT_FALSE(decode_peer(bytes));
    bytes = encode_peer(peer_of(1));
    const std::size_t serial_size = 1 + 2 + 8 + 8 + 1 + sizeof(pki::IssuerId);
    bytes[serial_size] = bytes[serial_size + 1] = '\xFF';
    EXPECT_FALSE(decode_peer(bytes));
}

}  // namespace
}  // namespace sallyport::gateway
