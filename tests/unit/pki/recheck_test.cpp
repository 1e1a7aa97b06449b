#include "pki/chain_verifier.h"
#include "pki/revocation_index_builder.h"
#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::bytes;
using test::now;
using namespace std::chrono_literals;

/// A device below an issuing CA (key 1) below a root (key 0), and what their CRLs say of it.
struct RecheckCase {
    const char* name;
    std::string device = "\x21";
    std::string issuing = "\x11";
    RevocationRequirement requirement = RevocationRequirement::chain;
    std::chrono::seconds after = 0s;
    bool issuing_has_crl = true;
    bool root_has_crl = true;
    std::chrono::seconds anchor_ends_after = 1000h;
    std::string_view refusal = "";  ///< empty: still let in
};

constexpr auto leaf_only = RevocationRequirement::leaf;
/// Both CRLs list these.
const std::string revoked_device = "\x22";
const std::string revoked_issuing = "\x12";

const RecheckCase recheck_cases[] = {
    {.name = "good"},
    {.name = "device_revoked", .device = revoked_device, .refusal = "revoked"},
    {.name = "device_has_the_serial_of_a_revoked_authority", .device = revoked_issuing},
    {.name = "authority_revoked", .issuing = revoked_issuing, .refusal = "revoked"},
    {.name = "authority_revoked_leaf_only", .issuing = revoked_issuing, .requirement = leaf_only},
    {.name = "device_revoked_leaf_only",
     .device = revoked_device,
     .requirement = leaf_only,
     .refusal = "revoked"},
    {.name = "no_crl_of_the_issuer", .issuing_has_crl = false, .refusal = "crl_missing"},
    {.name = "no_crl_of_the_root", .root_has_crl = false, .refusal = "crl_missing"},
    {.name = "no_crl_of_the_root_leaf_only", .requirement = leaf_only, .root_has_crl = false},
    {.name = "last_second_of_grace", .after = 2h},
    {.name = "behind_the_grace", .after = 2h + 1s, .refusal = "crl_expired"},
    {.name = "revoked_behind_the_grace", .device = revoked_device, .after = 3h, .refusal = "revoked"},
    {.name = "before_it_was_valid", .after = -10h - 1s, .refusal = "not_yet_valid"},
    {.name = "last_second_of_the_device", .after = 20h, .refusal = "crl_expired"},
    {.name = "device_expired", .after = 20h + 1s, .refusal = "expired"},
    {.name = "last_second_of_the_anchor", .after = 1h, .anchor_ends_after = 1h},
    {.name = "anchor_expired", .after = 1h + 1s, .anchor_ends_after = 1h, .refusal = "expired"},
    {.name = "expired_outweighs_revoked", .device = revoked_device, .after = 20h + 1s, .refusal = "expired"},
};

class Recheck : public testing::TestWithParam<RecheckCase> {};

TEST_P(Recheck, sees_dates_and_revocation_of_each_link) {
    const RecheckCase& row = GetParam();
    const CertificatePtr root = test::authority("Root", test::key(0));
    const CertificatePtr issuing = test::authority("Issuing CA", test::key(1));
    RevocationIndexBuilder builder({root.get(), issuing.get()}, {.grace = 1h}, nullptr);
    const auto publish = [&](const X509& authority, EVP_PKEY& key, const std::string& serial) {
        test::CrlDraft draft;
        draft.issuer = test::name_der(authority);
        draft.this_update = test::generalized_time(test::time_text(now - 24h));
        draft.next_update = test::generalized_time(test::time_text(now + 1h));
        draft.entries = {test::crl_entry(serial, {test::reason_code(1)})};
        ASSERT_TRUE(builder.add("a.crl", bytes(draft.signed_by(key))));
    };
    if (row.issuing_has_crl) publish(*issuing, test::key(1), revoked_device);
    if (row.root_has_crl) publish(*root, test::key(0), revoked_issuing);
    const RevocationIndex index = builder.finish().index;

    const VerifiedPath path = {{{issuer_id(*issuing), row.device, now - 10h, now + 20h},
                                {issuer_id(*root), row.issuing, now - 100h, now + 100h}},
                               now + row.anchor_ends_after};
    const auto refusal = recheck(path, index, row.requirement, now + row.after);
    ASSERT_EQ(refusal ? to_string(refusal->reason) : "", row.refusal);
    if (refusal) {
        EXPECT_NE(refusal->detail, "");
    }
}
INSTANTIATE_TEST_SUITE_P(table, Recheck, testing::ValuesIn(recheck_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Recheck, tells_the_log_which_list_revoked_whom) {
    const CertificatePtr ca = test::authority("Issuing CA", test::key(1));
    RevocationIndexBuilder builder({ca.get()}, {}, nullptr);
    test::CrlDraft draft;
    draft.issuer = test::name_der(*ca);
    draft.entries = {test::crl_entry(revoked_device, {test::reason_code(1)})};
    ASSERT_TRUE(builder.add("a.crl", bytes(draft.signed_by(test::key(1)))));
    const VerifiedPath path = {{{issuer_id(*ca), revoked_device, now - 1h, now + 1h}}};
    const auto refusal = recheck(path, builder.finish().index, leaf_only, now);
    ASSERT_TRUE(refusal);
    EXPECT_THAT(refusal->detail,
                testing::AllOf(testing::HasSubstr("serial 22"), testing::HasSubstr("keyCompromise"),
                               testing::HasSubstr("CRL number 5 of CN=Issuing CA")));
}

}  // namespace
}  // namespace sallyport::pki
