// CRLs that are partitioned by distribution point (RFC 5280 5.2.5, 6.3.3 b 2).
#include "pki/distribution_point.h"

#include "tests/support/revocation_lists.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::ask;
using test::Authority;
using test::build;
using test::Built;
using test::bytes;
using test::crl;
using test::List;
using test::now;
using test::octets;
using test::tlv;
using namespace std::chrono_literals;
using Status = RevocationAnswer::Status;
using Subject = RevocationIndex::Subject;
using Words = std::vector<std::string>;

std::string uri(std::string_view text) {
    return tlv(0x86, text);
}

const std::string one = uri("http://crl.test/1");
const std::string two = uri("http://crl.test/2");

std::string partition(const std::string& names) {
    return test::distribution_point_name(names);
}

/// A certificate with this content of a CRLDistributionPoints extension.
CertificatePtr certificate_with(const std::string& points) {
    CertificatePtr certificate = test::authority("d", test::key(0));
    const std::string value = test::sequence({points});
    const std::unique_ptr<ASN1_OCTET_STRING, Releaser<&ASN1_OCTET_STRING_free>> text(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(text.get(), bytes(value).data(), static_cast<int>(value.size()));
    const ExtensionPtr extension(
        X509_EXTENSION_create_by_NID(nullptr, NID_crl_distribution_points, 0, text.get()));
    X509_add_ext(certificate.get(), extension.get(), -1);
    return certificate;
}

std::string point(const std::string& names, const std::string& more = "") {
    return test::sequence({tlv(0xA0, tlv(0xA0, names)), more});
}

struct PointCase {
    const char* name;
    std::string points;
    std::string expected;  ///< GeneralNames that count
};

const PointCase point_cases[] = {
    {"one", point(one), one},
    {"two_names", point(one + two), one + two},
    {"two_points", point(one) + point(two), one + two},
    {"the_same_twice", point(one) + point(one), one},
    {"another_form_of_name", point(tlv(0xA4, test::sequence({}))), tlv(0xA4, test::sequence({}))},
    {"none", "", ""},
    {"for_some_reasons", point(one, tlv(0x81, octets({1, 0x80}))), ""},
    {"of_an_indirect_crl", point(one, tlv(0xA2, tlv(0xA4, test::sequence({})))), ""},
    {"indirect_beside_direct", point(one, tlv(0xA2, "")) + point(two), two},
    {"relative_to_the_issuer", test::sequence({tlv(0xA0, tlv(0xA1, ""))}), ""},
    {"no_sequence", one, ""},
    {"cut", std::string("\x30\x05\xA0"), ""},
};

class DistributionPoints : public testing::TestWithParam<PointCase> {};

TEST_P(DistributionPoints, are_those_that_speak_for_all_reasons) {
    const auto certificate = certificate_with(GetParam().points);
    EXPECT_EQ(distribution_points(*certificate), point_ids(bytes(GetParam().expected)));
}
INSTANTIATE_TEST_SUITE_P(table, DistributionPoints, testing::ValuesIn(point_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DistributionPoints, agree_with_what_openssl_writes) {
    const auto made = test::certificate(
        {.common_name = "d",
         .extensions = {{NID_crl_distribution_points, "URI:http://crl.test/1,URI:http://crl.test/2"}}},
        test::key(0));
    EXPECT_EQ(distribution_points(*made), point_ids(bytes(one + two)));
}

TEST(PointIds, are_bounded) {
    std::string names;
    for (int i = 0; i < 16; ++i)
        names += uri(std::to_string(i));
    EXPECT_EQ(point_ids(bytes(names)).size(), 16U);
    EXPECT_TRUE(point_ids(bytes(names + one)).empty()) << "a certificate with none is refused, not let in";
    EXPECT_TRUE(point_ids(bytes(one).first(5)).empty());
}

TEST(PointText, is_for_people) {
    EXPECT_EQ(point_text(bytes(one + two)), "http://crl.test/1 http://crl.test/2");
    EXPECT_EQ(point_text(bytes(uri("a\n\"b"))), "a?\"b");
    EXPECT_EQ(point_text(bytes(tlv(0xA4, ""))), "1 name(s) that are no URI");
}

struct PartitionCase {
    const char* name;
    std::vector<std::string> crls;  ///< fields of their issuing distribution points; all list serial 7
    std::string certificate;        ///< names of its distribution points
    Status unlisted;                ///< a certificate that none of them lists
};

const PartitionCase partition_cases[] = {
    {"its_own", {partition(one)}, one, Status::good},
    {"another", {partition(one)}, two, Status::crl_scope},
    {"none_named", {partition(one)}, "", Status::crl_scope},
    {"both", {partition(one), partition(two)}, two, Status::good},
    {"one_of_its_two", {partition(two)}, one + two, Status::good},
    {"one_of_the_list's_two", {partition(one + two)}, two, Status::good},
    {"beside_one_for_all", {partition(one), ""}, two, Status::good},
    {"longer_name", {partition(uri("http://crl.test/11"))}, one, Status::crl_scope},
    {"for_authorities_only", {partition(one) + tlv(0x82, octets({0xFF}))}, one, Status::crl_missing},
    {"for_users_only", {partition(one) + tlv(0x81, octets({0xFF}))}, one, Status::good},
};

class Partition : public testing::TestWithParam<PartitionCase> {};

TEST_P(Partition, speaks_about_its_own_certificates) {
    const Authority ca(0);
    std::vector<std::string> crls;
    for (const std::string& fields : GetParam().crls)
        crls.push_back(crl(ca, {.serials = {"\x07"}, .point = fields}));
    const auto index = build({&ca}, crls).index;
    const PointIds points = point_ids(bytes(GetParam().certificate));
    EXPECT_EQ(ask(index, ca, "\x08", now, Subject::user, points), GetParam().unlisted);
    if (GetParam().unlisted != Status::crl_missing) {
        EXPECT_EQ(ask(index, ca, "\x07", now, Subject::user, points), Status::revoked)
            << "whichever partition lists it";
    }
}
INSTANTIATE_TEST_SUITE_P(table, Partition, testing::ValuesIn(partition_cases), [](const auto& row) {
    std::string name = row.param.name;
    std::erase(name, '\'');
    return name;
});

TEST(Partition, ages_for_itself) {
    const Authority ca(0);
    const List expired{.this_update = now - 9h, .next_update = now - 8h, .point = partition(one)};
    const auto index = build({&ca}, {crl(ca, expired), crl(ca, {.point = partition(two)})}).index;
    EXPECT_EQ(ask(index, ca, "\x08", now, Subject::user, point_ids(bytes(one))), Status::crl_expired);
    EXPECT_EQ(ask(index, ca, "\x08", now, Subject::user, point_ids(bytes(two))), Status::good);
    EXPECT_EQ(index.issuers(now).at(0).state, CrlState::closed) << "the worst is what operators see";
}

TEST(Partition, is_replaced_by_its_own_successor_only) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, {.serials = {"\x01"}, .point = partition(one)}),
                                      crl(ca, {.serials = {"\x02"}, .point = partition(two)})})
                            .index;
    const Built after = build({&ca}, {crl(ca, {.number = "\x06", .point = partition(two)})}, &before);
    EXPECT_EQ(after.results, Words{"loaded"});
    EXPECT_EQ(ask(after.index, ca, "\x01"), Status::revoked);
    EXPECT_NE(ask(after.index, ca, "\x02"), Status::revoked);
}

TEST(Partition, takes_a_delta_of_its_own) {
    const Authority ca(0);
    const Built built = build(
        {&ca}, {crl(ca, {.point = partition(one)}), crl(ca, {.point = partition(two)}),
                crl(ca, {.number = "\x06", .serials = {"\x07"}, .point = partition(two), .base = "\x05"})});
    EXPECT_EQ(built.results, (Words{"loaded", "loaded", "loaded"}));
    EXPECT_EQ(ask(built.index, ca, "\x07", now, Subject::user, point_ids(bytes(two))), Status::revoked);
    EXPECT_EQ(built.index.crls().size(), 3U);
}

}  // namespace
}  // namespace sallyport::pki
