#pragma once

#include "gateway/device_inventory.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// What is asked of `/status?view=...` about devices.
struct InventoryQuestion {
    enum class View { devices, shadow };
    enum class Format { json, csv };
    View view = View::devices;
    Format format = Format::json;
    std::string after = {};                           ///< only devices whose ids come after this one
    std::optional<std::size_t> limit = std::nullopt;  ///< at most so many of them; at least 1
    std::chrono::sys_seconds since{};                 ///< only those about whom something changed since then
};

/// Its answer, written piece by piece: a list of all devices takes neither memory for all of them, nor a
/// thread for longer than a moment.
///
/// `devices` says which device agreed on what, what it used, and what it was refused; `shadow` what mode high
/// would say to each device of a listener in shadow mode. CSV is RFC 4180, with a header, for devices only;
/// a cell that a spreadsheet would take for a formula begins with an apostrophe.
class InventoryView {
  public:
    /// `inventory` must outlive this.
    InventoryView(const DeviceInventory& inventory, InventoryQuestion question, std::chrono::sys_seconds now);

    /// The next piece; empty at the end.
    std::string next();

  private:
    enum class Stage { begin, rows, ended };
    std::string rows();
    std::string end();

    const DeviceInventory* inventory_;
    InventoryQuestion question_;
    std::chrono::sys_seconds now_;
    Stage stage_ = Stage::begin;
    bool is_first_ = true;
    bool is_cut_ = false;  ///< by the limit: there may be more
    std::size_t given_ = 0;
};

/// All of its pieces.
std::string whole(InventoryView view);

}  // namespace sallyport::gateway
