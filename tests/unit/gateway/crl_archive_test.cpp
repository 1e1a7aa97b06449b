#include "gateway/crl_archive.h"

#include "tests/support/revocation_lists.h"
#include "tests/support/temporary_folder.h"

#include <set>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using test::Authority;
using test::crl;
using test::distribution_point_name;
using test::tlv;

/// Everything that can be in force at once has a file of its own.
TEST(CrlArchive, keeps_each_list_apart) {
    const Authority ca(0);
    const Authority other(1, "Other");
    const std::string shared = tlv(0x86, "ldap://ca");
    const auto partition = [&](const std::string& name) {
        return distribution_point_name(shared + tlv(0x86, "http://ca/" + name));
    };
    std::vector<std::string> ders{crl(ca, {}), crl(ca, {.number = "\x06", .base = "\x05"}), crl(other, {}),
                                  crl(ca, {.point = tlv(0x81, "\xFF")}),
                                  crl(ca, {.point = tlv(0x82, "\xFF")})};
    for (const char* name : {"1", "2", "3", "4"})
        ders.push_back(crl(ca, {.point = partition(name)}));
    const auto index = test::build({&ca, &other}, ders).index;
    ASSERT_EQ(index.crls().size(), ders.size());

    const test::TemporaryFolder folder;
    const CrlArchive archive{folder.path()};
    ASSERT_TRUE(archive.prepare());
    for (const pki::CrlFacts* facts : index.crls())
        ASSERT_TRUE(archive.keep(*facts, ders.at(std::stoul(facts->origin))));
    std::vector<std::string> faults;
    std::multiset<std::string> kept;
    for (const auto& one : archive.load(1U << 20U, faults))
        kept.insert(one.der);
    EXPECT_TRUE(faults.empty());
    EXPECT_EQ(kept, std::multiset<std::string>(ders.begin(), ders.end()));
}

}  // namespace
}  // namespace sallyport::gateway
