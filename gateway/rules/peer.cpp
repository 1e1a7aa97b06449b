#include "gateway/rules/peer.h"

#include <algorithm>
#include <cstring>

namespace sallyport::gateway {
namespace {

constexpr std::uint8_t format = 2;
constexpr std::size_t max_links = 16;
constexpr std::size_t max_points = 64;

// Sessions, and the tickets that hold them, are read by this process only: the machine's own byte order will
// do.
template <class T>
void put(std::string& out, const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint16_t>(text.size()));
    out += text;
}

void put_time(std::string& out, std::chrono::sys_seconds time) {
    put(out, time.time_since_epoch().count());
}

class Input {
  public:
    explicit Input(std::string_view rest) : rest_(rest) {}

    template <class T>
    bool get(T& value) {
        if (rest_.size() < sizeof value) return false;
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return true;
    }

    bool get_text(std::string& text) {
        std::uint16_t size = 0;
        if (!get(size) || rest_.size() < size) return false;
        text.assign(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return true;
    }

    bool get_time(std::chrono::sys_seconds& time) {
        std::chrono::seconds::rep count = 0;
        if (!get(count)) return false;
        time = std::chrono::sys_seconds(std::chrono::seconds(count));
        return true;
    }

    bool get_link(pki::ChainLink& link) {
        std::uint8_t points = 0;
        if (!get(link.issuer) || !get_text(link.serial) || !get_time(link.not_before) ||
            !get_time(link.not_after) || !get(points) || points > max_points) {
            return false;
        }
        link.points.resize(points);
        return std::ranges::all_of(link.points, [this](pki::PointId& point) { return get(point); });
    }

    bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

}  // namespace

std::string encode_peer(const Peer& peer) {
    std::string out;
    put(out, format);
    put_text(out, peer.name);
    put_time(out, peer.path.anchor_not_after);
    put(out, static_cast<std::uint8_t>(peer.path.links.size()));
    for (const pki::ChainLink& link : peer.path.links) {
        put(out, link.issuer);
        put_text(out, link.serial);
        put_time(out, link.not_before);
        put_time(out, link.not_after);
        put(out, static_cast<std::uint8_t>(link.points.size()));
        for (const pki::PointId& point : link.points)
            put(out, point);
    }
    return out;
}

std::optional<Peer> decode_peer(std::string_view bytes) {
    Input input(bytes);
    Peer peer;
    std::uint8_t version = 0;
    std::uint8_t links = 0;
    if (!input.get(version) || version != format || !input.get_text(peer.name) ||
        !input.get_time(peer.path.anchor_not_after) || !input.get(links)) {
        return {};
    }
    if (links == 0 || links > max_links) return {};
    peer.path.links.resize(links);
    const bool whole =
        std::ranges::all_of(peer.path.links, [&](pki::ChainLink& link) { return input.get_link(link); });
    if (!whole || !input.at_end()) return {};
    return peer;
}

}  // namespace sallyport::gateway
