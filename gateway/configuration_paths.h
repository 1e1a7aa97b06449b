#pragma once

#include "config/configuration_paths.h"

namespace sallyport::gateway {

using config::ConfigurationPaths;

}  // namespace sallyport::gateway
