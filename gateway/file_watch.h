#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace sallyport::gateway {

/// Tells when one of a set of files was replaced or written (inotify on their folders, so that an atomic
/// rename and a file that does not exist yet are seen, too). Belongs to the thread of its io_context.
class FileWatch {
  public:
    /// Throws std::system_error when inotify is not to be had.
    explicit FileWatch(boost::asio::io_context& io);

    /// Watches these files, and all files of those that are folders, instead of what was watched before.
    void watch(const std::vector<std::filesystem::path>& paths);

    /// Completes when something changed and then stood still for a moment, so that a certificate and its key,
    /// written one after the other, are one change. `false` when the watch broke.
    boost::asio::awaitable<bool> changed();

  private:
    bool read_events();

    boost::asio::posix::stream_descriptor inotify_;
    std::map<std::filesystem::path, int> folders_;
    struct Interest {
        bool all = false;             ///< every file of the folder matters
        std::set<std::string> names;  ///< else these
    };
    std::map<int, Interest> interests_;  ///< by watch descriptor
};

/// Changes when one of the files, or a file in one of the folders, is replaced or written.
std::string fingerprint(const std::vector<std::filesystem::path>& paths);

}  // namespace sallyport::gateway
