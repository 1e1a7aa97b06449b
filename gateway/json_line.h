#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// One JSON object (RFC 8259), written member by member into memory of its own: no tree is built for a line
/// of a log. Names must need no escapes, and no name be given twice. Not thread-safe.
///
/// Text may be anything: control characters, those of Unicode that end lines or turn text around (a terminal
/// would obey them) are escaped, and bytes that are not UTF-8 (RFC 3629) become U+FFFD, so that every line is
/// one line of valid JSON.
class JsonLine {
  public:
    JsonLine() { text_.reserve(usual_bytes); }
    JsonLine(const JsonLine&) = delete;
    JsonLine& operator=(const JsonLine&) = delete;

    void add(std::string_view name, std::string_view text);
    void add(std::string_view name, const std::string& text) { add(name, std::string_view(text)); }
    void add(std::string_view name, const char* text) { add(name, std::string_view(text)); }
    void add(std::string_view name, bool flag);
    void add(std::string_view name, double number);  ///< a finite one
    template <std::integral Number>
    void add(std::string_view name, Number number) {
        add_integer(name, static_cast<std::int64_t>(number));
    }
    /// RFC 3339, UTC, to the microsecond.
    void add_time(std::string_view name, std::chrono::system_clock::time_point time);
    /// `object` is JSON already.
    void add_object(std::string_view name, std::string_view object);
    /// To the microsecond.
    void add_milliseconds(std::string_view name, std::chrono::nanoseconds span);

    /// The whole object; call it last. Valid as long as this line.
    std::string_view finish();

  private:
    static constexpr std::size_t usual_bytes = 2000;  ///< a longer line takes memory from the heap

    void begin(std::string_view name);
    void add_integer(std::string_view name, std::int64_t number);

    char memory_[usual_bytes + 48];
    std::pmr::monotonic_buffer_resource resource_{memory_, sizeof memory_};
    std::pmr::string text_{&resource_};
};

}  // namespace sallyport::gateway
