#include "gateway/rules/device_records.h"

#include <algorithm>
#include <array>
#include <vector>

#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

constexpr std::string_view magic = "sallyport-devices\n";
constexpr std::uint32_t format = 1;
constexpr std::size_t max_texts = 1'000'000;

enum class Kind : std::uint8_t { end = 0, known = 1, daily = 2 };

constexpr unsigned proven = 1;
constexpr unsigned shadow = 2;
constexpr unsigned enforced = 4;
constexpr unsigned has_not_after = 8;
constexpr unsigned all_flags = proven | shadow | enforced | has_not_after;

/// What lies beyond is cut: no calendar, and no sum with a span, is safe there.
constexpr std::int64_t latest = 253'402'300'799;  // 9999-12-31T23:59:59Z

template <class Integer>
void put(std::string& out, Integer value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
}

void put_time(std::string& out, std::chrono::sys_seconds time) {
    put(out, std::clamp<std::int64_t>(time.time_since_epoch().count(), 0, latest));
}

/// By its word: the list of reasons may grow in the middle.
std::string_view word_of(const std::optional<Reason>& reason) {
    return reason ? to_string(*reason) : "";
}

std::optional<Reason> reason_named(std::string_view word) {
    for (std::size_t i = 0; i < reason_count; ++i) {
        if (to_string(static_cast<Reason>(i)) == word) return static_cast<Reason>(i);
    }
    return std::nullopt;
}

std::array<char, SHA256_DIGEST_LENGTH> digest_of(std::string_view bytes) {
    std::array<char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

pki::Error damaged(std::string_view what) {
    return {pki::Fault::input, "damaged: " + std::string(what)};
}

/// Texts are views into the bytes that are read.
class Reader {
  public:
    explicit Reader(std::string_view rest) : rest_(rest) {}

    template <class Integer>
    bool get(Integer& value) {
        if (rest_.size() < sizeof value) return false;
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < sizeof value; ++i)
            sum |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
        value = static_cast<Integer>(sum);
        rest_.remove_prefix(sizeof value);
        return true;
    }

    bool get_time(std::chrono::sys_seconds& time) {
        std::int64_t count = 0;
        if (!get(count) || count < 0 || count > latest) return false;
        time = std::chrono::sys_seconds(std::chrono::seconds(count));
        return true;
    }

    bool get_raw(std::string_view& text, std::size_t longest) {
        std::uint16_t size = 0;
        if (!get(size) || size > longest || rest_.size() < size) return false;
        text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    bool get_text(std::string& text) {
        std::uint32_t number = 0;
        if (!get(number) || number > texts_.size() || number >= max_texts) return false;
        if (number == texts_.size()) {
            std::string_view fresh;
            if (!get_raw(fresh, max_text_bytes)) return false;
            texts_.push_back(fresh);
        }
        text = texts_[number];
        return true;
    }

    bool get_reason(std::optional<Reason>& reason) {
        std::string word;
        if (!get_text(word)) return false;
        reason = reason_named(word);  // a word of a later version is forgotten, no more
        return true;
    }

    bool get_refusals(Refusals& refusals) {
        return get(refusals.count) && get_reason(refusals.last) && get_text(refusals.detail) &&
               get_time(refusals.at);
    }

    bool get_device(std::string& device) {
        std::string_view name;
        if (!get_raw(name, max_device_bytes) || name.empty()) return false;
        device = name;
        return true;
    }

    bool get_known(KnownDevice& known) {
        std::uint8_t flags = 0;
        std::uint32_t key_bits = 0;
        std::string_view serial;
        std::chrono::sys_seconds not_after;
        const bool whole = get_device(known.device) && get(flags) && (flags | all_flags) == all_flags &&
                           get_text(known.listener) && get_text(known.version) && get_text(known.cipher) &&
                           get(key_bits) && get_raw(serial, max_text_bytes) && get_time(not_after) &&
                           get_reason(known.refusal) && get_text(known.refusal_detail) && get(known.rules) &&
                           get(known.requests) && get(known.denied) && get_reason(known.last_denial) &&
                           get_text(known.last_denial_detail) && get_time(known.first_seen) &&
                           get_time(known.last_seen) && get(known.requests_seen) && get(known.bytes_in) &&
                           get(known.bytes_out) && get_refusals(known.refusals) && get_refusals(known.claims);
        if (!whole) return false;
        known.key_bits = key_bits;
        known.serial = serial;
        known.proven = (flags & proven) != 0;
        known.shadow = (flags & shadow) != 0;
        known.enforced = (flags & enforced) != 0;
        if ((flags & has_not_after) != 0) known.certificate_not_after = not_after;
        return true;
    }

    bool get_daily(DailyBytes& use) {
        std::chrono::sys_seconds day;
        if (!get_device(use.device) || !get_time(day) || !get(use.bytes)) return false;
        use.day = std::chrono::floor<std::chrono::days>(day);
        return true;
    }

    bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
    std::vector<std::string_view> texts_;
};

pki::Result<void> read_records(std::string_view bytes, const DeviceRecordTaker* taker) {
    Reader reader(bytes);
    for (;;) {
        std::uint8_t kind = 0;
        if (!reader.get(kind)) return damaged("it ends between two records");
        switch (static_cast<Kind>(kind)) {
            case Kind::end:
                if (!reader.at_end()) return damaged("something follows its end");
                return {};
            case Kind::known: {
                KnownDevice known;
                if (!reader.get_known(known)) return damaged("a record of a device");
                if (taker != nullptr) taker->known(std::move(known));
                break;
            }
            case Kind::daily: {
                DailyBytes use;
                if (!reader.get_daily(use)) return damaged("a record of the bytes of a day");
                if (taker != nullptr) taker->daily(std::move(use));
                break;
            }
            default:
                return damaged("a record of an unknown kind");
        }
    }
}

}  // namespace

DeviceRecordWriter::DeviceRecordWriter() : out_(magic) {
    put(out_, format);
}

void DeviceRecordWriter::put_text(std::string_view text) {
    std::string cut(text.substr(0, max_text_bytes));
    // Beyond the bound, which only distinct details can reach, a text is forgotten.
    if (texts_.size() + 1 >= max_texts && !texts_.contains(cut)) cut.clear();
    const auto [found, fresh] = texts_.emplace(std::move(cut), static_cast<std::uint32_t>(texts_.size()));
    put(out_, found->second);
    if (!fresh) return;
    put(out_, static_cast<std::uint16_t>(found->first.size()));
    out_ += found->first;
}

void DeviceRecordWriter::put_refusals(const Refusals& refusals) {
    put(out_, refusals.count);
    put_text(word_of(refusals.last));
    put_text(refusals.detail);
    put_time(out_, refusals.at);
}

void DeviceRecordWriter::add(const KnownDevice& known) {
    if (known.device.empty() || known.device.size() > max_device_bytes) return;
    if (texts_.empty()) texts_.reserve(1024);
    put(out_, static_cast<std::uint8_t>(Kind::known));
    put(out_, static_cast<std::uint16_t>(known.device.size()));
    out_ += known.device;
    unsigned flags = known.certificate_not_after ? has_not_after : 0U;
    if (known.proven) flags |= proven;
    if (known.shadow) flags |= shadow;
    if (known.enforced) flags |= enforced;
    put(out_, static_cast<std::uint8_t>(flags));
    for (const auto* text : {&known.listener, &known.version, &known.cipher})
        put_text(*text);
    put(out_, static_cast<std::uint32_t>(known.key_bits));
    const std::string_view serial = std::string_view(known.serial).substr(0, max_text_bytes);
    put(out_, static_cast<std::uint16_t>(serial.size()));
    out_ += serial;
    put_time(out_, known.certificate_not_after.value_or(std::chrono::sys_seconds{}));
    put_text(word_of(known.refusal));
    put_text(known.refusal_detail);
    for (const std::uint64_t number : {known.rules, known.requests, known.denied})
        put(out_, number);
    put_text(word_of(known.last_denial));
    put_text(known.last_denial_detail);
    put_time(out_, known.first_seen);
    put_time(out_, known.last_seen);
    for (const std::uint64_t number : {known.requests_seen, known.bytes_in, known.bytes_out})
        put(out_, number);
    put_refusals(known.refusals);
    put_refusals(known.claims);
}

void DeviceRecordWriter::add(const DailyBytes& use) {
    if (use.device.empty() || use.device.size() > max_device_bytes) return;
    put(out_, static_cast<std::uint8_t>(Kind::daily));
    put(out_, static_cast<std::uint16_t>(use.device.size()));
    out_ += use.device;
    put_time(out_, use.day);
    put(out_, use.bytes);
}

std::string DeviceRecordWriter::finish() {
    put(out_, static_cast<std::uint8_t>(Kind::end));
    const auto digest = digest_of(out_);
    out_.append(digest.data(), digest.size());
    return std::move(out_);
}

pki::Result<void> read_device_records(std::string_view bytes, const DeviceRecordTaker& taker) {
    if (!bytes.starts_with(magic.substr(0, bytes.size())) || bytes.size() < magic.size())
        return pki::Error{pki::Fault::input, "not a table of devices"};
    std::uint32_t version = 0;
    Reader head(bytes.substr(magic.size()));
    if (!head.get(version)) return damaged("it ends in its head");
    if (version != format) {
        return pki::Error{pki::Fault::input, "version " + std::to_string(version) +
                                                 " of the table, which this program does not know"};
    }
    constexpr std::size_t head_bytes = magic.size() + sizeof version;
    if (bytes.size() < head_bytes + SHA256_DIGEST_LENGTH) return damaged("it ends in its head");
    const auto body = bytes.substr(0, bytes.size() - SHA256_DIGEST_LENGTH);
    const auto digest = digest_of(body);
    if (bytes.substr(body.size()) != std::string_view(digest.data(), digest.size()))
        return damaged("its checksum does not fit");
    const auto records = body.substr(head_bytes);
    // Twice, so that nothing is taken from a table that breaks off in the middle.
    if (auto checked = read_records(records, nullptr); !checked) return checked.error();
    return read_records(records, &taker);
}

}  // namespace sallyport::gateway
