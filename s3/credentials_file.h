#pragma once

#include "s3/credentials.h"
#include "s3/result.h"

#include <string>
#include <string_view>

namespace sallyport::s3 {

/// What requests to a store are signed with.
struct StoreCredentials {
    AccessKey access_key;
    SecretKey secret_key;
    std::string session_token = {};  ///< of temporary credentials; empty: none
};

/// The three parts as texts; an empty token is none.
Result<StoreCredentials> make_store_credentials(std::string_view access_key, std::string_view secret_key,
                                                std::string_view session_token);

/// Reads one profile of a shared credentials file (AWS SDKs and Tools Reference Guide, "Shared config and
/// credentials files"): sections `[name]`, lines `name = value`, comments that begin with `#` or `;`. Other
/// settings than the three of static credentials are passed over. Errors name the line, never a secret. The
/// caller still owns, and should wipe, the text.
Result<StoreCredentials> parse_credentials_file(std::string_view text, std::string_view profile);

}  // namespace sallyport::s3
