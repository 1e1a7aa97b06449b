#include "pki/tool/publication/name_lookup.h"

#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>

namespace sallyport::pki {
namespace {

struct ReleaseAddresses {
    void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

std::string text_of(const addrinfo& found) {
    char text[NI_MAXHOST] = "";
    const int error =
        ::getnameinfo(found.ai_addr, found.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return error == 0 ? text : "";
}

FoundAddresses ask_system(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;  // no IPv6 addresses where this machine has none
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (error != 0) return {{}, error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error)};
    const std::unique_ptr<addrinfo, ReleaseAddresses> owned(list);
    FoundAddresses found;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        if (auto text = text_of(*entry); !text.empty()) found.addresses.push_back(std::move(text));
    }
    if (found.addresses.empty()) found.problem = "it has no address";
    return found;
}

bool is_ip_address(const std::string& host) {
    in6_addr octets{};
    return ::inet_pton(AF_INET, host.c_str(), &octets) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &octets) == 1;
}

}  // namespace

std::optional<FoundAddresses> look_up(const std::string& host, std::chrono::steady_clock::time_point until) {
    if (is_ip_address(host)) return FoundAddresses{{host}};
    // getaddrinfo cannot be told to give up: the thread is left to itself, with nothing but its own state.
    std::packaged_task<FoundAddresses()> task([host] { return ask_system(host); });
    auto answer = task.get_future();
    std::thread(std::move(task)).detach();
    if (answer.wait_until(until) != std::future_status::ready) return std::nullopt;
    return answer.get();
}

}  // namespace sallyport::pki
