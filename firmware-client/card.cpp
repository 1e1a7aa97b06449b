#include "firmware-client/card.h"

#include "pki/file_status.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <tuple>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sallyport::device {
namespace {

namespace fs = std::filesystem;

bool consists_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_number_of_8_digits(std::string_view text) {
    return text.size() == 8 && consists_of(text, "0123456789");
}

/// MM.mm of `config-MM.mm.json`; empty for any other name.
std::string_view version_of(std::string_view name) {
    constexpr std::string_view prefix = "config-";
    constexpr std::string_view suffix = ".json";
    if (name.size() != prefix.size() + 5 + suffix.size()) return {};
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return {};
    const std::string_view version = name.substr(prefix.size(), 5);
    const bool digits = consists_of(version.substr(0, 2), "0123456789") && version[2] == '.' &&
                        consists_of(version.substr(3), "0123456789");
    return digits ? version : std::string_view{};
}

/// In no order; a missing folder is empty.
template <class Visit>
Result<void> for_each_entry(const fs::path& folder, Visit visit) {
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        visit(*entry);
    }
    if (failure && failure != std::errc::no_such_file_or_directory) {
        return Error{Fault::card, folder.string() + ": cannot list: " + failure.message()};
    }
    return {};
}

/// Lists a folder; a missing one is empty.
Result<std::vector<fs::directory_entry>> list(const fs::path& folder) {
    std::vector<fs::directory_entry> entries;
    auto listed =
        for_each_entry(folder, [&entries](const fs::directory_entry& entry) { entries.push_back(entry); });
    if (!listed) return listed.error();
    return entries;
}

/// Not a link to one, which could lie outside the card.
bool is_real_folder(const fs::path& path) {
    const auto status = pki::status_of(path);
    return status && status->is_folder();
}

/// Files of ours are written beside their place, as `.<name>.XXXXXX`, and then renamed.
bool is_leftover(std::string_view name) {
    constexpr std::string_view prefixes[] = {".config-", ".schema-", ".device.", ".certs_", ".firmware."};
    constexpr std::size_t suffix = 7;  // a dot and six characters
    return name.size() > suffix && name[name.size() - suffix] == '.' &&
           std::any_of(std::begin(prefixes), std::end(prefixes),
                       [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool older(const LogFile& left, const LogFile& right) {
    return std::tie(left.session, left.split, left.extension) <
           std::tie(right.session, right.split, right.extension);
}

/// Keeps the `limit` oldest.
void trim(std::vector<LogFile>& files, std::size_t limit) {
    if (files.size() > limit) {
        std::nth_element(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(limit), files.end(),
                         older);
        files.erase(files.begin() + static_cast<std::ptrdiff_t>(limit), files.end());
    }
}

void add(LogQueue& queue, const fs::directory_entry& entry, const std::string& session) {
    const std::string split = entry.path().stem().string();
    const std::string extension = entry.path().extension().string();
    constexpr std::string_view extensions[] = {".MF4", ".MFC", ".MFE", ".MFM"};
    const bool known =
        std::find(std::begin(extensions), std::end(extensions), extension) != std::end(extensions);
    const auto status = pki::status_of(entry.path());
    if (!status) return;  // it went between listing and looking
    if (!known || !is_number_of_8_digits(split) || !status->is_file()) {
        ++queue.ignored;
        return;
    }
    queue.files.push_back({entry.path(), session, split, extension.substr(1), status->size});
    ++queue.count;
    queue.bytes += status->size;
}

}  // namespace

Result<Card> open_card(const fs::path& folder, std::string_view wanted) {
    const auto entries = list(folder);
    if (!entries) return entries.error();
    Card card{folder, ""};
    for (const auto& entry : *entries) {
        const std::string name = entry.path().filename().string();
        const std::string_view version = version_of(name);
        if (version.empty()) continue;
        const bool better = card.version != wanted && (version == wanted || version > card.version);
        if (better || card.version.empty()) card.version = version;
    }
    if (card.version.empty()) {
        return Error{Fault::configuration,
                     folder.string() + ": no card with a configuration; it needs a config-MM.mm.json"};
    }
    return card;
}

Result<Descriptor> lock_card(const Card& card) {
    Descriptor folder{::open(card.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    const std::string why =
        errno == EWOULDBLOCK ? "another program is working on this card" : std::strerror(errno);
    return Error{Fault::card, card.folder.string() + ": " + why};
}

Result<void> sync_folder(const fs::path& folder) {
    const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (opened && ::fsync(opened.get()) == 0) return {};
    return Error{Fault::card, folder.string() + ": cannot sync: " + std::strerror(errno)};
}

Result<void> prepare_card(const Card& card) {
    std::error_code failure;
    const fs::path own = card.folder / "sallyport";
    if (is_present(own) && !is_real_folder(own)) fs::remove(own, failure);
    if (!is_present(own)) fs::create_directory(own, failure);
    if (failure) return Error{Fault::card, own.string() + ": cannot make: " + failure.message()};
    for (const fs::path& folder : {card.folder, own}) {
        const auto entries = list(folder);
        if (!entries) return entries.error();
        for (const auto& entry : *entries) {
            if (is_leftover(entry.path().filename().string())) fs::remove(entry.path(), failure);
        }
    }
    return {};
}

bool is_present(const fs::path& path) {
    return pki::status_of(path).has_value();
}

bool is_device_id(std::string_view text) {
    return text.size() == 8 && consists_of(text, "0123456789ABCDEF");
}

std::string LogFile::object_key(std::string_view device_id, std::int64_t epoch) const {
    char upload_time[24];
    std::snprintf(upload_time, sizeof upload_time, "%08llX", static_cast<unsigned long long>(epoch));
    return std::string{device_id} + '/' + session + '/' + split + '-' + upload_time + '.' + extension;
}

Result<LogQueue> scan_log_files(const Card& card, std::string_view device_id, std::size_t limit) {
    LogQueue queue;
    const fs::path logs = card.file("LOG") / device_id;
    if (!is_real_folder(card.file("LOG")) || !is_real_folder(logs)) return queue;
    const auto sessions = list(logs);
    if (!sessions) return sessions.error();
    for (const auto& session : *sessions) {
        const std::string name = session.path().filename().string();
        if (!is_number_of_8_digits(name) || !is_real_folder(session.path())) continue;
        const auto listed = for_each_entry(session.path(), [&](const fs::directory_entry& split) {
            add(queue, split, name);
            if (queue.files.size() >= 2 * limit) trim(queue.files, limit);
        });
        if (!listed) return listed.error();
        trim(queue.files, limit);
    }
    std::sort(queue.files.begin(), queue.files.end(), older);
    return queue;
}

}  // namespace sallyport::device
