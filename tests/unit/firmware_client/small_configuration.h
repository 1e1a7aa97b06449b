#pragma once

#include <string_view>

namespace sallyport::device {

/// What a device needs at least to know where its store is.
inline constexpr std::string_view small_configuration = R"({"general": {"device": {}, "security": {}},
  "connect": {"s3": {"sync": {"ota": 600, "heartbeat": 300, "logfiles": 1},
    "server": {"endpoint": "http://127.0.0.1", "port": 9000, "bucket": "fleet", "region": "",
      "request_style": 0, "accesskey": "AKID", "keyformat": 0, "secretkey": "s", "signed_payload": 0}}}})";

}  // namespace sallyport::device
