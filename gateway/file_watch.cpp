#include "gateway/file_watch.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto settle_time = 5ms;
/// Somebody who writes without end must not keep the rest from being noticed.
constexpr int max_pauses = 20;
constexpr std::uint32_t interesting =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF;

int open_inotify() {
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "inotify");
    return descriptor;
}

/// Kubernetes swaps a mounted volume by renaming this link.
constexpr std::string_view volume_link = "..data";

}  // namespace

FileWatch::FileWatch(asio::io_context& io) : inotify_(io, open_inotify()) {}

FileWatch::Urgency FileWatch::Interest::in(const std::string& name) const {
    const auto named = names.find(name);
    const Urgency by_name = named == names.end() ? Urgency::none : named->second;
    const bool being_written = name.empty() || name.starts_with('.');
    return being_written ? by_name : std::max(by_name, all);
}

void FileWatch::add(const std::filesystem::path& given, Urgency urgency, Interests& wanted) {
    const auto raise = [urgency](Urgency& known) { known = std::max(known, urgency); };
    std::error_code error;
    std::filesystem::path path = std::filesystem::absolute(given, error).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "crl/"
    // One spelling for each folder: inotify knows it once, however it is written.
    std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
    if (error) real = path;
    if (std::filesystem::is_directory(real, error)) raise(wanted[real].all);
    // Under the name as it was given, too: a link or a folder may be swapped for another.
    for (const auto& name : {real, path}) {
        const auto parent = std::filesystem::weakly_canonical(name.parent_path(), error);
        raise(wanted[parent].names[name.filename().string()]);
    }
}

void FileWatch::watch(const std::vector<std::filesystem::path>& paths,
                      const std::vector<std::filesystem::path>& urgent) {
    Interests wanted;
    for (const auto& path : paths)
        add(path, Urgency::can_wait, wanted);
    for (const auto& path : urgent)
        add(path, Urgency::urgent, wanted);
    for (auto at = folders_.begin(); at != folders_.end();) {
        if (wanted.contains(at->first)) {
            ++at;
            continue;
        }
        ::inotify_rm_watch(inotify_.native_handle(), at->second);
        at = folders_.erase(at);
    }
    interests_.clear();
    for (auto& [folder, interest] : wanted) {
        // Adding a folder again is harmless, and follows one that was replaced.
        const int watch =
            ::inotify_add_watch(inotify_.native_handle(), folder.c_str(), interesting | IN_ONLYDIR);
        if (watch < 0) continue;  // the load that follows a lost folder says so
        folders_[folder] = watch;
        interests_[watch] = std::move(interest);
    }
}

FileWatch::Urgency FileWatch::urgency_of(std::uint32_t event, int watch, const std::string& name) const {
    if ((event & IN_Q_OVERFLOW) != 0 || name == volume_link) return Urgency::can_wait;
    const auto found = interests_.find(watch);
    if (found == interests_.end()) return Urgency::none;
    // A file that was just made is empty yet; it is closed, or renamed into place, when it is whole.
    if ((event & IN_CREATE) != 0 && (event & IN_ISDIR) == 0) return Urgency::none;
    if ((event & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) return Urgency::can_wait;
    // What was taken away may be about to be replaced.
    const bool is_there = (event & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
    return std::min(found->second.in(name), is_there ? Urgency::urgent : Urgency::can_wait);
}

FileWatch::Urgency FileWatch::read_events() {
    Urgency urgency = Urgency::none;
    alignas(inotify_event) char buffer[16 * 1024];
    for (;;) {
        const ssize_t count = ::read(inotify_.native_handle(), buffer, sizeof buffer);
        if (count <= 0) return urgency;
        for (ssize_t at = 0; at < count;) {
            inotify_event event{};
            std::memcpy(&event, buffer + at, sizeof event);
            const std::string name = event.len > 0 ? buffer + at + sizeof event : "";
            at += static_cast<ssize_t>(sizeof event + event.len);
            urgency = std::max(urgency, urgency_of(event.mask, event.wd, name));
        }
    }
}

asio::awaitable<bool> FileWatch::changed() {
    Urgency urgency = Urgency::none;
    while (urgency == Urgency::none) {
        const auto [error] =
            co_await inotify_.async_wait(asio::posix::stream_descriptor::wait_read, tuple_awaitable);
        if (error) co_return false;
        urgency = read_events();
    }
    int pauses = 0;
    for (bool more = true; more && urgency != Urgency::urgent && pauses < max_pauses; ++pauses) {
        asio::steady_timer settle(inotify_.get_executor(), settle_time);
        co_await settle.async_wait(tuple_awaitable);
        const Urgency since = read_events();
        more = since != Urgency::none;
        urgency = std::max(urgency, since);
    }
    co_return true;
}

std::string fingerprint(const std::vector<std::filesystem::path>& paths) {
    std::string print;
    const auto add = [&print](const std::filesystem::path& file) {
        struct stat status {};
        if (::stat(file.c_str(), &status) != 0) return;
        for (const auto value :
             {static_cast<std::int64_t>(status.st_ino), static_cast<std::int64_t>(status.st_size),
              static_cast<std::int64_t>(status.st_mtim.tv_sec),
              static_cast<std::int64_t>(status.st_mtim.tv_nsec)}) {
            print += std::to_string(value) + ' ';
        }
    };
    for (const auto& path : paths) {
        add(path);
        std::error_code error;
        std::filesystem::directory_iterator at(path, error);
        for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
            if (!at->path().filename().string().starts_with('.')) add(at->path());
        }
    }
    return print;
}

}  // namespace sallyport::gateway
