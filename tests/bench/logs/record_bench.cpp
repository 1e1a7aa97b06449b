// What one request costs beside itself: its update of the metrics, and its line in the access log.
#include "gateway/log.h"
#include "gateway/metrics.h"

#include <benchmark/benchmark.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

/// Of a GET of 1 KiB.
RequestRecord usual_record() {
    RequestRecord record;
    record.time = std::chrono::system_clock::now();
    record.duration = 312us;
    record.request_id = "5f1cE0a9b37712c4";
    record.generation = 7;
    record.listener = "fleet";
    record.suite = "ECDHE-RSA-AES128-GCM-SHA256";
    record.client = {ClientKind::devices, "AABBCCDD", "fleet"};
    record.serial = "3F0A9B1C2D4E5F60718293A4B5C6D7E8F9012345";
    record.peer = "192.0.2.17:50312";
    record.operation = "GetObject";
    record.method = "GET";
    record.bucket = "fleet";
    record.key = "AABBCCDD/00000012/00000034-65A1B2C3.MF4";
    record.status = record.upstream_status = 200;
    record.bytes_out = 1024;
    record.upstream_duration = 250us;
    record.upstream = "127.0.0.1:9000";
    record.store_request_id = "tx00000c0ffee0000000001-0065a1b2c3-1041-default";
    record.judged = 20us;
    record.connected = 21us;
    record.sent = 30us;
    record.answered = 280us;
    return record;
}

void count_request(benchmark::State& state) {
    Metrics metrics;
    Metrics::Requests requests(metrics);
    const RequestRecord record = usual_record();
    for (auto _ : state)
        requests.count(record);
}
BENCHMARK(count_request);

/// With the thread that writes: CPU of the whole process.
void log_request(benchmark::State& state) {
    Log log({.access = "/dev/null", .events = "/dev/null"});
    const RequestRecord record = usual_record();
    for (auto _ : state)
        log.request(record);
}
BENCHMARK(log_request)->MeasureProcessCPUTime();

/// One that was refused, over and over: counted, not written.
void audit_refusal(benchmark::State& state) {
    char folder[] = "/tmp/sallyport-bench-XXXXXX";
    if (::mkdtemp(folder) == nullptr) return state.SkipWithError("no folder");
    const std::string audit = std::string(folder) + "/audit.log";
    {
        Log log({.access = "off", .events = "/dev/null", .audit = audit});
        RequestRecord record = usual_record();
        record.reason = Reason::wrong_prefix;
        for (auto _ : state)
            log.request(record);
    }
    std::remove(audit.c_str());
    std::remove(folder);
}
BENCHMARK(audit_refusal)->MeasureProcessCPUTime();

}  // namespace
}  // namespace sallyport::gateway
