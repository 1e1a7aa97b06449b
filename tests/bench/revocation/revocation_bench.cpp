#include "pki/revocation_index.h"
#include "pki/revocation_index_builder.h"
#include "tests/bench/revocation/counted_memory.h"
#include "tests/bench/revocation/random_crl.h"
#include "tests/support/certificates.h"

#include <algorithm>
#include <stdexcept>

#include <benchmark/benchmark.h>

namespace sallyport::bench {
namespace {

using benchmark::Counter;
using pki::RevocationIndex;
using pki::RevocationIndexBuilder;
using Status = pki::RevocationAnswer::Status;
using namespace std::chrono_literals;

constexpr std::size_t serial_octets = 16;
/// Enough that look-ups do not find their rows in the processor's cache.
constexpr std::size_t sampled_serials = 1U << 16U;

X509& authority() {
    static const pki::CertificatePtr certificate = test::authority("CA", test::key(0));
    return *certificate;
}

std::string crl(std::size_t entries, std::uint64_t number, pki::CrlReason reason = pki::CrlReason::none) {
    std::string der;
    write_der({.entries = entries,
               .serial_octets = serial_octets,
               .number = number,
               .this_update = test::now - 1h,
               .next_update = test::now + 1h,
               .reason = reason},
              authority(), test::key(0), [&](std::string_view block) { der += block; });
    return der;
}

RevocationIndexBuilder builder(const RevocationIndex* previous = nullptr) {
    return {{&authority()}, pki::CrlLadder{}, previous, pki::ShrinkGuard{}};
}

void add(RevocationIndexBuilder& index, const std::string& der, pki::CrlLoad expected) {
    const auto added = index.add("bench.crl", test::bytes(der));
    if (!added) throw std::runtime_error(added.error().message);
    if (added->result != expected) throw std::runtime_error("not taken as expected");
}

RevocationIndex finish(RevocationIndexBuilder& index) {
    auto finished = index.finish();
    if (!finished.refused.empty()) throw std::runtime_error(finished.refused.front().error.message);
    return std::move(finished.index);
}

RevocationIndex load(const std::string& der) {
    auto index = builder();
    add(index, der, pki::CrlLoad::loaded);
    return finish(index);
}

/// Time for each entry.
Counter per_entry(std::int64_t entries) {
    return Counter(static_cast<double>(entries), Counter::kIsIterationInvariantRate | Counter::kInvert);
}

double share(std::size_t bytes, std::int64_t entries) {
    return entries == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(entries);
}

/// Parse, verify, index. The reason code makes entries longer.
void load_crl(benchmark::State& state, pki::CrlReason reason) {
    const std::int64_t entries = state.range(0);
    const std::string der = crl(static_cast<std::size_t>(entries), 1, reason);
    for (auto _ : state)
        benchmark::DoNotOptimize(load(der));

    const std::size_t before = bytes_in_use();
    forget_peak();
    const RevocationIndex index = load(der);
    const std::size_t kept = bytes_in_use() - before;
    state.counters["index_bytes"] = static_cast<double>(kept);
    state.counters["peak_bytes"] = static_cast<double>(peak_bytes() - before);
    if (entries == 0) return;
    state.counters["entry_time"] = per_entry(entries);
    state.counters["entry_bytes"] = share(kept, entries);
    state.counters["entry_peak"] = share(peak_bytes() - before, entries);
    state.counters["der_bytes"] = share(der.size(), entries);
}

/// The same file again, as a reload for another reason offers it.
void reload_unchanged(benchmark::State& state) {
    const std::string der = crl(static_cast<std::size_t>(state.range(0)), 1);
    const RevocationIndex previous = load(der);
    for (auto _ : state) {
        auto index = builder(&previous);
        add(index, der, pki::CrlLoad::unchanged);
        benchmark::DoNotOptimize(finish(index));
    }
}

/// Whether a list of one more entry has lost any that the list before had.
void shrink_guard(benchmark::State& state) {
    const auto entries = static_cast<std::size_t>(state.range(0));
    const RevocationIndex previous = load(crl(entries, 1));
    const std::string der = crl(entries + 1, 2);
    for (auto _ : state) {
        state.PauseTiming();
        auto index = builder(&previous);
        add(index, der, pki::CrlLoad::loaded);
        state.ResumeTiming();
        benchmark::DoNotOptimize(finish(index));
    }
}

/// Every n-th of the first `entries` serials of a seed, so that the look-ups go through the whole list.
std::vector<std::string> sample(std::uint64_t seed, std::size_t entries) {
    const std::size_t step = std::max<std::size_t>(entries / sampled_serials, 1);
    RandomSerials serials(seed, serial_octets);
    std::vector<std::string> chosen;
    for (std::size_t i = 0; i < entries; ++i) {
        const std::string_view serial = serials.next();
        if (i % step == 0 && chosen.size() < sampled_serials) chosen.emplace_back(serial);
    }
    return chosen;
}

void look_up(benchmark::State& state, const std::vector<std::string>& serials, Status expected) {
    const RevocationIndex index = load(crl(static_cast<std::size_t>(state.range(0)), 1));
    const auto issuer = pki::issuer_id(authority());
    std::size_t next = 0;
    std::size_t wrong = 0;
    for (auto _ : state) {
        const auto answer =
            index.ask(issuer, test::bytes(serials[next]), {}, RevocationIndex::Subject::user, test::now);
        wrong += answer.status != expected;
        if (++next == serials.size()) next = 0;
    }
    if (wrong > 0) throw std::runtime_error("a wrong answer");
}

void look_up_hit(benchmark::State& state) {
    look_up(state, sample(RandomCrl{}.seed, static_cast<std::size_t>(state.range(0))), Status::revoked);
}

void look_up_miss(benchmark::State& state) {
    look_up(state, sample(RandomCrl{}.seed + 1, sampled_serials), Status::good);
}

BENCHMARK_CAPTURE(load_crl, plain, pki::CrlReason::none)
    ->Arg(0)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load_crl, with_reason, pki::CrlReason::key_compromise)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(reload_unchanged)->Arg(0)->Arg(1'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(shrink_guard)->Arg(0)->Arg(1'000)->Arg(1'000'000)->Iterations(10)->Unit(benchmark::kMillisecond);
BENCHMARK(look_up_hit)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(look_up_miss)->Arg(0)->Arg(1'000)->Arg(1'000'000);

}  // namespace
}  // namespace sallyport::bench
