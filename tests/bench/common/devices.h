#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::bench {

/// A device as the servers see it: a certificate that nobody else has.
struct Device {
    std::string id;
    pki::CertificatePtr certificate;

    /// The head of a request for one of its own objects, as a device writes it. With `body_bytes` it
    /// announces a body, else it has none. Nobody looks at the signature: the store is none.
    std::string request(std::string_view method, std::string_view object, std::uint64_t body_bytes = 0) const;
};

/// Many devices of one CA. They share a key: the servers see certificates only, and keys take long to make.
struct Fleet {
    pki::CertificatePtr authority;
    pki::CertificateStackPtr chain;  ///< what a device sends beside its certificate: that of `authority`
    pki::KeyPtr key;
    std::vector<Device> devices;
};

struct FleetFiles {
    std::string authority;
    std::string authority_key;
    std::string device_key;
};

/// Issues `count` certificates; the ids are hexadecimal numbers from `first` on.
pki::Result<Fleet> make_fleet(const FleetFiles& files, std::size_t count, std::size_t first);

}  // namespace sallyport::bench
