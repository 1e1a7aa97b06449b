#pragma once

#include <cstddef>

/// What C++ allocates, counted: the program's operator new is replaced (not what OpenSSL takes by itself).
namespace sallyport::bench {

/// Bytes in use now, as the allocator rounds them.
std::size_t bytes_in_use() noexcept;

/// The most since the last call of `forget_peak`.
std::size_t peak_bytes() noexcept;
void forget_peak() noexcept;

}  // namespace sallyport::bench
