#include "config/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <sstream>

#include <yaml-cpp/eventhandler.h>

namespace sallyport::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr Unit time_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit byte_units[] = {{"B", 1}, {"KiB", 1ULL << 10U}, {"MiB", 1ULL << 20U}, {"GiB", 1ULL << 30U}};

/// "<whole number><unit>" in the smallest unit; nothing for any other form or on overflow.
std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data()) return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto found = std::ranges::find(units, unit, &Unit::name);
    if (found == units.end()) return std::nullopt;
    std::uint64_t total = 0;
    if (__builtin_mul_overflow(number, found->factor, &total)) return std::nullopt;
    return total;
}

/// Hears a document without keeping anything of it.
class DeafHandler : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

/// How many documents there are, counted no further than `most`. Throws YAML::Exception.
int count_documents(const std::string& text, int most) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DeafHandler handler;
    int documents = 0;
    while (documents < most && parser.HandleNextDocument(handler))
        ++documents;
    return documents;
}

}  // namespace

void Faults::add(const YAML::Mark& mark, std::string_view message) {
    std::string text = file_;
    if (!mark.is_null()) text += ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
    messages_.push_back(text + ": " + std::string(message));
}

std::optional<YAML::Node> parse_yaml(const std::string& text, Faults& faults) {
    try {
        // Not YAML::LoadAll: on some damaged files yaml-cpp 0.7 finds one empty document after the other, for
        // ever.
        const int documents = count_documents(text, 2);
        if (documents == 1) return YAML::Load(text);
        faults.add(YAML::Mark(), documents == 0 ? "empty" : "more than one YAML document");
    } catch (const YAML::Exception& error) {
        faults.add(error.mark, error.msg);
    }
    return std::nullopt;
}

MapReader::MapReader(const YAML::Node& node, std::string name, Faults& faults)
    : name_(std::move(name)), mark_(node.Mark()), faults_(&faults) {
    if (!node.IsMap()) {
        fault("a mapping (key: value) is needed here");
        return;
    }
    for (const auto& pair : node) {
        if (!pair.first.IsScalar()) {
            fault(pair.first.Mark(), "a key must be a plain word");
            continue;
        }
        const std::string& key = pair.first.Scalar();
        if (has(key)) {
            fault(pair.first.Mark(), "duplicate key '" + key + "'");
            continue;
        }
        entries_.push_back({key, pair.first.Mark(), pair.second});
    }
}

bool MapReader::has(std::string_view key) const {
    return std::ranges::find(entries_, key, &Entry::key) != entries_.end();
}

bool MapReader::has_map(std::string_view key) const {
    const auto found = std::ranges::find(entries_, key, &Entry::key);
    return found != entries_.end() && found->value.IsMap();
}

MapReader::Entry* MapReader::take(std::string_view key) {
    const auto found = std::ranges::find(entries_, key, &Entry::key);
    if (found == entries_.end()) return nullptr;
    found->used = true;
    return &*found;
}

std::optional<Located> MapReader::scalar(std::string_view key) {
    Entry* entry = take(key);
    if (entry == nullptr) return std::nullopt;
    if (!entry->value.IsScalar()) {
        fault(entry->mark, std::string(key) + ": a single value is needed");
        return std::nullopt;
    }
    return Located{entry->value.Scalar(), entry->value.Mark()};
}

Located MapReader::required_string(std::string_view key) {
    if (!has(key)) {
        fault("'" + std::string(key) + "' is missing");
        return {{}, mark_};
    }
    return string(key).value_or(Located{{}, mark_});
}

std::optional<Located> MapReader::string(std::string_view key) {
    auto text = scalar(key);
    if (text && text->text.empty()) {
        fault(text->mark, std::string(key) + ": must not be empty");
        return std::nullopt;
    }
    return text;
}

std::vector<Located> MapReader::strings(std::string_view key) {
    Entry* entry = take(key);
    if (entry == nullptr) return {};
    if (entry->value.IsScalar()) return {{entry->value.Scalar(), entry->value.Mark()}};
    std::vector<Located> list;
    if (!entry->value.IsSequence()) {
        fault(entry->mark, std::string(key) + ": a list is needed");
        return list;
    }
    for (const auto& item : entry->value) {
        if (item.IsScalar() && !item.Scalar().empty()) {
            list.push_back({item.Scalar(), item.Mark()});
        } else {
            fault(item.Mark(), std::string(key) + ": a plain value is needed");
        }
    }
    return list;
}

bool MapReader::boolean(std::string_view key, bool otherwise) {
    return choice<bool>(key, otherwise, {{"true", true}, {"false", false}});
}

std::uint64_t MapReader::integer(std::string_view key, std::uint64_t otherwise, std::uint64_t min,
                                 std::uint64_t max) {
    const auto text = scalar(key);
    if (!text) return otherwise;
    std::uint64_t value = 0;
    const char* last = text->text.data() + text->text.size();
    const auto [end, error] = std::from_chars(text->text.data(), last, value);
    if (error != std::errc{} || end != last || value < min || value > max) {
        fault(text->mark, std::string(key) + ": '" + text->text + "' is not a whole number from " +
                              std::to_string(min) + " to " + std::to_string(max));
        return otherwise;
    }
    return value;
}

std::chrono::milliseconds MapReader::duration(std::string_view key, std::chrono::milliseconds otherwise,
                                              std::chrono::milliseconds min, std::chrono::milliseconds max) {
    const auto text = scalar(key);
    if (!text) return otherwise;
    const auto value = parse_quantity(text->text, time_units);
    if (!value) {
        fault(text->mark,
              std::string(key) + ": '" + text->text + "' is not a duration such as 30s (units ms s m h d)");
        return otherwise;
    }
    if (std::cmp_less(*value, min.count()) || std::cmp_greater(*value, max.count())) {
        fault(text->mark, std::string(key) + ": '" + text->text + "' is outside " +
                              std::to_string(min.count()) + "ms to " + std::to_string(max.count()) + "ms");
        return otherwise;
    }
    return std::chrono::milliseconds(*value);
}

std::uint64_t MapReader::bytes(std::string_view key, std::uint64_t otherwise, std::uint64_t min,
                               std::uint64_t max) {
    const auto text = scalar(key);
    if (!text) return otherwise;
    const auto value = parse_quantity(text->text, byte_units);
    if (!value) {
        fault(text->mark,
              std::string(key) + ": '" + text->text + "' is not a size such as 16KiB (units B KiB MiB GiB)");
        return otherwise;
    }
    if (*value < min || *value > max) {
        fault(text->mark, std::string(key) + ": '" + text->text + "' is outside " + std::to_string(min) +
                              "B to " + std::to_string(max) + "B");
        return otherwise;
    }
    return *value;
}

std::optional<MapReader> MapReader::map(std::string_view key) {
    Entry* entry = take(key);
    if (entry == nullptr) return std::nullopt;
    return MapReader(entry->value, name_.empty() ? std::string(key) : name_ + "." + std::string(key),
                     *faults_);
}

std::vector<MapReader> MapReader::maps(std::string_view key) {
    Entry* entry = take(key);
    if (entry == nullptr) return {};
    std::vector<MapReader> list;
    if (!entry->value.IsSequence()) {
        fault(entry->mark, std::string(key) + ": a list is needed");
        return list;
    }
    const std::string prefix = name_.empty() ? std::string(key) : name_ + "." + std::string(key);
    for (const auto& item : entry->value) {
        list.emplace_back(item, prefix + "[" + std::to_string(list.size()) + "]", *faults_);
    }
    return list;
}

void MapReader::fault(std::string_view message) {
    fault(mark_, message);
}

void MapReader::fault(const YAML::Mark& mark, std::string_view message) {
    faults_->add(mark, name_.empty() ? std::string(message) : name_ + ": " + std::string(message));
}

void MapReader::finish() {
    for (const Entry& entry : entries_) {
        if (!entry.used) fault(entry.mark, "unknown key '" + entry.key + "'");
    }
}

}  // namespace sallyport::config
