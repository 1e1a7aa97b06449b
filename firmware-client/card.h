#pragma once

#include "firmware-client/result.h"
#include "firmware-client/socket.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::device {

inline constexpr std::size_t max_configuration_bytes = 1024 * 1024;
inline constexpr std::size_t max_device_file_bytes = 64 * 1024;

/// The SD card: a folder that holds the device's whole state.
struct Card {
    std::filesystem::path folder;
    std::string version;  ///< MM.mm: that of the firmware, else the highest that has a configuration

    std::filesystem::path file(std::string_view name) const { return folder / name; }
    /// In the folder of what only this program needs; `prepare_card` makes it.
    std::filesystem::path own_file(std::string_view name) const { return folder / "sallyport" / name; }
    std::string config_name() const { return "config-" + version + ".json"; }
    std::string schema_name() const { return "schema-" + version + ".json"; }
};

/// `wanted`: the MM.mm of the firmware that runs, if it is known; the card has that version when it has a
/// configuration for it. Errors: configuration, when the folder or a `config-MM.mm.json` is missing.
Result<Card> open_card(const std::filesystem::path& folder, std::string_view wanted = {});

/// At power-on: makes the program's own folder and removes files that a power loss left half written. The
/// card must be locked. Errors: card.
Result<void> prepare_card(const Card& card);

/// Held while a program works on the card: two would upload every file twice. Errors: card, when taken.
Result<Descriptor> lock_card(const Card& card);

/// Makes what was renamed or removed in a folder safe from a power loss. Errors: card.
Result<void> sync_folder(const std::filesystem::path& folder);

/// Whether there is anything at `path`, a broken link included.
bool is_present(const std::filesystem::path& path);

/// 8 upper-case hexadecimal digits.
bool is_device_id(std::string_view text);

/// A closed log file, `LOG/<ID>/<session>/<split>.<extension>`.
struct LogFile {
    std::filesystem::path path;
    std::string session;    ///< 8 decimal digits
    std::string split;      ///< 8 decimal digits
    std::string extension;  ///< MF4, MFC, MFE or MFM
    std::uint64_t bytes;

    /// Object key for an upload at `epoch` (Unix seconds): `<ID>/<session>/<split>-<EPOCH>.<extension>`.
    std::string object_key(std::string_view device_id, std::int64_t epoch) const;
};

/// What waits for upload.
struct LogQueue {
    std::vector<LogFile> files;  ///< oldest first, at most the limit that was asked for
    std::uint64_t count = 0;     ///< of all that wait
    std::uint64_t bytes = 0;
    std::uint64_t ignored = 0;  ///< entries in session folders that are no log files
};

/// A card without log files gives an empty queue. Links are ignored. Errors: card.
Result<LogQueue> scan_log_files(const Card& card, std::string_view device_id, std::size_t limit);

}  // namespace sallyport::device
