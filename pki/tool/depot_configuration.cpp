#include "pki/tool/depot_configuration.h"

#include "pki/tool/depot_paths.h"
#include "pki/tool/names.h"

#include <algorithm>
#include <sstream>

namespace sallyport::pki {
namespace {

using config::Faults;
using config::Located;
using config::MapReader;
using std::chrono::days;
using std::chrono::hours;

constexpr days max_lifetime{36500};
constexpr days default_root_lifetime{7300}, default_issuing_lifetime{3650};
constexpr unsigned max_partitions = 256;

days read_days(MapReader& map, days otherwise) {
    constexpr std::uint64_t most = static_cast<std::uint64_t>(max_lifetime.count());
    return days{map.integer("days", static_cast<std::uint64_t>(otherwise.count()), 1, most)};
}

hours read_hours(MapReader& map, std::string_view key, hours otherwise) {
    return std::chrono::duration_cast<hours>(map.duration(key, otherwise, hours{1}, days{3650}));
}

KeyAlgorithm read_algorithm(MapReader& map, std::string_view key) {
    using enum KeyAlgorithm;
    return map.choice(key, rsa_2048,
                      {{to_string(rsa_2048), rsa_2048},
                       {to_string(rsa_3072), rsa_3072},
                       {to_string(rsa_4096), rsa_4096},
                       {to_string(p256), p256}});
}

std::string without_slash(std::string url) {
    while (url.ends_with('/'))
        url.pop_back();
    return url;
}

/// A root revokes seldom, and its key is best kept where no timer reaches it.
CrlSettings default_crl(AuthorityRole role) {
    if (role == AuthorityRole::root) return {.lifetime = days{90}, .refresh_after = days{30}};
    return {};
}

CrlSettings read_crl(MapReader& authority, AuthorityRole role) {
    CrlSettings settings = default_crl(role);
    auto map = authority.map("crl");
    if (!map) return settings;
    settings.lifetime = read_hours(*map, "lifetime", settings.lifetime);
    settings.refresh_after =
        read_hours(*map, "refresh_after", std::min(settings.refresh_after, settings.lifetime / 2));
    if (settings.refresh_after >= settings.lifetime)
        map->fault("refresh_after: must be shorter than lifetime, or the old CRL expires before the new one");
    if (const auto url = map->string("url")) {
        if (!is_crl_url(url->text))
            map->fault(url->mark, "url: must be an http or https URL of a folder, without query or fragment");
        settings.url = without_slash(url->text);
    }
    settings.partitions = static_cast<unsigned>(map->integer("partitions", 1, 1, max_partitions));
    settings.delta = map->boolean("delta", false);
    if (settings.partitions > 1 && settings.url.empty())
        map->fault("partitions: need a url; it tells the partitions apart (RFC 5280 5.2.5)");
    map->finish();
    return settings;
}

void read_key(MapReader& authority, AuthorityPlan& plan) {
    auto map = authority.map("key");
    if (!map) return;
    plan.algorithm = read_algorithm(*map, "algorithm");
    if (const auto uri = map->string("uri")) {
        const auto reference = KeyReference::parse(uri->text);
        if (!reference) {
            map->fault(uri->mark, "uri: " + reference.error().message);
        } else if (!reference->in_token()) {
            map->fault(uri->mark, "uri: only pkcs11: URIs (RFC 7512); without a uri the key is a file");
        }
        plan.key_uri = uri->text;
        plan.key_exists = map->boolean("exists", false);
    }
    if (const auto text = map->string("passphrase")) {
        auto source = PassphraseSource::parse(text->text);
        if (source) {
            plan.passphrase = std::move(*source);
        } else {
            map->fault(text->mark, "passphrase: " + source.error().message);
        }
    }
    map->finish();
}

AuthorityPlan read_authority(MapReader& map, const std::string& organization) {
    AuthorityPlan plan;
    const Located name = map.required_string("name");
    plan.name = name.text;
    if (!is_authority_name(plan.name) || plan.name == "elsewhere")
        map.fault(name.mark, "name: 1 to 40 lower-case letters, digits and hyphens, beginning with a letter");
    if (const auto issuer = map.string("issuer")) plan.issuer = issuer->text;
    using enum AuthorityRole;
    plan.role = map.choice(
        "issues", root,
        {{to_string(devices), devices}, {to_string(servers), servers}, {to_string(operators), operators}});
    if (plan.issuer.empty() != (plan.role == root)) {
        map.fault(plan.issuer.empty() ? "issuer: an authority that issues certificates needs a root above it"
                                      : "issues: say what it issues: devices, servers or operators");
    }
    const auto common_name = map.string("common_name");
    plan.common_name = common_name ? common_name->text : organization + " " + plan.name;
    if (!is_common_name(plan.common_name)) map.fault("common_name: must be 1 to 64 printable characters");
    plan.lifetime = read_days(map, plan.role == root ? default_root_lifetime : default_issuing_lifetime);
    read_key(map, plan);
    plan.crl = read_crl(map, plan.role);
    map.finish();
    return plan;
}

LeafSettings read_leaf(MapReader& map, std::string_view key, LeafSettings settings) {
    auto leaf = map.map(key);
    if (!leaf) return settings;
    settings.lifetime = read_days(*leaf, settings.lifetime);
    settings.algorithm = read_algorithm(*leaf, "key");
    if (key == "devices" && settings.algorithm == KeyAlgorithm::p256)
        leaf->fault("key: devices know RSA only");
    leaf->finish();
    return settings;
}

void check_hierarchy(MapReader& map, const std::vector<AuthorityPlan>& authorities) {
    for (auto plan = authorities.begin(); plan != authorities.end(); ++plan) {
        const auto same_name = [&](const AuthorityPlan& other) { return other.name == plan->name; };
        if (std::find_if(authorities.begin(), plan, same_name) != plan)
            map.fault("authorities: '" + plan->name + "' stands twice");
        if (plan->issuer.empty() || plan->issued_elsewhere()) continue;
        const auto issuer = std::find_if(authorities.begin(), plan, [&](const AuthorityPlan& other) {
            return other.name == plan->issuer;
        });
        if (issuer == plan || issuer->role != AuthorityRole::root)
            map.fault("authorities: '" + plan->name + "': its issuer '" + plan->issuer +
                      "' is no root that stands before it");
    }
}

void write_crl(std::ostream& out, const CrlSettings& crl) {
    out << "    crl: {lifetime: " << crl.lifetime.count() << "h, refresh_after: " << crl.refresh_after.count()
        << "h";
    if (!crl.url.empty()) out << ", url: '" << crl.url << "'";
    if (crl.partitions > 1) out << ", partitions: " << crl.partitions;
    if (crl.delta) out << ", delta: true";
    out << "}\n";
}

/// A scalar in single quotes, in which YAML knows no escape but the doubled quote.
std::string yaml_scalar(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

}  // namespace

std::string distribution_url(const CrlSettings& settings, const AuthorityRecord& issuer,
                             std::string_view serial) {
    if (settings.url.empty()) return {};
    const CrlScopeId scope{issuer.name, partition_of(serial, issuer.partitions)};
    return settings.url + "/" + crl_name(scope, issuer.partitions, CrlForm::complete) + ".crl";
}

const AuthorityPlan* DepotConfiguration::find(std::string_view name) const noexcept {
    const auto found = std::ranges::find(authorities, name, &AuthorityPlan::name);
    return found == authorities.end() ? nullptr : &*found;
}

DepotConfiguration default_configuration(std::string organization, std::string crl_url, days root_lifetime) {
    DepotConfiguration made;
    const auto crl = [url = without_slash(std::move(crl_url))](AuthorityRole role) {
        CrlSettings settings = default_crl(role);
        settings.url = url;
        return settings;
    };
    const auto below_root = std::min(root_lifetime, default_issuing_lifetime);
    const auto issuing = [&](const char* name, AuthorityRole role, const char* title) {
        return AuthorityPlan{.name = name,
                             .role = role,
                             .issuer = "root",
                             .common_name = organization + title,
                             .lifetime = below_root,
                             .crl = crl(role)};
    };
    made.authorities = {AuthorityPlan{.name = "root",
                                      .common_name = organization + " Root CA",
                                      .lifetime = root_lifetime,
                                      .crl = crl(AuthorityRole::root)},
                        issuing("device-ca", AuthorityRole::devices, " Device CA"),
                        issuing("server-ca", AuthorityRole::servers, " Server CA")};
    made.organization = std::move(organization);
    return made;
}

DepotConfiguration importing_configuration(std::string organization, std::string crl_url) {
    DepotConfiguration made;
    made.authorities = {AuthorityPlan{.name = "device-ca",
                                      .role = AuthorityRole::devices,
                                      .issuer = "elsewhere",
                                      .common_name = organization + " Device CA",
                                      .lifetime = default_issuing_lifetime,
                                      .crl = CrlSettings{.url = without_slash(std::move(crl_url))}}};
    made.organization = std::move(organization);
    return made;
}

Result<DepotConfiguration> parse_configuration(const std::string& text, const std::filesystem::path& file) {
    Faults faults(file.string());
    DepotConfiguration made;
    if (const auto node = config::parse_yaml(text, faults)) {
        MapReader map(*node, "", faults);
        const Located organization = map.required_string("organization");
        made.organization = organization.text;
        if (!is_organization(made.organization))
            map.fault(organization.mark, "organization: must be 1 to 50 printable characters");
        for (MapReader& authority : map.maps("authorities"))
            made.authorities.push_back(read_authority(authority, made.organization));
        if (made.authorities.empty()) map.fault("authorities: name at least one");
        check_hierarchy(map, made.authorities);
        made.devices = read_leaf(map, "devices", made.devices);
        made.servers = read_leaf(map, "servers", made.servers);
        made.operators = read_leaf(map, "operators", made.operators);
        if (auto revoke = map.map("revoke")) {
            made.ask_above_percent = static_cast<unsigned>(revoke->integer("ask_above_percent", 5, 0, 100));
            revoke->finish();
        }
        // A place that cannot be reached must not stand in the way of a revocation.
        made.publication = read_publication(map, config::ConfigurationPaths(file, config::Absence::allowed));
        for (const PublicationPlace& place : made.publication.places) {
            for (const std::string& name : place.authorities) {
                if (made.find(name) == nullptr)
                    map.fault("publish: authorities: there is no authority '" + name + "'");
            }
        }
        map.finish();
    }
    if (faults.empty()) return made;
    std::string message;
    for (const std::string& fault : faults.messages())
        message += (message.empty() ? "" : "\n") + fault;
    return Error{Fault::input, message};
}

std::string write_configuration(const DepotConfiguration& made) {
    std::ostringstream out;
    out << "# What this depot's authorities are like. config/depot.example.yaml of the distribution "
           "explains\n"
           "# each key, among them where CRLs are published and which gateways must enforce them.\n"
        << "organization: " << yaml_scalar(made.organization) << "\nauthorities:\n";
    for (const AuthorityPlan& plan : made.authorities) {
        out << "  - name: " << plan.name << "\n    common_name: " << yaml_scalar(plan.common_name) << "\n";
        if (plan.role != AuthorityRole::root)
            out << "    issuer: " << plan.issuer << "\n    issues: " << to_string(plan.role) << "\n";
        out << "    days: " << plan.lifetime.count()
            << "\n    key: {algorithm: " << to_string(plan.algorithm);
        if (!plan.key_uri.empty()) out << ", uri: " << yaml_scalar(plan.key_uri);
        out << "}\n";
        write_crl(out, plan.crl);
    }
    return out.str();
}

}  // namespace sallyport::pki
