#include "gateway/authority_settings.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

using config::MapReader;

constexpr std::string_view id_variable = "{id}";

IdentityRule read_identity(MapReader& map, IdentityRule rule) {
    if (const auto uri = map.string("san_uri")) {
        if (!uri->text.ends_with(id_variable)) map.fault(uri->mark, "san_uri: must end with {id}");
        rule.san_uri_prefix =
            uri->text.substr(0, uri->text.size() - std::min(id_variable.size(), uri->text.size()));
    }
    rule.common_name = map.boolean("common_name", rule.common_name);
    if (const auto pattern = map.string("pattern")) {
        rule.pattern = pattern->text;
        try {
            const Identification checked(rule);
        } catch (const std::regex_error&) {
            map.fault(pattern->mark, "pattern: '" + pattern->text + "' is not a regular expression");
        }
    }
    map.finish();
    return rule;
}

}  // namespace

IdentityRule default_operator_identity() {
    return {.san_uri_prefix = "", .common_name = true, .pattern = "[A-Za-z0-9][A-Za-z0-9._-]*"};
}

ClientAuthoritySettings read_authority(MapReader& map, const ConfigurationPaths& paths,
                                       IdentityRule identity) {
    ClientAuthoritySettings settings;
    settings.identity = std::move(identity);
    if (!map.has("trust")) map.fault("'trust' is missing: the CA certificates that issue these certificates");
    settings.trust = paths.existing_files(map, "trust");
    settings.intermediates = paths.existing_files(map, "intermediates");
    if (auto rule = map.map("identity")) settings.identity = read_identity(*rule, settings.identity);
    settings.allow_missing_extended_key_usage =
        map.choice<bool>("extended_key_usage", false, {{"required", false}, {"optional", true}});
    map.finish();
    return settings;
}

}  // namespace sallyport::gateway
