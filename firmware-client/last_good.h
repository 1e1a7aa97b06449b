#pragma once

#include "firmware-client/card.h"
#include "firmware-client/result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::device {

/// Files that a device cannot do without, in the last state in which it could use them. A card file that was
/// cut off or overwritten with nonsense is reported, and the copy used instead.
class LastGood {
  public:
    explicit LastGood(const Card& card) : card_(card) {}

    /// Why a text cannot be used.
    using Check = std::function<Result<void>(std::string_view)>;

    /// The card's file, or else its copy, at most `max_bytes`, that passes `check`. Without a usable copy the
    /// error is that of the card's file. A file with `not_configured` is no accident: its copy is not used.
    Result<std::string> read(const std::string& name, std::size_t max_bytes, const Check& check);

    /// Copies the files that were read and sound. Errors: card.
    Result<void> keep() const;

    /// Adds to `faults` what is wrong with a file that the device can do without.
    void report(Error fault) { faults_.push_back(std::move(fault)); }

    /// What was wrong with files whose copies are used, or that are not used.
    const std::vector<Error>& faults() const { return faults_; }

  private:
    struct Sound {
        std::string name;
        std::string bytes;
    };
    const Card& card_;
    std::vector<Sound> sound_;
    std::vector<Error> faults_;
};

}  // namespace sallyport::device
