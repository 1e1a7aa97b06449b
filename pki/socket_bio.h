#pragma once

#include "pki/openssl.h"

#include <string>

namespace sallyport::pki {

/// Lets `connection` read straight from the non-blocking socket `fd` and gather what it writes at the end of
/// `outgoing`: a handshake flight or several records then leave in one send. Nothing is sent here. A socket
/// without data reads as "try again". Both must outlive `connection`. False when memory is out.
bool use_socket(SSL& connection, int fd, std::string& outgoing);

}  // namespace sallyport::pki
