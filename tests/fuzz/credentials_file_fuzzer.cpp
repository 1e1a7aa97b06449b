#include "s3/credentials_file.h"
#include "tests/fuzz/check.h"

#include <cstdint>
#include <string>

using namespace sallyport::s3;
using sallyport::fuzz::check;

namespace {

/// Stands in the file wherever the fuzzer writes a `$`; no text of ours has it.
constexpr std::string_view secret = "Q7+hidden/Q7";

std::string with(std::string_view text, char from, std::string_view to) {
    std::string made;
    for (const char c : text)
        made += c == from ? std::string(to) : std::string(1, c);
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    const std::string text = with({reinterpret_cast<const char*>(data), size}, '$', secret);
    const auto read = parse_credentials_file(text, "default");
    const auto with_crlf = parse_credentials_file(with(text, '\n', "\r\n"), "default");
    check(read.has_value() == with_crlf.has_value(), "line ends change nothing");
    if (!read) {
        check(read.error().message.find(secret) == std::string::npos, "an error tells no secret");
        check(read.error().message == with_crlf.error().message, "line ends change no error");
        return 0;
    }
    for (const std::string_view part : {std::string_view(read->access_key.text()), read->secret_key.reveal(),
                                        std::string_view(read->session_token)})
        check(text.find(part) != text.npos, "what was read stands in the file");
    check(text.find("[") != text.npos && text.find("default") != text.npos, "its profile is there");
    check(read->secret_key.reveal() == with_crlf->secret_key.reveal(), "line ends change no secret");
    return 0;
}
