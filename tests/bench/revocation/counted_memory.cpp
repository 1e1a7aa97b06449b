#include "tests/bench/revocation/counted_memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

// One thread measures: no atomics that would cost time.
std::size_t in_use = 0;
std::size_t peak = 0;

}  // namespace

void* operator new(std::size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    in_use += malloc_usable_size(memory);
    peak = std::max(peak, in_use);
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr) in_use -= malloc_usable_size(memory);
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace sallyport::bench {

std::size_t bytes_in_use() noexcept {
    return in_use;
}

std::size_t peak_bytes() noexcept {
    return peak;
}

void forget_peak() noexcept {
    peak = in_use;
}

}  // namespace sallyport::bench
