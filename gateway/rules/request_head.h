#pragma once

#include "gateway/rules/reason.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// One header field as received: the name in its own spelling, the value without surrounding white space.
struct HeaderField {
    std::string_view name;
    std::string_view value;
};

/// ASCII only, as field names are (RFC 9110 5.1).
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// A parsed message head; all views point into the buffer that the head was read into.
struct RequestHead {
    std::string_view method;
    std::string_view target;
    unsigned version = 11;  ///< 10 or 11
    std::vector<HeaderField> fields;

    /// The first field of that name, or null.
    const HeaderField* find(std::string_view name) const noexcept;
};

/// How a body is delimited (RFC 9112 6.3).
enum class Framing { none, length, chunked };

/// What of a head concerns the connection rather than S3.
struct Delivery {
    Framing framing = Framing::none;
    std::uint64_t content_length = 0;  ///< when framing is `length`
    bool keep_alive = true;
    bool expects_continue = false;
    std::string_view host;
};

/// The names under which a listener may be addressed; lower case, without port. A `*.` at the beginning
/// stands for one label.
using HostNames = std::vector<std::string>;

/// Refuses every shape of a head that two HTTP readers could take for different requests (RFC 9112 2.2, 3.2,
/// 5.2, 6.3, 11.2): control bytes and bare line ends anywhere in `raw`, folded lines, targets that are
/// not in origin form, a missing, repeated or foreign Host, both or repeated lengths, transfer codings other
/// than one `chunked`, Connection options that name end-to-end fields, Upgrade, and field names whose `_`
/// some stores read as the `-` of a field that matters. `raw` is the head as received with its final empty
/// line; `server_name` is what the client asked for in its TLS handshake, which Host must repeat (RFC 9110
/// 7.4), or empty.
Result<Delivery> judge_head(std::string_view raw, const RequestHead& head, const HostNames& hosts,
                            std::string_view server_name = {});

/// The value of a Content-Length (RFC 9110 8.6), without leading zeros, as it is written to the next hop;
/// nothing when it is anything else or does not fit 64 bits.
std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept;

/// Is this one of the fields that end at the next hop (RFC 9110 7.6.1) or that frame the message?
bool is_hop_by_hop(std::string_view name) noexcept;

}  // namespace sallyport::gateway
