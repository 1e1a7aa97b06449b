#include "gateway/file_watch.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/inotify.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto settle_time = 5ms;
constexpr std::uint32_t interesting = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM;

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
    std::map<std::filesystem::path, std::set<std::string>> wanted;
    std::set<std::filesystem::path> whole;
    for (const auto& path : paths) {
        std::error_code error;
        if (std::filesystem::is_directory(path, error)) {
            whole.insert(path);
            wanted[path];
        } else {
            wanted[path.has_parent_path() ? path.parent_path() : "."].insert(path.filename().string());
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
    names_.clear();
    for (auto& [folder, names] : wanted) {
        // Adding a folder again is harmless, and follows one that was replaced.
        const int watch =
            ::inotify_add_watch(inotify_.native_handle(), folder.c_str(), interesting | IN_ONLYDIR);
        if (watch < 0) continue;  // the load that follows a lost folder says so
        folders_[folder] = watch;
        if (whole.contains(folder)) names.clear();
        names_[watch] = names;
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
            const auto found = names_.find(event.wd);
            if ((event.mask & IN_Q_OVERFLOW) != 0 || name == volume_link) matter = true;
            if (found == names_.end() || name.empty()) continue;
            const bool being_written = name.starts_with('.');
            if (found->second.empty() ? !being_written : found->second.contains(name)) matter = true;
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

}  // namespace sallyport::gateway
