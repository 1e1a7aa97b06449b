#pragma once

#include "s3/result.h"

#include <string>
#include <string_view>

namespace sallyport::s3 {

/// What a request is about, decoded. Without a bucket: the service itself; without a key: the bucket.
struct ObjectAddress {
    std::string bucket;
    std::string key;

    bool operator==(const ObjectAddress&) const = default;
};

/// S3 User Guide, "Bucket naming rules": 3-63 of a-z 0-9 . -, a letter or digit at both ends, no two dots in
/// a row, not an IPv4 address.
bool is_bucket_name(std::string_view name);

/// `/bucket/key` -> bucket and key. `raw_path` is the path of the request target as received, without the
/// query. Ambiguous, because stores and proxies disagree about them: an encoded slash, an empty, `.` or `..`
/// segment (however spelled), a backslash, a control byte, text that is not UTF-8, and an escape that
/// is still an escape after decoding (`%252e`). Keys of more than 1,024 bytes are too large.
Result<ObjectAddress> split_path_style(std::string_view raw_path);

/// What a path in path style is about, to S3 and to others.
struct PathReading {
    ObjectAddress address;
    /// Why some stores read another key, but surely one of the same bucket; empty when all read this one.
    std::string ambiguity = {};
};

/// As `split_path_style`, but takes what readers disagree about without ever leaving the bucket or taking an
/// object for its bucket: empty segments beside others, and escapes that are still escapes after decoding, as
/// long as no number of decodings makes a separator, a dot segment or a control byte of them.
Result<PathReading> read_path_style(std::string_view raw_path);

/// `/key` sent to `bucket.domain[:port]`. `host` is the Host header as received; letter case does not matter.
/// A host that is `domain` itself is path style; any other host is malformed.
Result<ObjectAddress> split_virtual_hosted(std::string_view host, std::string_view domain,
                                           std::string_view raw_path);
/// The same of what `read_path_style` takes.
Result<PathReading> read_virtual_hosted(std::string_view host, std::string_view domain,
                                        std::string_view raw_path);

/// The path of the request target for an address: path style `/bucket/key`, virtual-hosted `/key`.
enum class RequestStyle { path, virtual_hosted };
std::string request_path(const ObjectAddress& address, RequestStyle style);

}  // namespace sallyport::s3
