#include "config/yaml_reader.h"
#include "tests/fuzz/check.h"

#include <cstdint>

using sallyport::config::Faults;
using sallyport::config::MapReader;
using sallyport::fuzz::check;
using namespace std::chrono_literals;

/// Reads a mapping that has a key of each kind. Bounds hold whatever the file says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    Faults faults("fuzz.yaml");
    const auto node = sallyport::config::parse_yaml(text, faults);
    if (!node) {
        check(!faults.empty(), "no document without a fault");
        return 0;
    }
    MapReader root(*node, "", faults);
    root.required_string("text");
    root.strings("texts");
    root.boolean("flag", true);
    check(root.integer("count", 5, 1, 10) - 1 < 10, "integers keep their bounds");
    const auto time = root.duration("time", 5s, 1s, 10s);
    check(time >= 1s && time <= 10s, "durations keep their bounds");
    const auto bytes = root.bytes("bytes", 2048, 1024, 4096);
    check(bytes >= 1024 && bytes <= 4096, "sizes keep their bounds");
    if (auto inner = root.map("map")) inner->finish();
    for (MapReader& item : root.maps("list")) {
        item.required_string("name");
        item.finish();
    }
    root.finish();
    for (const std::string& message : faults.messages())
        check(message.starts_with("fuzz.yaml"), "each fault names its file");
    return 0;
}
