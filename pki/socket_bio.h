#pragma once

#include "pki/openssl.h"

#include <string>

namespace sallyport::pki {

/// Lets `connection` read straight from the non-blocking socket `fd` and gather what it writes at the end of
/// `outgoing`: a handshake flight or several records then leave in one send. Nothing is sent here. A socket
/// without data reads as "try again". Both must outlive `connection`. False when memory is out.
bool use_socket(SSL& connection, int fd, std::string& outgoing);

/// The bytes of the client's hello, as long as nothing was answered: another connection object can begin with
/// them (`replay_hello`). Only a connection that keeps its hello has them.
void keep_hello(SSL& connection);
std::string take_hello(SSL& connection);
void replay_hello(SSL& connection, std::string hello);

/// Has anything arrived from the socket?
bool has_received(const SSL& connection);

/// Lets the connection read at most so much from its socket before it says "try again". OpenSSL answers
/// handshake records (key updates, for one) in a loop of its own for as long as they come: without a bound
/// one peer holds a whole thread.
void allow_reading(SSL& connection, std::size_t bytes);

}  // namespace sallyport::pki
