#include "gateway/client_network.h"

#include <algorithm>

namespace sallyport::gateway {

ClientNetwork network_of(const boost::asio::ip::address& address) {
    ClientNetwork network{};
    if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
        constexpr std::size_t prefix_bytes = 8;
        const auto bytes = address.to_v6().to_bytes();
        std::copy_n(bytes.begin(), prefix_bytes, network.begin());
        return network;
    }
    const auto v4 = address.is_v4()
                        ? address.to_v4()
                        : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    const auto bytes = v4.to_bytes();
    network[10] = network[11] = 0xFF;  // as in a v4-mapped address: no /64 looks like it
    std::ranges::copy(bytes, network.begin() + 12);
    return network;
}

}  // namespace sallyport::gateway
