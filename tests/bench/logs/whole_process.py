"""Measures what logs and metrics cost a kept-alive GET of 1 KiB; see ../README.md.

SALLYPORT_BIN=build/release/bin python3 -B tests/bench/logs/whole_process.py [--rounds 60]
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import parts  # noqa: E402
import rounds  # noqa: E402
from companions import Devices, cpu_us  # noqa: E402
from measurement import Measurement  # noqa: E402
from parts import title  # noqa: E402
from setting import MeasuredGateway  # noqa: E402
from support.processes import program, run  # noqa: E402

PARTS = ("small",)
SMALL = 1024
CRL_ENTRIES = 1000
BUDGET = 0.08
ALL_LOGS = "log: {access: access.log, events: events.log, audit: audit.log, level: info}"


class Logs(Measurement):
    def gateway(self, name, logs=None):
        gateway = MeasuredGateway(self.folder / name, self.pki, self.store.endpoint, self.pki.big_crl(CRL_ENTRIES))
        if logs:
            gateway.log_to(logs)
        else:
            gateway.without_logs()
        gateway.start()
        self.stack.callback(gateway.stop)
        gateway.settled()
        return rounds.Server(name, gateway.process.pid, gateway.port)

    def small(self):
        count, at_once = self.options.requests, self.options.threads
        title(f"GET of 1 KiB, kept connections, {at_once} at a time: CPU, {self.options.rounds} rounds of {count:,}")
        servers = [self.gateway("no logs"), self.gateway("all logs", ALL_LOGS)]
        devices = Devices("bench_relay_client", self.pki, at_once).wait_until_ready()
        self.stack.callback(devices.stop)

        def cost(server):
            return cpu_us(server, devices, "get", count, at_once, SMALL)

        lines = rounds.compare(servers, cost, self.options.rounds, (devices.pid, self.store.pid))
        parts.print_ratios(lines)
        silent, ratio = lines[0][1], lines[1][2]
        metrics = self.microseconds("count_request")
        line = self.microseconds("log_request")
        logs = silent * (ratio - 1)
        print(f"    metrics {metrics:8.3f} us (by themselves; they cannot be switched off)")
        print(f"    a line  {line:8.3f} us (by itself, to /dev/null, with the thread that writes)")
        share = (logs + metrics) / (silent - metrics)
        print(f"    logs and metrics {logs + metrics:6.3f} us of {silent - metrics:.1f} us: {share:.1%}, budget {BUDGET:.0%}")

    def microseconds(self, benchmark):
        """Pinned like the servers."""
        core = str(min(os.sched_getaffinity(0)))
        done = run("taskset", "-c", core, program("bench_logs"), f"--benchmark_filter=^{benchmark}",
                   "--benchmark_format=json", "--benchmark_repetitions=5")
        figures = json.loads(done.stdout)["benchmarks"]
        (median,) = [figure for figure in figures if figure.get("aggregate_name") == "median"]
        return median["cpu_time"] / {"ns": 1000, "us": 1}[median["time_unit"]]


def options():
    parser = parts.parser_of(__doc__, PARTS)
    parser.add_argument("--rounds", type=int, default=40, help="with each server")
    parser.add_argument("--requests", type=int, default=2000, help="in a round")
    parser.add_argument("--threads", type=int, default=8, help="at a time")
    return parser.parse_args()


if __name__ == "__main__":
    parts.run(Logs, PARTS, options())
