#pragma once

#include "pki/descriptor.h"
#include "pki/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Where the lines of a log go: standard output, standard error, or a file that is appended to. A file is
/// made with mode 0640 or stricter (umask); symbolic links are not followed, so that nobody can turn a log
/// against another file; a FIFO needs a reader. Not thread-safe.
class LogFile {
  public:
    /// What a log may be. Only a file of its own keeps what was written: an audit log must be one.
    enum class Kind { any, regular };

    /// `target`: "stdout", "stderr" or a path. Error: the text for people.
    static pki::Result<LogFile> open(const std::string& target, Kind kind = Kind::any);
    /// Why `open` would fail; empty when it would succeed. Makes and changes nothing.
    static std::string why_unusable(const std::string& target, Kind kind = Kind::any);

    struct Written {
        std::size_t bytes;   ///< of whole lines; what was cut short within a line is taken back
        std::string failed;  ///< why it is not everything
    };
    /// Appends whole lines, each with its end.
    Written append(std::string_view lines);
    /// On to the disk. Empty, or why not.
    std::string sync() const;

    /// Has this file been renamed or removed?
    bool is_moved() const;
    /// Has it no name at all any more, so that what is written is lost?
    bool is_removed() const;
    /// Goes on in the file that has the name now, which is made when there is none. After an error the old
    /// one stays in use.
    pki::Result<void> reopen();

    /// The same with a file that was opened already; what `other` holds (a lock) goes on.
    pki::Result<void> become(const LogFile& other);

    const std::string& target() const { return target_; }
    int descriptor() const { return descriptor_; }

  private:
    LogFile(std::string target, Kind kind, pki::Descriptor file);

    bool take_back(std::size_t bytes) const;

    std::string target_;
    Kind kind_;
    pki::Descriptor file_;  ///< none for standard output and standard error
    int descriptor_;
    bool line_is_torn_ = false;  ///< the last line has no end, and must not swallow the next
};

}  // namespace sallyport::gateway
