#pragma once

#include "pki/descriptor.h"
#include "pki/result.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace sallyport::gateway {

/// Where the lines of a log go: standard output, standard error, or a file that is appended to. A file is
/// made with mode 0640 or stricter (umask); symbolic links are not followed, so that nobody can turn a log
/// against another file; a FIFO needs a reader. Not thread-safe.
///
/// What is no regular file (a pipe, a socket, a terminal) may have a reader that has stopped: writing waits
/// for it, but never longer than it is told to.
class LogFile {
  public:
    /// What a log may be. Only a file of its own keeps what was written: an audit log must be one.
    enum class Kind { any, regular };

    /// `target`: "stdout", "stderr" or a path. Error: the text for people.
    static pki::Result<LogFile> open(const std::string& target, Kind kind = Kind::any);
    /// Why `open` would fail; empty when it would succeed, but for a FIFO that nobody reads. Makes and
    /// changes nothing.
    static std::string why_unusable(const std::string& target, Kind kind = Kind::any);

    struct Written {
        /// Of whole lines; what was cut short within a line is taken back. When it waits for a reader, all
        /// that was taken: the next `append` goes on there.
        std::size_t bytes;
        std::string failed;  ///< why it is not everything
        bool waits_for_reader = false;
        std::size_t torn = 0;  ///< bytes of a line behind them that could not be taken back
    };
    /// Appends whole lines, each with its end. Waits for a reader at most `patience` in all.
    Written append(std::string_view lines, std::chrono::milliseconds patience = {});
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

    bool is_ready(std::chrono::steady_clock::time_point until) const;
    ssize_t write_some(std::string_view lines) const;
    Written cut_short(std::string_view lines, std::size_t written, std::string failed);
    bool take_back(std::size_t bytes) const;

    std::string target_;
    Kind kind_;
    pki::Descriptor file_;  ///< none for standard output and standard error as they were inherited
    int descriptor_;
    mode_t type_;                  ///< S_IFMT
    bool is_within_line_ = false;  ///< what was written last was no line end
    bool line_is_torn_ = false;    ///< the last line gets no end, and must not swallow the next
};

/// On standard error, for what no log can take. Lost when nobody reads it.
void say_on_standard_error(std::string_view line);

}  // namespace sallyport::gateway
