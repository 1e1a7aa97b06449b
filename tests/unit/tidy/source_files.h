#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::tidy {

/// A file of the source tree, read as text.
struct SourceFile {
    std::string path;  ///< relative to the tree, with `/`
    std::string text;

    std::string folder() const { return path.substr(0, path.find_last_of('/')); }
};

/// The files below `folder` with one of these extensions, in the order of their paths.
inline std::vector<SourceFile> files_below(std::string_view folder,
                                           std::initializer_list<std::string_view> extensions) {
    const std::filesystem::path root = SALLYPORT_SOURCE_DIR;
    std::vector<SourceFile> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
        const std::string extension = entry.path().extension().string();
        if (!entry.is_regular_file() || std::ranges::find(extensions, extension) == extensions.end())
            continue;
        std::ifstream stream(entry.path(), std::ios::binary);
        files.push_back({entry.path().lexically_relative(root).generic_string(),
                         {std::istreambuf_iterator<char>(stream), {}}});
    }
    std::ranges::sort(files, {}, &SourceFile::path);
    return files;
}

/// C++ text with comments and the insides of literals blanked out, each line staying where it is. Raw strings
/// count up to their first `)"`.
inline std::string code_of(std::string_view text) {
    std::string code(text);
    const auto blank = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i)
            if (code[i] != '\n') code[i] = ' ';
    };
    const auto end_of = [&](std::string_view what, std::size_t from) {
        const auto at = text.find(what, from);
        return at == text.npos ? text.size() : at + what.size();
    };
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view rest = text.substr(i);
        std::size_t end = i + 1;
        // In 10'000 the ' separates digits.
        const bool separator =
            rest[0] == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0;
        if (rest.starts_with("//")) {
            end = std::min(text.find('\n', i), text.size());
            blank(i, end);
        } else if (rest.starts_with("/*")) {
            end = end_of("*/", i + 2);
            blank(i, end);
        } else if (rest.starts_with("R\"(")) {
            end = end_of(")\"", i);
            blank(i + 3, end - 2);
        } else if ((rest[0] == '"' || rest[0] == '\'') && !separator) {
            while (end < text.size() && text[end] != rest[0] && text[end] != '\n')
                end += text[end] == '\\' ? 2 : 1;
            end = std::min(end + 1, text.size());
            blank(i + 1, end - 1);
        }
        i = end;
    }
    return code;
}

/// 1 for the first line.
inline std::size_t line_of(std::string_view text, std::size_t at) {
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + std::ptrdiff_t(at), '\n'));
}

}  // namespace sallyport::tidy
