#include "gateway/audit_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

/// The end of a file: enough for the longest line and what may lie torn behind it.
constexpr std::size_t tail_bytes = max_audit_line_bytes + max_torn_bytes;
/// The same of most files: many are looked at.
constexpr std::size_t usual_tail_bytes = 64 * 1024;

struct Tail {
    std::string text;
    bool is_whole = false;  ///< of the file
};

std::optional<Tail> read_tail(int file, std::size_t bytes) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(status.st_size);
    const std::size_t begin = size > bytes ? size - bytes : 0;
    Tail tail{std::string(size - begin, '\0'), begin == 0};
    std::size_t filled = 0;
    while (filled < tail.text.size()) {
        const ssize_t count = ::pread(file, tail.text.data() + filled, tail.text.size() - filled,
                                      static_cast<off_t>(begin + filled));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return std::nullopt;
        filled += static_cast<std::size_t>(count);
    }
    return tail;
}

struct LastLine {
    AuditLine line;
    std::string text;
    bool has_end;
    std::optional<std::string> torn;  ///< what is behind it, without its last line end
    bool is_being_written = false;    ///< another process has the file
};

/// The last line that is one, and what lies behind it.
std::optional<LastLine> last_line(std::string_view text) {
    const std::size_t end = text.ends_with('\n') ? text.size() - 1 : text.size();
    for (std::size_t stop = end;;) {
        const std::size_t before = stop == 0 ? std::string_view::npos : text.rfind('\n', stop - 1);
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        const auto candidate = text.substr(begin, stop - begin);
        if (auto parsed = parse_audit_line(candidate)) {
            LastLine last{std::move(*parsed), std::string(candidate), stop < text.size(), std::nullopt};
            if (stop < end) last.torn.emplace(text.substr(stop + 1, end - stop - 1));
            return last;
        }
        if (begin == 0) return std::nullopt;
        stop = begin - 1;
    }
}

std::optional<LastLine> last_line_of(const std::filesystem::path& path) {
    const pki::Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.get() < 0) return std::nullopt;
    for (const std::size_t bytes : {usual_tail_bytes, tail_bytes}) {
        const auto tail = read_tail(file.get(), bytes);
        if (!tail) return std::nullopt;
        if (auto last = last_line(tail->text)) {
            last->is_being_written = ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
            return last;
        }
        if (tail->is_whole) return std::nullopt;
    }
    return std::nullopt;
}

/// So that the next file may be put behind this one and both be read as one: what a process or a full disk
/// has cut short stays a line of its own. In no hash, and none the worse when it fails.
void end_last_line(int file) {
    struct stat status {};
    char last = '\n';
    if (::fstat(file, &status) == 0 && status.st_size > 0 &&
        ::pread(file, &last, 1, status.st_size - 1) == 1 && last != '\n') {
        [[maybe_unused]] const ssize_t count = ::write(file, "\n", 1);
    }
}

void end_last_line(const std::filesystem::path& path) {
    const pki::Descriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.get() >= 0) end_last_line(file.get());
}

/// Is it NAME.x or NAME-x, and not compressed?
bool may_be_rotated(std::string_view other, std::string_view name) {
    constexpr std::string_view compressed[] = {".gz", ".xz", ".zst", ".bz2"};
    return other.size() > name.size() + 1 && other.starts_with(name) &&
           (other[name.size()] == '.' || other[name.size()] == '-') &&
           std::ranges::none_of(compressed, [&](std::string_view ending) { return other.ends_with(ending); });
}

/// The newest first.
std::vector<std::filesystem::path> rotated_files(const std::filesystem::path& path) {
    std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> found;
    std::error_code error;
    const auto folder = path.parent_path();
    const std::string name = path.filename();
    for (const auto& entry : std::filesystem::directory_iterator(folder.empty() ? "." : folder, error)) {
        if (!may_be_rotated(entry.path().filename().native(), name)) continue;
        if (entry.is_symlink(error) || !entry.is_regular_file(error)) continue;
        const auto time = entry.last_write_time(error);
        if (!error) found.emplace_back(time, entry.path());
    }
    std::ranges::sort(found, std::greater());
    std::vector<std::filesystem::path> files;
    for (auto& [time, file] : found) {
        if (files.size() < AuditFile::max_rotated_files) files.push_back(std::move(file));
    }
    return files;
}

/// Where the chain goes on for a file that has no line.
struct EndOfChain {
    std::string file;
    LastLine last;
    std::string fork;  ///< as in Found
};

/// Not by their times: copies, restorations and touch(1) change them.
std::optional<EndOfChain> end_of_chain(const std::filesystem::path& path) {
    std::optional<EndOfChain> end;
    for (const auto& file : rotated_files(path)) {
        auto last = last_line_of(file);
        if (!last) continue;
        if (!end || last->line.number > end->last.line.number) {
            end = EndOfChain{file.filename(), std::move(*last), ""};
        } else if (last->line.number == end->last.line.number && last->text != end->last.text) {
            end->fork = file.filename();
        }
    }
    return end;
}

/// A new name in a folder is on the disk when the folder is.
void sync_folder_of(const std::filesystem::path& path) {
    const auto name = path.parent_path();
    const pki::Descriptor folder(
        ::open(name.empty() ? "." : name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) ::fsync(folder.get());
}

pki::Error unusable(const std::string& path, const std::string& why) {
    return {pki::Fault::runtime, "log " + path + ": " + why};
}

constexpr const char* none_of_ours = "is not an audit log: name a file of its own, or move this one away";

}  // namespace

pki::Result<AuditFile> AuditFile::open(const std::string& path) {
    auto file = LogFile::open(path, LogFile::Kind::regular);
    if (!file) return file.error();
    if (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0)
        return unusable(path, "another process writes this audit log: each gateway needs one of its own");
    auto state = read_state(file->descriptor(), path);
    if (!state) return state.error();
    if (!state->found.continues.empty()) {
        const auto before = std::filesystem::path(path).parent_path() / state->found.continues;
        if (state->before_is_being_written)
            return unusable(before, "another process still writes it: its chain cannot be gone on with");
        end_last_line(before);
    }
    sync_folder_of(path);
    return AuditFile(std::move(*file), std::move(*state));
}

std::string AuditFile::why_unusable(const std::string& path) {
    if (std::string why = LogFile::why_unusable(path, LogFile::Kind::regular); !why.empty()) return why;
    const pki::Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.get() < 0) return "";  // it will be made
    return read_state(file.get(), path) ? "" : none_of_ours;
}

pki::Result<AuditFile::State> AuditFile::read_state(int file, const std::string& path) {
    auto tail = read_tail(file, tail_bytes);
    if (!tail) return unusable(path, std::string("cannot be read: ") + std::strerror(errno));
    State state;
    state.needs_line_end = !tail->text.empty() && !tail->text.ends_with('\n');
    if (auto last = last_line(tail->text)) {
        state.head = head_after(last->line.number, last->text);
        state.found = {last->line.number, last->line.event, "", "", !last->has_end};
        state.torn = std::move(last->torn);
        return state;
    }
    // At most the beginning of a first line.
    const bool is_ours = tail->is_whole && tail->text.size() <= max_torn_bytes &&
                         (tail->text.empty() || tail->text.starts_with(R"({"seq":)"));
    if (!is_ours) return unusable(path, none_of_ours);
    if (tail->text.ends_with('\n')) tail->text.pop_back();
    if (!tail->text.empty()) state.torn = std::move(tail->text);

    if (auto end = end_of_chain(path)) {
        AuditLine& line = end->last.line;
        state.head = head_after(line.number, end->last.text);
        state.found = {line.number, std::move(line.event), std::move(end->file), std::move(end->fork)};
        state.before_is_being_written = end->last.is_being_written;
        if (end->last.torn) state.torn = *end->last.torn + (state.torn ? '\n' + *state.torn : "");
    }
    return state;
}

AuditFile::Written AuditFile::append(std::span<const std::string> records) {
    std::string text = state_.needs_line_end ? "\n" : "";
    std::vector<AuditHead> heads;
    std::vector<std::size_t> ends;
    AuditHead head = state_.head;
    for (const std::string& record : records) {
        const std::string line = audit_line(head, record);
        head = head_after(head.number + 1, line);
        (text += line) += '\n';
        heads.push_back(head);
        ends.push_back(text.size());
    }
    const LogFile::Written written = file_.append(text);
    if (written.bytes > 0) state_.needs_line_end = false;
    auto whole = static_cast<std::size_t>(std::ranges::upper_bound(ends, written.bytes) - ends.begin());
    // What lacks its end alone is a line, and gets it before anything else is written.
    const bool lacks_end = written.torn > 0 && written.bytes + written.torn + 1 == ends[whole];
    if (lacks_end) ++whole;
    if (whole > 0) {
        state_.head = heads[whole - 1];
        state_.torn.reset();
    }
    if (written.torn > 0 && !lacks_end) {
        const std::string piece = text.substr(written.bytes, written.torn);
        state_.torn = state_.torn ? *state_.torn + '\n' + piece : piece;
    }
    if (!written.failed.empty()) return {whole, written.failed};
    return {whole, file_.sync()};
}

pki::Result<void> AuditFile::reopen() {
    const std::string& path = file_.target();
    const auto fresh = LogFile::open(path, LogFile::Kind::regular);
    if (!fresh) return fresh.error();
    struct stat status {};
    if (::fstat(fresh->descriptor(), &status) != 0 || status.st_size != 0)
        return unusable(path, "the new file is not empty: the old one stays in use");
    if (::flock(fresh->descriptor(), LOCK_EX | LOCK_NB) != 0)
        return unusable(path, "another process writes the new file: the old one stays in use");
    sync_folder_of(path);
    end_last_line(file_.descriptor());
    state_.needs_line_end = false;
    return file_.become(*fresh);
}

}  // namespace sallyport::gateway
