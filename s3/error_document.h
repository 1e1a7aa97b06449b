#pragma once

#include "s3/result.h"

#include <string>
#include <string_view>

namespace sallyport::s3 {

/// The XML body of an S3 error answer. Source: S3 API, "REST Error Responses". Texts are UTF-8.
struct ErrorDocument {
    std::string code;
    std::string message;
    std::string resource;
    std::string request_id;
};

/// The document as bytes, XML-escaped; what XML 1.0 cannot carry (control bytes) becomes `?`.
std::string write_error_document(const ErrorDocument& document);

/// Reads a foreign one: at most 64 KiB, an `Error` element with flat children of which the four above are
/// kept; a missing one is empty, but `Code` must be there. Anything that needs a general XML processor (a
/// document type, comments, CDATA, nested elements, other entities), a repeated child of the four and
/// trailing bytes are malformed. Texts come back without control bytes: they are shown to people.
Result<ErrorDocument> read_error_document(std::string_view body);

}  // namespace sallyport::s3
