"""Measures the TLS front of the real sallyport-gateway beside nginx; see ../README.md.

SALLYPORT_BIN=build/release/bin python3 -B tests/bench/tls/whole_process.py [--only full|resumed|idle|storm]
"""

import contextlib
import os
import re
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import parts  # noqa: E402
import rounds  # noqa: E402
from companions import Devices, LeastServer, cpu_us  # noqa: E402
from nginx import NGINX, Nginx  # noqa: E402
from measurement import Measurement  # noqa: E402
from parts import title  # noqa: E402
from setting import MeasuredGateway, SUITE, memory_kib, schedule_ns  # noqa: E402
from support.processes import run  # noqa: E402

PARTS = ("full", "resumed", "idle", "storm")
FULL_BUDGET = 0.85  # of nginx
RESUMED_BUDGET = 0.40
IDLE_BUDGET_KIB = 35
CRL_ENTRIES = 1000
MAX_CONNECTIONS = 16384


class TlsFront(Measurement):
    @contextlib.contextmanager
    def servers(self, name, least=False):
        """nginx, to which the others are compared, and the gateway; both fresh, with the same CRLs. `least`: and what
        costs the least."""
        with contextlib.ExitStack() as stack:
            crl = self.pki.big_crl(CRL_ENTRIES)
            crls = self.pki.big_crl(0, signer="root").read_text() + crl.read_text()
            logs = not self.options.without_logs
            nginx = Nginx(
                self.folder / f"{name}-nginx", self.pki, crls, self.store.port, logs, MAX_CONNECTIONS
            )
            stack.callback(nginx.stop)
            nginx.start()
            gateway = MeasuredGateway(self.folder / f"{name}-gateway", self.pki, self.store.endpoint, crl)
            if not logs:
                gateway.without_logs()
            stack.callback(gateway.stop)
            gateway.start()
            gateway.settled()
            servers = [
                rounds.Server("nginx", nginx.pid, nginx.port),
                rounds.Server("gateway", gateway.process.pid, gateway.port),
            ]
            if least:
                least_server = LeastServer(self.pki, nginx.folder / "authorities.pem", self.store.port)
                stack.callback(least_server.stop)
                servers.append(rounds.Server("the least", least_server.pid, least_server.port))
            yield servers

    @contextlib.contextmanager
    def devices(self, number, first=1):
        devices = Devices("bench_tls_client", self.pki, number, first)
        try:
            yield devices.wait_until_ready()
        finally:
            devices.stop()

    # ---- connections ---------------------------------------------------------------------------

    def full(self):
        each = self.options.connections
        all_new = each * (self.options.rounds + 1)  # the first round does not count
        title(f"Full handshake, request, close: server CPU, {self.per_round()}")
        for kind, number in (("new devices", all_new), ("one device again and again", 1)):
            self.compare("full", kind, number, FULL_BUDGET)

    def resumed(self):
        title(f"Resumed handshake, request, close: server CPU, {self.per_round()}")
        self.compare("resumed", "by session id", self.options.threads, RESUMED_BUDGET)

    def per_round(self):
        return f"{self.options.rounds} rounds of {self.options.connections}, {SUITE}"

    def compare(self, what, kind, number, budget):
        with self.servers(f"{what}-{number}", least=True) as servers, self.devices(number) as devices:

            def cost(server):
                return cpu_us(server, devices, what, self.options.connections, self.options.threads)

            companions = (devices.pid, self.store.pid)
            print(f"  {kind}; budget x {budget}")
            parts.print_ratios(rounds.compare(servers, cost, self.options.rounds, companions))

    # ---- memory --------------------------------------------------------------------------------

    def idle(self):
        number = self.options.idle
        title(f"Memory of an idle connection, of {number:,}; budget {IDLE_BUDGET_KIB} KiB")
        warm = 100
        with self.servers("idle") as servers, self.devices(number + warm) as devices:
            for server in servers:
                devices.run("full", server.port, warm, self.options.threads)
                time.sleep(1)
                before = memory_kib(server.pid)
                devices.run("hold", server.port, number, self.options.threads)
                time.sleep(1)
                held = memory_kib(server.pid)
                devices.run("release")
                time.sleep(2)
                left = memory_kib(server.pid)
                print(
                    f"    {server.name:8} {(held - before) / number:6.1f} KiB each   ({before / 1024:.1f} MiB before, "
                    f"{held / 1024:.1f} with them, {left / 1024:.1f} after)",
                    flush=True,
                )

    # ---- storm ---------------------------------------------------------------------------------

    def storm(self):
        number, processes = self.options.storm, self.options.processes
        title(f"{number:,} new devices, {self.options.at_once} at a time, from {processes} processes")
        signs = rsa_signatures_per_second()
        print(f"    RSA alone would allow {signs:.0f}/s on one core")
        with self.servers("storm") as servers:
            for i in range(self.options.storms):
                for server in servers if i % 2 else reversed(servers):
                    self.one_storm(server, 1 + i * number)

    def one_storm(self, server, first):
        processes = self.options.processes
        each = self.options.storm // processes
        with contextlib.ExitStack() as stack:
            crowd = [Devices("bench_tls_client", self.pki, each, first + i * each) for i in range(processes)]
            for devices in crowd:
                stack.callback(devices.stop)
                devices.wait_until_ready()
            companions = [self.store.pid, *(devices.pid for devices in crowd)]
            with rounds.cores_apart([server], companions):
                before, begin = schedule_ns(server.pid), time.monotonic()
                for devices in crowd:
                    devices.begin("full", server.port, each, self.options.at_once // processes)
                errors = sum(devices.end()[0] for devices in crowd)
                took = time.monotonic() - begin
                cpu, waited = ((end - begin) / 1e9 for end, begin in zip(schedule_ns(server.pid), before))
        number = each * processes
        print(
            f"    {server.name:8} {errors} errors, {took:.2f} s, {number / took:.0f}/s; server CPU "
            f"{cpu / number * 1e6:.0f} us each, enough for {number / cpu:.0f}/s; it waited {waited:.2f} s for its core",
            flush=True,
        )


def rsa_signatures_per_second():
    core = min(os.sched_getaffinity(0))
    done = run("taskset", "-c", core, "openssl", "speed", "-seconds", 2, "rsa2048")
    return float(re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)", done.stdout).group(1))


def options():
    parser = parts.parser_of(__doc__, PARTS)
    parser.add_argument("--rounds", type=int, default=40, help="with each server")
    parser.add_argument("--connections", type=int, default=50, help="in a round")
    parser.add_argument("--threads", type=int, default=8, help="connections at a time")
    parser.add_argument("--idle", type=int, default=2000, help="idle connections")
    parser.add_argument("--storm", type=int, default=2000, help="devices in a storm")
    parser.add_argument("--storms", type=int, default=3, help="against each server, always by other devices")
    parser.add_argument("--at-once", type=int, default=200, help="connections at a time in a storm")
    parser.add_argument("--processes", type=int, default=4, help="that a storm comes from")
    parser.add_argument("--without-logs", action="store_true", help="both write no line for each connection")
    return parser.parse_args()


def main():
    chosen = options()
    if not Path(NGINX).exists():
        sys.exit(f"{NGINX} is missing (Debian: nginx-light)")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for all that it starts
    parts.run(TlsFront, PARTS, chosen)


if __name__ == "__main__":
    main()
