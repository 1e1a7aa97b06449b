#pragma once

#include "pki/openssl.h"

#include <cstddef>
#include <string>

namespace sallyport::pki {

/// A read of a socket that brought less has most likely taken all that there was. Behind so many bytes more
/// of a body may have come before these have been worked on.
inline constexpr std::size_t worth_another_look = 4096;

/// Lets `connection` read straight from the non-blocking socket `fd` and gather what it writes at the end of
/// `outgoing`: a handshake flight or several records then leave in one send. Nothing is sent here. A socket
/// without data reads as "try again". Both must outlive `connection`. False when memory is out.
bool use_socket(SSL& connection, int fd, std::string& outgoing);

/// The bytes of the client's hello, as long as nothing was answered: another connection object can begin with
/// them (`replay_hello`). Only a connection that keeps its hello has them.
void keep_hello(SSL& connection);
std::string take_hello(SSL& connection);
void replay_hello(SSL& connection, std::string hello);

/// What becomes of records that `connection` writes: they are gathered, or go to the socket at once, which
/// saves a copy. `send_more` tells the kernel that more follows. A socket that takes nothing then writes as
/// "try again". Gathering is what it begins with; what was gathered must have been sent before anything else
/// is.
enum class Output { gather, send, send_more };
void set_output(SSL& connection, Output output);

/// Has the connection taken all that the socket had since reading was allowed? It asks the socket no more
/// then.
bool is_drained(const SSL& connection);

/// How much of what `allow_reading` allowed has not been read.
std::size_t unread_allowance(const SSL& connection);

/// From here on at most a few kilobytes are gathered; then writing says "try again". For when the handshake
/// is over: what OpenSSL has to say afterwards is little, unless a peer makes it talk (key updates,
/// renegotiations).
void gather_little(SSL& connection);

/// Keeps the buffers of records from one record to the next, as is worth it while something flows, instead of
/// making them anew for each; `free_record_buffers` gives them back. Not while they hold a part of a record.
void keep_record_buffers(SSL& connection);
void free_record_buffers(SSL& connection);

/// Has anything arrived from the socket?
bool has_received(const SSL& connection);

/// Lets the connection read at most so much (0: nothing) from its socket before it says "try again". OpenSSL
/// answers handshake records (key updates, for one) in a loop of its own for as long as they come: without a
/// bound one peer holds a whole thread.
void allow_reading(SSL& connection, std::size_t bytes);

}  // namespace sallyport::pki
