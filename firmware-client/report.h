#pragma once

#include "firmware-client/store_client.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace sallyport::device {

/// Where one upload stands.
struct UploadProgress {
    std::string name;         ///< of the file on the card
    std::uint64_t index;      ///< 1 = first file of this queue
    std::uint64_t count;      ///< files in the queue
    std::uint64_t bytes;      ///< of this file, sent so far
    std::uint64_t total;      ///< of this file
    double bytes_per_second;  ///< of this file
};

/// Is told what happens.
class Report {
  public:
    virtual ~Report() = default;
    /// The store has confirmed an object.
    virtual void uploaded(const std::string& key, const Receipt& receipt, std::chrono::milliseconds time) = 0;
    /// The store had it already.
    virtual void present(const std::string& key) = 0;
    /// Something came over the air and is in use from the next start on.
    virtual void updated(const std::string& what) = 0;
    virtual void progress(const UploadProgress& progress) = 0;
    /// The server's time was taken.
    virtual void clock_set(std::chrono::seconds jump) = 0;
    /// Something went wrong that stops nothing.
    virtual void trouble(const Error& error) = 0;
};

}  // namespace sallyport::device
