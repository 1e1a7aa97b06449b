#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace sallyport::config {

/// The faults of one file, each "file:line:column: where: what", in the order in which they were found.
class Faults {
  public:
    explicit Faults(std::string file) : file_(std::move(file)) {}

    void add(const YAML::Mark& mark, std::string_view message);
    const std::vector<std::string>& messages() const noexcept { return messages_; }
    bool empty() const noexcept { return messages_.empty(); }

  private:
    std::string file_;
    std::vector<std::string> messages_;
};

/// A string of the configuration and where it stands, for faults that show only later (a missing file ...).
struct Located {
    std::string text;
    YAML::Mark mark;
};

/// Reads one YAML mapping strictly: each key is asked for once, and `finish` reports those that nobody asked
/// for. Faults are collected, never thrown; a value that has one reads as its default. Keys that stand
/// twice, which yaml-cpp accepts silently, are faults.
class MapReader {
  public:
    /// `name` is the path of this mapping for messages, e.g. "listeners[0].tls". `faults` must outlive this.
    MapReader(const YAML::Node& node, std::string name, Faults& faults);

    bool has(std::string_view key) const;
    bool has_map(std::string_view key) const;

    Located required_string(std::string_view key);
    std::optional<Located> string(std::string_view key);
    /// A list of strings; a single string counts as a list of one.
    std::vector<Located> strings(std::string_view key);
    bool boolean(std::string_view key, bool otherwise);
    std::uint64_t integer(std::string_view key, std::uint64_t otherwise, std::uint64_t min,
                          std::uint64_t max);
    /// A whole number with a unit: ms, s, m, h or d. Bounds are inclusive.
    std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds otherwise,
                                       std::chrono::milliseconds min, std::chrono::milliseconds max);
    /// A whole number with a unit: B, KiB, MiB or GiB. Bounds are inclusive.
    std::uint64_t bytes(std::string_view key, std::uint64_t otherwise, std::uint64_t min, std::uint64_t max);

    /// One of the given words.
    template <class Value>
    Value choice(std::string_view key, Value otherwise,
                 std::initializer_list<std::pair<std::string_view, Value>> words) {
        const auto text = string(key);
        if (!text) return otherwise;
        std::string known;
        for (const auto& [word, value] : words) {
            if (text->text == word) return value;
            known += (known.empty() ? "" : ", ") + std::string(word);
        }
        fault(text->mark, std::string(key) + ": '" + text->text + "' is none of: " + known);
        return otherwise;
    }

    /// A mapping below this one; nothing when the key is absent.
    std::optional<MapReader> map(std::string_view key);
    /// A list of mappings; empty when the key is absent.
    std::vector<MapReader> maps(std::string_view key);

    /// Reports a fault of this mapping (at its beginning), or of what stands at `mark`.
    void fault(std::string_view message);
    void fault(const YAML::Mark& mark, std::string_view message);

    /// Reports each key that was never asked for. Call it last.
    void finish();

  private:
    struct Entry {
        std::string key;
        YAML::Mark mark;
        YAML::Node value;
        bool used = false;
    };
    Entry* take(std::string_view key);
    std::optional<Located> scalar(std::string_view key);

    std::string name_;
    YAML::Mark mark_;
    Faults* faults_;
    std::vector<Entry> entries_;
};

/// Parses `text` as one YAML document; syntax errors become a fault and nothing is returned.
std::optional<YAML::Node> parse_yaml(const std::string& text, Faults& faults);

}  // namespace sallyport::config
