#pragma once

#include "gateway/settings.h"

#include <filesystem>
#include <vector>

namespace sallyport::gateway {

/// The configuration and every file and folder that it names: what a reload reads.
std::vector<std::filesystem::path> watched_paths(const Settings& settings);

}  // namespace sallyport::gateway
