#include "config/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

/// Reads the keys that the tests use, as a program would.
std::vector<std::string> faults_of(const std::string& text) {
    Faults faults("f.yaml");
    const auto node = parse_yaml(text, faults);
    if (!node) return faults.messages();
    MapReader root(*node, "", faults);
    root.string("name");
    root.duration("wait", 1s, 1s, 1h);
    root.bytes("size", 1024, 1, 1 << 20);
    root.integer("count", 1, 1, 10);
    root.boolean("on", false);
    root.choice<int>("mode", 0, {{"low", 0}, {"high", 2}});
    root.strings("words");
    if (auto below = root.map("below")) below->finish();
    for (auto& item : root.maps("items")) {
        item.required_string("id");
        item.finish();
    }
    root.finish();
    return faults.messages();
}

struct Case {
    const char* name;
    const char* text;
    std::vector<std::string> faults;
};

const Case cases[] = {
    {"good",
     "name: a\nwait: 30s\nsize: 16KiB\ncount: 3\non: true\nmode: high\nwords: [x, y]\nitems: [{id: q}]\n",
     {}},
    {"one_word_is_a_list", "words: x\n", {}},
    {"unknown_key", "name: a\nnmae: b\n", {"f.yaml:2:1: unknown key 'nmae'"}},
    {"unknown_key_below", "below: {x: 1}\n", {"f.yaml:1:9: below: unknown key 'x'"}},
    {"duplicate_key", "name: a\nname: b\n", {"f.yaml:2:1: duplicate key 'name'"}},
    {"no_unit", "wait: 30\n", {"f.yaml:1:7: wait: '30' is not a duration such as 30s (units ms s m h d)"}},
    {"unknown_unit",
     "wait: 30w\n",
     {"f.yaml:1:7: wait: '30w' is not a duration such as 30s (units ms s m h d)"}},
    {"negative", "wait: -1s\n", {"f.yaml:1:7: wait: '-1s' is not a duration such as 30s (units ms s m h d)"}},
    {"too_long", "wait: 61m\n", {"f.yaml:1:7: wait: '61m' is outside 1000ms to 3600000ms"}},
    {"longest", "wait: 60m\n", {}},
    {"overflow",
     "size: 99999999999999999GiB\n",
     {"f.yaml:1:7: size: '99999999999999999GiB' is not a size such as 16KiB (units B KiB MiB GiB)"}},
    {"size_out_of_range", "size: 2MiB\n", {"f.yaml:1:7: size: '2MiB' is outside 1B to 1048576B"}},
    {"not_a_number", "count: 1x\n", {"f.yaml:1:8: count: '1x' is not a whole number from 1 to 10"}},
    {"number_too_large", "count: 11\n", {"f.yaml:1:8: count: '11' is not a whole number from 1 to 10"}},
    {"not_a_boolean", "on: yes\n", {"f.yaml:1:5: on: 'yes' is none of: true, false"}},
    {"not_a_choice", "mode: medium\n", {"f.yaml:1:7: mode: 'medium' is none of: low, high"}},
    {"list_for_scalar", "name: [a]\n", {"f.yaml:1:1: name: a single value is needed"}},
    {"scalar_for_map", "below: 1\n", {"f.yaml:1:8: below: a mapping (key: value) is needed here"}},
    {"missing", "items: [{}]\n", {"f.yaml:1:9: items[0]: 'id' is missing"}},
    {"empty_value", "name: ''\n", {"f.yaml:1:7: name: must not be empty"}},
    {"syntax", "name: [a\n", {"f.yaml:2:1: end of sequence flow not found"}},
    {"two_documents", "name: a\n---\nname: b\n", {"f.yaml:1:1: more than one YAML document"}},
    {"documents_without_end",  // yaml-cpp's own LoadAll never returns from this one
     ",a: \xFF\xFF\xFF"
     "0\n---\nbst\x03:\n  - b",
     {"f.yaml:1:1: more than one YAML document"}},
    {"no_mapping", "just text\n", {"f.yaml:1:1: a mapping (key: value) is needed here"}},
    {"every_fault_is_told",
     "wait: 1\ncount: x\nzzz: 1\n",
     {"f.yaml:1:7: wait: '1' is not a duration such as 30s (units ms s m h d)",
      "f.yaml:2:8: count: 'x' is not a whole number from 1 to 10", "f.yaml:3:1: unknown key 'zzz'"}},
};

class YamlReader : public testing::TestWithParam<Case> {};

TEST_P(YamlReader, tells_each_fault_and_its_place) {
    EXPECT_EQ(faults_of(GetParam().text), GetParam().faults);
}

INSTANTIATE_TEST_SUITE_P(table, YamlReader, testing::ValuesIn(cases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(YamlReaderValues, are_what_the_text_says) {
    Faults faults("f.yaml");
    const auto node = parse_yaml("wait: 2m\nsize: 3MiB\nwords: [a, 'b c']\n", faults);
    ASSERT_TRUE(node);
    MapReader root(*node, "", faults);
    EXPECT_EQ(root.duration("wait", 1s, 1s, 1h), 2min);
    EXPECT_EQ(root.bytes("size", 1, 1, 1 << 30), 3U << 20U);
    const auto words = root.strings("words");
    ASSERT_EQ(words.size(), 2U);
    EXPECT_EQ(words[1].text, "b c");
    EXPECT_EQ(root.integer("absent", 7, 1, 10), 7U);
    root.finish();
    EXPECT_TRUE(faults.empty());
}

}  // namespace
}  // namespace sallyport::config
