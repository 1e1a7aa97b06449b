#include "pki/tool/occasion.h"

#include <array>
#include <cstdlib>
#include <string_view>

#include <pwd.h>
#include <unistd.h>

namespace sallyport::pki {

std::string current_user() {
    const uid_t id = ::getuid();
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    const bool known =
        ::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
    std::string user = std::string(known ? entry.pw_name : "?") + " (uid " + std::to_string(id) + ")";
    // Only root is believed: anybody can set a variable.
    const char* behind_sudo = id == 0 ? std::getenv("SUDO_USER") : nullptr;
    const std::string_view name = behind_sudo != nullptr ? behind_sudo : "";
    const bool is_plain =
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@") ==
        name.npos;
    if (!name.empty() && name.size() <= 64 && is_plain) user += std::string(" for ") + behind_sudo;
    return user;
}

}  // namespace sallyport::pki
