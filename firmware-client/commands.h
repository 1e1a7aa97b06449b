#pragma once

#include "firmware-client/result.h"
#include "firmware-client/tls_client.h"

#include <filesystem>
#include <optional>
#include <string>

namespace sallyport::device {

struct CommandOptions {
    std::filesystem::path card;
    std::string id;       ///< empty: as the card says
    bool modern = false;  ///< also TLS 1.3
    /// None: the first, and the next after a failed handshake.
    std::optional<CipherGroup> cipher_group;
};

/// The commands of `sallyport-device`. Each prints its own output and errors and returns the exit code:
/// 0 success, 1 the server refused, 2 the card is wrong, 3 network, store or card failed.

/// The start-up steps and the whole log queue, once.
int run_once(const CommandOptions& options);

/// The same for as long as the program runs; SIGTERM or SIGINT ends it with 0.
int run_forever(const CommandOptions& options);

/// Who the device is and what waits.
int print_status(const CommandOptions& options);

}  // namespace sallyport::device
