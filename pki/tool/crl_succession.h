#pragma once

#include "pki/crl.h"
#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/tool/index.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// Looks, while a CRL is written, whether it lists all that the ones list which it succeeds in the depot: an
/// index that was damaged or emptied by hand must not turn into a CRL that lets everybody in. Reads the old
/// lists beside the new one, and holds nothing but their bytes.
class CrlSuccession {
  public:
    CrlSuccession(Index& index, const CrlPlan& plan) : index_(index), plan_(plan) {}

    /// Adds a list that the new one succeeds. A file that is no CRL of this issuer, or a delta CRL with
    /// another base than a new delta CRL has, says nothing about the new one and is passed over.
    void after(const std::filesystem::path& file, const X509& issuer);

    /// The new list has this serial. In rising order.
    Result<void> listed(std::string_view serial);

    /// The new list is complete. Error: it lacks what may not leave (see may_depart()).
    Result<void> finish();

  private:
    struct Predecessor {
        std::string path;
        std::string der;
        CrlEntries entries;
        CrlEntry next = {};  ///< the first that was not compared yet
        bool ended = false;
        std::uint64_t missing = 0;
        std::string example = {};  ///< serial of one that is missing

        Predecessor(std::string from, std::string bytes, const CrlView& view)
            : path(std::move(from)), der(std::move(bytes)), entries(view) {}
        Predecessor(const Predecessor&) = delete;  // the entries point into the bytes
        Predecessor& operator=(const Predecessor&) = delete;

        void advance();
    };
    Result<void> note_missing(Predecessor& before);

    Index& index_;
    const CrlPlan& plan_;
    std::vector<std::unique_ptr<Predecessor>> before_;
};

}  // namespace sallyport::pki
