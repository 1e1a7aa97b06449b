#include "pki/secret_text.h"

#include "pki/file.h"

#include <cstdlib>
#include <utility>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_file_bytes = 64U << 20U;

Error missing(std::string what) {
    return {Fault::input, std::move(what)};
}

}  // namespace

Result<std::string> whole_lines(Result<std::string> text, const std::filesystem::path& file) {
    if (!text || text->empty() || text->ends_with('\n')) return text;
    wipe(*text);
    return missing(file.string() + ": does not end with a line feed: is it whole?");
}

Result<std::string> environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return missing("the environment has no " + name);
    return std::string(value);
}

Result<std::string> read_secret_text(const std::filesystem::path& file) {
    return whole_lines(read_secret_file(file, max_file_bytes), file);
}

Result<std::string> systemd_credential(const std::string& name) {
    // systemd.exec(5): the folder is for this service alone.
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) return missing("CREDENTIALS_DIRECTORY is not set: no credentials of systemd");
    return read_file(std::filesystem::path(folder) / name, max_file_bytes);
}

}  // namespace sallyport::pki
