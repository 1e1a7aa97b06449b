#pragma once

#include "gateway/rules/bucket_map.h"
#include "s3/xml_texts.h"

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Does a successful answer to this action name buckets or keys in its body?
bool names_objects(std::string_view action) noexcept;

/// How one request's answer must read for its client.
struct ClientNames {
    BucketMapping mapping;
    std::string location;     ///< scheme and authority by which the client reaches us, for Location
    std::string key = {};     ///< that it asked for; not encoded
    bool is_encoded = false;  ///< it asked for keys in percent-encoding
};

/// Puts the client's names in place of the store's into the document of an answer, as it passes by: lists,
/// multipart uploads and multi-object deletes (S3 API, "Response Syntax" of each). A key that is not
/// below the prefix is a fault: the store has answered something else than it was asked.
std::unique_ptr<s3::XmlTexts> answer_for_client(ClientNames names);

}  // namespace sallyport::gateway
