#include "gateway/rules/device_records.h"
#include "tests/fuzz/check.h"

#include <vector>

#include <openssl/sha.h>

namespace gateway = sallyport::gateway;
using sallyport::fuzz::check;

namespace {

struct Table {
    std::vector<gateway::KnownDevice> known;
    std::vector<gateway::DailyBytes> daily;

    bool operator==(const Table&) const = default;
};

/// Nothing when it is refused; then nothing of it may have been handed over.
bool read(std::string_view bytes, Table& table) {
    const auto done = gateway::read_device_records(
        bytes, {[&](gateway::KnownDevice known) { table.known.push_back(std::move(known)); },
                [&](gateway::DailyBytes use) { table.daily.push_back(std::move(use)); }});
    check(done.has_value() || table == Table{}, "all or nothing");
    check(done.has_value() || !done.error().message.empty(), "an error in words");
    return done.has_value();
}

/// What was read is written and read again.
void check_table(std::string_view bytes) {
    Table table;
    if (!read(bytes, table)) return;
    gateway::DeviceRecordWriter writer;
    for (const auto& known : table.known) {
        check(!known.device.empty() && known.device.size() <= gateway::max_device_bytes, "a bounded name");
        for (const auto* text : {&known.listener, &known.version, &known.cipher, &known.refusal_detail,
                                 &known.last_denial_detail, &known.refusals.detail, &known.claims.detail})
            check(text->size() <= gateway::max_text_bytes, "a bounded text");
        writer.add(known);
    }
    for (const auto& use : table.daily)
        writer.add(use);
    Table again;
    check(read(writer.finish(), again), "our own table can be read");
    check(again == table, "and says the same");
}

}  // namespace

/// The input as it is, and as the inside of a table whose head and checksum are right: else nothing would
/// ever be read beyond these.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_table(input);
    std::string bytes("sallyport-devices\n\x01\0\0\0", 22);
    bytes += input;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
    bytes.append(reinterpret_cast<const char*>(digest), sizeof digest);
    check_table(bytes);
    return 0;
}
