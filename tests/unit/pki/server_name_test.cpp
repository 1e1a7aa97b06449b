#include "pki/server_name.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace std::string_literals;

struct ContentCase {
    const char* name;
    std::string content;
    std::string host;
};
const ContentCase content_cases[] = {
    {"one_name", "\0\x06\0\0\x03gw1"s, "gw1"},
    {"its_spelling_is_kept", "\0\x05\0\0\x02Gw"s, "Gw"},
    {"nothing", ""s, ""},
    {"empty_list", "\0\0"s, ""},
    {"empty_name", "\0\x03\0\0\0"s, ""},
    {"other_kind", "\0\x06\x01\0\x03gw1"s, ""},
    {"list_too_short", "\0\x05\0\0\x03gw1"s, ""},
    {"list_too_long", "\0\x07\0\0\x03gw1"s, ""},
    {"name_too_short", "\0\x06\0\0\x02gw1"s, ""},
    {"name_too_long", "\0\x06\0\0\x04gw1"s, ""},
    {"two_names",
     "\0\x08\0\0\x01"
     "a\0\0\x01"
     "b"s,
     ""},
    {"nul_in_name", "\0\x06\0\0\x03g\0w"s, ""},
    {"longest", "\x01\x02\0\0\xFF"s + std::string(255, 'a'), std::string(255, 'a')},
    {"longer", "\x01\x03\0\x01\0"s + std::string(256, 'a'), ""},
};

class HostNameIn : public testing::TestWithParam<ContentCase> {};

TEST_P(HostNameIn, is_the_one_that_OpenSSL_sees) {
    EXPECT_EQ(host_name_in(GetParam().content), GetParam().host);
}
INSTANTIATE_TEST_SUITE_P(table, HostNameIn, testing::ValuesIn(content_cases),
                         [](const auto& row) { return row.param.name; });

struct FitCase {
    const char* name;
    const char* pattern;
    const char* asked;
    NameFit fit;
};
const FitCase fit_cases[] = {
    {"same", "gw.test", "gw.test", NameFit::exact},
    {"other_case", "gw.test", "GW.Test", NameFit::exact},
    {"longer", "gw.test", "agw.test", NameFit::none},
    {"with_final_dot", "gw.test", "gw.test.", NameFit::none},
    {"wildcard", "*.gw.test", "a.gw.test", NameFit::wildcard},
    {"wildcard_other_case", "*.gw.test", "A.GW.TEST", NameFit::wildcard},
    {"two_labels_for_one", "*.gw.test", "a.b.gw.test", NameFit::none},
    {"no_label_for_one", "*.gw.test", "gw.test", NameFit::none},
    {"empty_label_for_one", "*.gw.test", ".gw.test", NameFit::none},
    {"wildcard_asked_for", "gw.test", "*.gw.test", NameFit::none},
    {"no_name", "*.gw.test", "", NameFit::none},
    {"empty_pattern", "", "", NameFit::none},
};

class FitOf : public testing::TestWithParam<FitCase> {};

TEST_P(FitOf, compares_names_as_dns_does) {
    EXPECT_EQ(fit_of(GetParam().pattern, GetParam().asked), GetParam().fit);
}
INSTANTIATE_TEST_SUITE_P(table, FitOf, testing::ValuesIn(fit_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
