#pragma once

#include "config/yaml_reader.h"
#include "gateway/rules/policy.h"

#include <functional>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// What rules may name.
struct PolicyNames {
    std::vector<std::string> listeners;
    std::function<bool(std::string_view)> is_device;  ///< could this be an id?
};

/// The section 'authorization' as rules, built-in policies and lists of patterns spelled out.
Policy read_policy(config::MapReader& root, const PolicyNames& names);

}  // namespace sallyport::gateway
