#include "firmware-client/recorder.h"

#include "firmware-client/body_sink.h"
#include "firmware-client/json_document.h"
#include "pki/file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <random>
#include <system_error>

#include <boost/json/value.hpp>

namespace sallyport::device {
namespace {

namespace fs = std::filesystem;

constexpr unsigned highest_number = 99'999'999;

std::string eight_digits(unsigned number) {
    char text[16];
    std::snprintf(text, sizeof text, "%08u", number);
    return text;
}

void put_number(std::string& bytes, std::size_t at, std::uint64_t number) {
    for (std::size_t i = 0; i < 8; ++i)
        bytes[at + i] = static_cast<char>(number >> (8 * i));
}

/// An MDF 4.11 identification block, unfinalized, with the few fields that readers of these devices look at:
/// "CE" at 16, the address of a data group at 88, of its data at 40 in there, and the start time at 136.
std::string header_of(std::chrono::sys_seconds start) {
    constexpr std::size_t group_at = 168;
    constexpr std::size_t data_at = least_log_bytes;
    std::string header(data_at, '\0');
    header.replace(0, 16, "MDF     4.11    ");
    header.replace(16, 8, "CE      ");
    put_number(header, 88, group_at);
    put_number(header, group_at + 40, data_at);
    put_number(header, 136,
               static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::nanoseconds>(start.time_since_epoch()).count()));
    return header;
}

/// The next session by `meta/meta_log.json`; zero when it does not say.
unsigned session_of_meta(const Card& card) {
    const auto text = pki::read_file(card.folder / "meta" / "meta_log.json", max_device_file_bytes);
    if (!text) return 0;
    const auto object = parse_json_object(*text, "meta_log.json");
    const boost::json::value* const session = object ? object->if_contains("session") : nullptr;
    const std::int64_t* const number = session != nullptr ? session->if_int64() : nullptr;
    return number != nullptr && *number > 0 && *number <= highest_number ? static_cast<unsigned>(*number) : 0;
}

/// Writes one file under another name, then gives it its own.
Result<void> write_log(const fs::path& path, std::string header, std::uint64_t bytes,
                       std::mt19937_64& random) {
    fs::path unfinished = path;
    unfinished += ".part";
    auto file = FileSink::create(unfinished, bytes);
    if (!file) return file.error();
    if (auto done = file->take(std::as_bytes(std::span{header})); !done) return done;
    std::array<std::uint64_t, 8192> block{};
    for (std::uint64_t left = bytes - header.size(); left > 0;) {
        std::generate(block.begin(), block.end(), std::ref(random));
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, sizeof block));
        if (auto done = file->take(std::as_bytes(std::span{block}).first(count)); !done) return done;
        left -= count;
    }
    if (auto done = file->sync(); !done) return done;
    std::error_code failure;
    fs::rename(unfinished, path, failure);
    if (failure) return Error{Fault::card, path.string() + ": cannot make: " + failure.message()};
    return sync_folder(path.parent_path());
}

}  // namespace

Result<unsigned> begin_session(const Card& card, std::string_view device_id) {
    const unsigned told = session_of_meta(card);
    std::error_code failure;
    fs::remove_all(card.folder / "meta", failure);
    if (failure) return Error{Fault::card, "meta: cannot remove: " + failure.message()};
    if (told != 0) return told;
    unsigned highest = 0;
    const fs::path folder = card.file("LOG") / device_id;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename().string();
        unsigned number = 0;
        const auto [stop, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (name.size() == 8 && wrong == std::errc{} && stop == name.data() + name.size()) {
            highest = std::max(highest, number);
        }
    }
    return highest % highest_number + 1;
}

Result<std::uint64_t> record_log_files(const Card& card, std::string_view device_id, const RecordPlan& plan,
                                       std::chrono::sys_seconds start) {
    constexpr std::uint64_t longest = std::uint64_t{512} * 1000 * 1000;
    if (plan.file_bytes < least_log_bytes || plan.file_bytes > longest) {
        return Error{Fault::configuration, "a log file has 256 bytes to 512 MB"};
    }
    std::mt19937_64 random{std::random_device{}()};
    unsigned session = 0;
    for (std::uint64_t i = 0; i < plan.files; ++i) {
        const auto split = static_cast<unsigned>(i % most_splits) + 1;
        fs::path folder = card.file("LOG") / device_id / eight_digits(session);
        if (split == 1) {
            const auto begun = begin_session(card, device_id);
            if (!begun) return begun.error();
            session = *begun;
            folder = card.file("LOG") / device_id / eight_digits(session);
            std::error_code failure;
            fs::create_directories(folder, failure);
            if (failure) return Error{Fault::card, folder.string() + ": cannot make: " + failure.message()};
        }
        const fs::path path = folder / (eight_digits(split) + '.' + plan.extension);
        const auto written =
            write_log(path, header_of(start + std::chrono::seconds{i}), plan.file_bytes, random);
        if (!written) return written.error();
    }
    return plan.files * plan.file_bytes;
}

}  // namespace sallyport::device
