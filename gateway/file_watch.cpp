#include "gateway/file_watch.h"

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

void FileWatch::watch(const std::vector<std::filesystem::path>& paths) {
    std::map<std::filesystem::path, Interest> wanted;
    for (const auto& given : paths) {
        std::error_code error;
        std::filesystem::path path = std::filesystem::absolute(given, error).lexically_normal();
        if (!path.has_filename()) path = path.parent_path();  // "crl/"
        // One spelling for each folder: inotify knows it once, however it is written.
        std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
        if (error) real = path;
        if (std::filesystem::is_directory(real, error)) wanted[real].all = true;
        // Under the name as it was given, too: a link or a folder may be swapped for another.
        for (const auto& name : {real, path}) {
            const auto parent = std::filesystem::weakly_canonical(name.parent_path(), error);
            wanted[parent].names.insert(name.filename().string());
        }
    }
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

bool FileWatch::read_events() {
    bool matter = false;
    alignas(inotify_event) char buffer[16 * 1024];
    for (;;) {
        const ssize_t count = ::read(inotify_.native_handle(), buffer, sizeof buffer);
        if (count <= 0) return matter;
        for (ssize_t at = 0; at < count;) {
            inotify_event event{};
            std::memcpy(&event, buffer + at, sizeof event);
            const std::string name = event.len > 0 ? buffer + at + sizeof event : "";
            at += static_cast<ssize_t>(sizeof event + event.len);
            const auto found = interests_.find(event.wd);
            if ((event.mask & IN_Q_OVERFLOW) != 0 || name == volume_link) matter = true;
            if (found == interests_.end()) continue;
            // A file that was just made is empty yet; it is closed, or renamed into place, when it is whole.
            if ((event.mask & IN_CREATE) != 0 && (event.mask & IN_ISDIR) == 0) continue;
            if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) matter = true;
            const bool being_written = name.empty() || name.starts_with('.');
            if ((found->second.all && !being_written) || found->second.names.contains(name)) matter = true;
        }
    }
}

asio::awaitable<bool> FileWatch::changed() {
    bool matter = false;
    while (!matter) {
        const auto [error] =
            co_await inotify_.async_wait(asio::posix::stream_descriptor::wait_read, tuple_awaitable);
        if (error) co_return false;
        matter = read_events();
    }
    for (bool more = true; more;) {
        asio::steady_timer settle(inotify_.get_executor(), settle_time);
        co_await settle.async_wait(tuple_awaitable);
        more = read_events();
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
