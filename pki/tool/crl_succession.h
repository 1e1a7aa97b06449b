#pragma once

#include "pki/crl.h"
#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/tool/index.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// Looks, while a CRL is written, whether it lists all that the ones list in whose place in the depot it
/// comes: an index that was damaged, set back, or emptied by hand must not turn into a CRL that lets
/// everybody in. Reads the old lists beside the new one, and holds nothing but their bytes and what is lost.
class CrlSuccession {
  public:
    CrlSuccession(Index& index, const AuthorityRecord& authority, const CrlPlan& plan)
        : index_(index), authority_(authority), plan_(plan) {}

    /// Adds a list, if there is one. Errors: it has a number that the index has not taken yet, so the index
    /// is older; or it cannot be read, and by its own audit log the index has lost something.
    Result<void> after(const std::filesystem::path& file, const X509& issuer);

    /// The new list has this serial, or leaves it out as expired. In rising order.
    Result<void> listed(std::string_view serial);

    /// The new list is complete.
    Result<void> finish();

    /// What it lacks although it may not leave (see may_depart()).
    const std::vector<FoundRevocation>& lost() const noexcept { return lost_; }
    std::string describe_lost() const;

  private:
    struct Predecessor {
        std::string path;
        std::string der;
        CrlEntries entries;
        CrlEntry next = {};  ///< the first that was not compared yet
        bool ended = false;

        Predecessor(std::string from, std::string bytes, const CrlView& view)
            : path(std::move(from)), der(std::move(bytes)), entries(view) {}
        Predecessor(const Predecessor&) = delete;  // the entries point into the bytes
        Predecessor& operator=(const Predecessor&) = delete;

        void advance();
    };
    std::unique_ptr<Predecessor> read(const std::filesystem::path& file, const X509& issuer,
                                      std::string& number) const;
    Result<void> check_index(const std::filesystem::path& unreadable);
    Result<void> note_missing(const Predecessor& before);

    Index& index_;
    const AuthorityRecord& authority_;
    const CrlPlan& plan_;
    std::vector<std::unique_ptr<Predecessor>> before_;
    std::vector<FoundRevocation> lost_;
    std::string lost_from_;  ///< the file that has the first of them
    bool index_was_checked_ = false;
};

}  // namespace sallyport::pki
