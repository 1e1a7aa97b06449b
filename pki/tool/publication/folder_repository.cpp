#include "pki/tool/publication/folder_repository.h"

#include "pki/file.h"

namespace sallyport::pki {
namespace {

constexpr unsigned public_mode = 0644;

}  // namespace

Result<void> FolderRepository::put(const std::string& name, std::string_view bytes) {
    const auto path = settings_.folder / name;
    auto written = remove_unfinished(path);  // a web server would show them, and they would become more
    if (written) written = replace_file(path, bytes, public_mode);
    if (written) return {};
    return Error{written.error().fault, describe() + ": " + written.error().message +
                                            "; the folder must be there, have room, and let this user write"};
}

Result<std::optional<std::string>> FolderRepository::get(const std::string& name, std::size_t max_bytes) {
    const auto path = settings_.folder / name;
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
        if (std::filesystem::is_directory(settings_.folder, error)) return std::optional<std::string>();
        return Error{Fault::runtime, describe() + ": is no folder; make it, or mend the path"};
    }
    auto read = read_file(path, max_bytes);
    if (!read) return Error{read.error().fault, describe() + ": " + read.error().message};
    return std::optional<std::string>(std::move(*read));
}

}  // namespace sallyport::pki
