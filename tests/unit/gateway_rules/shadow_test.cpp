#include "gateway/rules/shadow.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

// ---- the ramp ---------------------------------------------------------------------------------------

TEST(Ramp, position_is_that_of_the_documentation) {
    // printf %s A1B2C3D4 | sha256sum | cut -c1-8, modulo 100
    EXPECT_EQ(ramp_position("A1B2C3D4"), 0x76b9579aU % 100);
}

TEST(Ramp, grows_without_letting_anybody_go) {
    for (unsigned id = 0; id < 200; ++id) {
        const std::string device = "D" + std::to_string(id);
        bool included = false;
        for (unsigned percent = 0; percent <= 100; ++percent) {
            const bool now = Ramp{percent, {}}.includes(device);
            EXPECT_TRUE(now || !included) << device << " at " << percent;
            included = now;
        }
        EXPECT_TRUE(included) << "100 is everybody";
        EXPECT_FALSE((Ramp{0, {}}.includes(device))) << "0 is nobody";
    }
}

TEST(Ramp, has_about_its_share) {
    unsigned included = 0;
    for (unsigned id = 0; id < 10'000; ++id)
        included += Ramp{30, {}}.includes("D" + std::to_string(id));
    EXPECT_NEAR(included, 3000, 200);
}

TEST(Ramp, includes_those_named) {
    const Ramp ramp{0, {"A1", "B2"}};
    EXPECT_TRUE(ramp.includes("B2"));
    EXPECT_FALSE(ramp.includes("B"));
    EXPECT_FALSE(ramp.includes(""));
    EXPECT_FALSE((Ramp{100, {}}.includes(""))) << "nobody is no device";
}

// ---- verdicts ---------------------------------------------------------------------------------------

const Policy policy{
    {{{"PutObject"}, "fleet/{device}/*"}, {{"PutObject"}, "fleet/*", ClientKind::credentials}}};
const pki::ChainRefusal revoked{pki::Refusal::revoked, "serial 1"};
const pki::ChainRefusal none{pki::Refusal::no_certificate, ""};
const Ramp a1_is_enforced{0, {"A1"}};

struct ShadowCase {
    const char* name;
    std::optional<pki::ChainRefusal> refusal;
    const char* proven;
    const char* claimed;
    const char* action;
    const char* key;
    const char* under_high;  ///< reason; empty = allowed
    bool enforced;
    const char* now;
};
const ShadowCase shadow_cases[] = {
    {"good_outside", {}, "B2", "B2", "PutObject", "B2/x", "", false, ""},
    {"good_inside", {}, "A1", "A1", "PutObject", "A1/x", "", true, ""},
    {"revoked_outside", revoked, "B2", "B2", "PutObject", "B2/x", "revoked", false, ""},
    {"revoked_inside", revoked, "A1", "A1", "PutObject", "A1/x", "revoked", true, "revoked"},
    {"no_certificate_outside", none, "", "B2", "PutObject", "B2/x", "no_certificate", false, ""},
    {"no_certificate_inside", none, "", "A1", "PutObject", "A1/x", "no_certificate", true, "no_certificate"},
    {"stranger_touches_what_is_inside",
     {},
     "B2",
     "A1",
     "PutObject",
     "A1/x",
     "wrong_prefix",
     true,
     "wrong_prefix"},
    {"inside_touches_what_is_outside",
     {},
     "A1",
     "B2",
     "PutObject",
     "B2/x",
     "wrong_prefix",
     true,
     "wrong_prefix"},
    {"outside_touches_what_is_outside", {}, "B2", "C3", "PutObject", "C3/x", "wrong_prefix", false, ""},
    {"revoked_inside_touches_what_is_outside", revoked, "A1", "B2", "PutObject", "B2/x", "revoked", true,
     "revoked"},
    {"nobody_at_nobodys", none, "", "", "PutObject", "public/x", "no_certificate", false, ""},
    {"what_credentials_may_not",
     {},
     "B2",
     "B2",
     "DeleteObject",
     "B2/x",
     "action_denied",
     false,
     "action_denied"},
};

class Shadow : public testing::TestWithParam<ShadowCase> {};

TEST_P(Shadow, tells_what_mode_high_says_and_enforces_it_inside_the_ramp) {
    const ShadowCase& row = GetParam();
    const S3Operation operation{row.action, {"fleet", row.key}};
    const ShadowVerdict verdict =
        judge_in_shadow(policy, a1_is_enforced, {row.refusal, row.proven, {row.claimed}}, operation);
    const auto word = [](const std::optional<Denial>& denial) {
        return denial ? to_string(denial->reason) : "";
    };
    EXPECT_EQ(word(verdict.under_high), row.under_high);
    EXPECT_EQ(verdict.enforced, row.enforced);
    EXPECT_EQ(word(verdict.now), row.now);
}
TEST(Shadow, lets_nobody_reach_around_the_ramp) {
    const Policy everything{{{{"*"}, "fleet/*", ClientKind::credentials}}};
    const auto may = [&](const char* action, const char* key, const Ramp& ramp) {
        const S3Operation operation{action, {"fleet", key}};
        return !judge_in_shadow(everything, ramp, {none, "", {}}, operation).now;
    };
    for (const auto& [action, key] : {std::pair("CopyObject", "B2/x"),
                                      {"UploadPartCopy", "B2/x"},
                                      {"DeleteObjects", ""},
                                      {"ListObjectsV2", ""},
                                      {"PutBucketPolicy", ""}}) {
        EXPECT_TRUE(may(action, key, Ramp{})) << action;
        EXPECT_FALSE(may(action, key, a1_is_enforced)) << action << ": it may be about A1";
        EXPECT_FALSE(may(action, key, (Ramp{1, {}}))) << action;
    }
    const auto may_put = [&](const Ramp& ramp) {
        const auto slashes = classify({"PUT", "/fleet//A1/x", 11, {}});
        return !judge_in_shadow(everything, ramp, {none, "", {}}, slashes.value()).now;
    };
    EXPECT_TRUE(may_put(Ramp{}));
    EXPECT_FALSE(may_put(a1_is_enforced)) << "to who merges slashes it is A1's";
    EXPECT_TRUE(may("DeleteObject", "B2/x", a1_is_enforced));
    EXPECT_TRUE(may("GetBucketLocation", "", a1_is_enforced));
}

INSTANTIATE_TEST_SUITE_P(table, Shadow, testing::ValuesIn(shadow_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Shadow, knows_the_listener) {
    Policy rules{{{{"PutObject"}, "fleet/{device}/*"}, {{"PutObject"}, "fleet/*", ClientKind::credentials}}};
    for (PolicyRule& rule : rules.rules)
        rule.listeners = {"new"};
    const S3Operation put{"PutObject", {"fleet", "B2/x"}};
    EXPECT_FALSE(judge_in_shadow(rules, {}, {none, "", {"B2"}, "new"}, put).now);
    EXPECT_TRUE(judge_in_shadow(rules, {}, {none, "", {"B2"}, "old"}, put).now);
    EXPECT_FALSE(judge_in_shadow(rules, {}, {{}, "B2", {"B2"}, "new"}, put).under_high);
    EXPECT_TRUE(judge_in_shadow(rules, {}, {{}, "B2", {"B2"}, "old"}, put).under_high);
}

TEST(Shadow, holds_a_copy_of_those_inside_to_its_source) {
    const Policy rules{{{{"CopyObject", "GetObject"}, "fleet/{device}/*"}}};
    S3Operation copy{"CopyObject", {"fleet", "A1/x"}};
    copy.copy_source = {"fleet", "A1/y"};
    EXPECT_FALSE(judge_in_shadow(rules, a1_is_enforced, {{}, "A1", {"A1"}}, copy).now);
    copy.copy_source = {"fleet", "B2/y"};
    EXPECT_TRUE(judge_in_shadow(rules, a1_is_enforced, {{}, "A1", {"A1"}}, copy).now);
}

}  // namespace
}  // namespace sallyport::gateway
