#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace sallyport::gateway {

inline std::chrono::sys_seconds now_seconds() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// RFC 3339, for people.
inline std::string utc_text(std::chrono::sys_seconds time) {
    const std::time_t count = std::chrono::system_clock::to_time_t(time);
    std::tm broken{};
    gmtime_r(&count, &broken);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &broken);
    return text;
}

}  // namespace sallyport::gateway
