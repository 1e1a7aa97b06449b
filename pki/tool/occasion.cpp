#include "pki/tool/occasion.h"

#include <array>
#include <cstdlib>

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
    if (behind_sudo != nullptr && *behind_sudo != '\0') user += std::string(" for ") + behind_sudo;
    return user;
}

}  // namespace sallyport::pki
