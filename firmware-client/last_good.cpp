#include "firmware-client/last_good.h"

#include "pki/file.h"

#include <algorithm>

namespace sallyport::device {
namespace {

Result<std::string> read_checked(const std::filesystem::path& path, std::size_t max_bytes,
                                 const LastGood::Check& check) {
    auto bytes = pki::read_file(path, max_bytes);
    if (!bytes) return from_pki(bytes.error());
    if (auto sound = check(*bytes); !sound) return sound.error();
    return std::move(*bytes);
}

}  // namespace

Result<std::string> LastGood::read(const std::string& name, std::size_t max_bytes, const Check& check) {
    auto own = read_checked(card_.file(name), max_bytes, check);
    if (own) {
        sound_.push_back({name, *own});
        return own;
    }
    if (own.error().trouble == Trouble::not_configured) return own;
    auto copy = read_checked(card_.own_file(name), max_bytes, check);
    if (!copy) return own;
    Error fault = own.error();
    fault.message += "; the last good one is used";
    faults_.push_back(std::move(fault));
    return copy;
}

Result<void> LastGood::keep() const {
    constexpr unsigned mode = 0600;  // a configuration holds a secret
    for (const Sound& file : sound_) {
        const auto path = card_.own_file(file.name);
        const auto copy = pki::read_file(path, std::max<std::size_t>(file.bytes.size(), 1));
        if (copy && *copy == file.bytes) continue;
        if (auto kept = pki::replace_file(path, file.bytes, mode); !kept) return from_pki(kept.error());
    }
    return {};
}

}  // namespace sallyport::device
