#include "gateway/supervisor.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

/// 0 for what is no number.
std::int64_t number_of(const char* text) {
    if (text == nullptr) return 0;
    std::int64_t number = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    return error == std::errc{} && stop == end ? number : 0;
}

std::string address_in(const Supervisor::Wishes& wishes) {
    const std::string_view address = wishes.socket == nullptr ? "" : wishes.socket;
    const bool is_address = address.size() > 1 && address.size() < sizeof(sockaddr_un::sun_path) &&
                            (address.front() == '/' || address.front() == '@');
    return std::string(is_address ? address : "");
}

/// sd_notify(3), MONOTONIC_USEC: by it systemd knows that this reload began after it had asked for one.
std::int64_t monotonic_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

/// A line end would begin an assignment of its own.
std::string one_line(std::string_view text) {
    std::string line(text.substr(0, 1'000));
    std::ranges::replace(line, '\n', ' ');
    return line;
}

}  // namespace

Supervisor::Wishes Supervisor::wishes_of_environment() {
    return {std::getenv("NOTIFY_SOCKET"), std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID")};
}

Supervisor::Supervisor(const Wishes& wishes)
    : address_(address_in(wishes)),
      socket_(address_.empty() ? -1 : ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const timeval send_timeout{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof send_timeout);
    const bool about_us = wishes.watchdog_pid == nullptr || number_of(wishes.watchdog_pid) == ::getpid();
    const std::int64_t microseconds = number_of(wishes.watchdog_usec);
    if (about_us && microseconds > 0) patience_ = std::chrono::microseconds(microseconds);
}

void Supervisor::ready(std::string_view status) {
    if (!stopping_) tell("READY=1\nSTATUS=" + one_line(status));
}

void Supervisor::reloading() {
    if (!stopping_) tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()));
}

void Supervisor::stopping() {
    tell("STOPPING=1\nSTATUS=running requests may end");
    stopping_ = true;
}

void Supervisor::alive() {
    if (patience_.count() > 0) tell("WATCHDOG=1");
}

std::chrono::milliseconds Supervisor::interval(std::chrono::milliseconds least,
                                               std::chrono::milliseconds most) const {
    if (patience_.count() == 0) return most;
    return std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(patience_ / 3), least, most);
}

void Supervisor::tell(std::string_view assignments) const {
    if (socket_.get() < 0) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    address_.copy(to.sun_path, sizeof to.sun_path - 1);
    if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    ::sendto(socket_.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace sallyport::gateway
