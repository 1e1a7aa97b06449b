#pragma once

#include "gateway/admin_settings.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct AdminAnswer {
    unsigned status = 0;
    std::string body;
};

enum class ShowToken { no, yes };

/// Asks the admin listener of a gateway that runs with this configuration for `target`, such as "/readyz".
/// With TLS the listener must show the very certificate of the configuration; names and dates do not matter
/// then. `patience` is for each step: to connect, to shake hands, to send, to receive. Throws
/// std::runtime_error when what the configuration names cannot be read, when no gateway answers there, when
/// it is another one, or when it answers with more than `max_bytes`.
AdminAnswer ask_admin(const AdminSettings& admin, std::string_view target, ShowToken token,
                      std::uint64_t max_bytes, std::chrono::seconds patience);

}  // namespace sallyport::gateway
