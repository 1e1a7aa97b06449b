#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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
    /// A change of an `urgent` one is told at once.
    void watch(const std::vector<std::filesystem::path>& paths,
               const std::vector<std::filesystem::path>& urgent);

    /// Completes when something changed and then stood still for a moment, so that a certificate and its key,
    /// written one after the other, are one change; but soon in any case. `false` when the watch broke.
    boost::asio::awaitable<bool> changed();

  private:
    enum class Urgency { none, can_wait, urgent };
    /// In a folder: in all of its files, or in those of these names.
    struct Interest {
        Urgency all = Urgency::none;
        std::map<std::string, Urgency> names;

        Urgency in(const std::string& name) const;
    };
    using Interests = std::map<std::filesystem::path, Interest>;

    static void add(const std::filesystem::path& given, Urgency urgency, Interests& wanted);
    Urgency read_events();
    Urgency urgency_of(std::uint32_t event, int watch, const std::string& name) const;

    boost::asio::posix::stream_descriptor inotify_;
    std::map<std::filesystem::path, int> folders_;
    std::map<int, Interest> interests_;  ///< by watch descriptor
};

/// Changes when one of the files, or a file in one of the folders, is replaced or written.
std::string fingerprint(const std::vector<std::filesystem::path>& paths);

}  // namespace sallyport::gateway
