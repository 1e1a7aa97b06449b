#include "pki/tool/depot_configuration.h"
#include "tests/fuzz/check.h"

#include <cstdint>
#include <set>

namespace pki = sallyport::pki;
using sallyport::fuzz::check;

namespace {

void check_authority(const pki::AuthorityPlan& plan) {
    check(!plan.name.empty() && plan.name.find_first_of("/.") == plan.name.npos, "names are names of files");
    check(!plan.common_name.empty() && plan.common_name.size() <= 64, "a common name has its bounds");
    check(plan.common_name.find('\0') == plan.common_name.npos, "a common name is text");
    check(plan.lifetime.count() >= 1 && plan.lifetime.count() <= 36500, "lifetimes have their bounds");
    check(plan.crl.refresh_after < plan.crl.lifetime, "a CRL is made anew before it expires");
    check(plan.crl.partitions >= 1 && plan.crl.partitions <= 256, "partitions have their bounds");
    check(plan.issuer.empty() == (plan.role == pki::AuthorityRole::root), "only a root is above all");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto made = pki::parse_configuration(text, "fuzz.yaml");
    if (!made) {
        check(made.error().message.starts_with("fuzz.yaml"), "each fault names its file");
        return 0;
    }
    check(!made->authorities.empty(), "a depot has an authority");
    std::set<std::string> names;
    for (const pki::AuthorityPlan& plan : made->authorities) {
        check_authority(plan);
        check(names.insert(plan.name).second, "each name stands once");
    }
    // Publication and passphrases are not written; the rest is read as it was.
    const auto again = pki::parse_configuration(pki::write_configuration(*made), "again.yaml");
    check(again.has_value() && again->authorities.size() == made->authorities.size(),
          "what is written is read");
    for (std::size_t i = 0; i < made->authorities.size(); ++i) {
        const pki::AuthorityPlan &one = made->authorities[i], &two = again->authorities[i];
        check(one.name == two.name && one.common_name == two.common_name && one.issuer == two.issuer &&
                  one.role == two.role && one.lifetime == two.lifetime && one.algorithm == two.algorithm &&
                  one.key_uri == two.key_uri && one.crl.url == two.crl.url &&
                  one.crl.delta == two.crl.delta && one.crl.lifetime == two.crl.lifetime &&
                  one.crl.partitions == two.crl.partitions,
              "what is written has the same meaning");
    }
    return 0;
}
