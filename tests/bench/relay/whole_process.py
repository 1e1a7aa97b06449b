"""Measures the relay of the real sallyport-gateway beside HAProxy and nginx; see ../README.md.

SALLYPORT_BIN=build/release/bin python3 -B tests/bench/relay/whole_process.py [--only small|put|get|...]
"""

import contextlib
import os
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import parts  # noqa: E402
import rounds  # noqa: E402
from companions import Devices, cpu_us  # noqa: E402
from nginx import NGINX, Nginx  # noqa: E402
from measurement import Measurement  # noqa: E402
from parts import title  # noqa: E402
from setting import MeasuredGateway, SUITE, memory_kib  # noqa: E402

from allocations import Allocations  # noqa: E402
from haproxy import HAPROXY, Haproxy  # noqa: E402

PARTS = ("small", "put", "get", "memory", "allocations", "latency")
SMALL = 1024
LARGE = 10 << 20
GIB = 1 << 30
BLOCK = 64 << 10  # what the gateway takes in one turn
CRL_ENTRIES = 1000
MAX_CONNECTIONS = 4096
SMALL_BUDGET = 1.10  # of HAProxy
PUT_BUDGET = 0.75  # of nginx
GET_BUDGET = 0.90
MEMORY_BUDGET_KIB = 128


class Relay(Measurement):
    @contextlib.contextmanager
    def servers(self, name, counted=False):
        """All three, fresh; the first is the one that the others are compared to."""
        logs = not self.options.without_logs
        with contextlib.ExitStack() as stack:
            crl = self.pki.big_crl(CRL_ENTRIES)
            crls = self.pki.big_crl(0, signer="root").read_text() + crl.read_text()
            folder = self.folder / name
            folder.mkdir()
            peers = {
                "haproxy": Haproxy(folder / "haproxy", self.pki, crls, self.store.port, MAX_CONNECTIONS, logs),
                "nginx": Nginx(folder / "nginx", self.pki, crls, self.store.port, logs, MAX_CONNECTIONS),
            }
            gateway = MeasuredGateway(folder / "gateway", self.pki, self.store.endpoint, crl)
            if not logs:
                gateway.without_logs()
            servers = []
            for kind, server in (*peers.items(), ("gateway", gateway)):
                allocations = Allocations(folder / f"{kind}.allocations")
                stack.callback(server.stop)
                with allocations.counted() if counted else contextlib.nullcontext():
                    server.start()
                pid = server.process.pid
                servers.append(MeasuredServer(kind, pid, server.port, allocations))
            gateway.settled()
            yield servers

    @contextlib.contextmanager
    def devices(self, number, first=1):
        devices = Devices("bench_relay_client", self.pki, number, first)
        try:
            yield devices.wait_until_ready()
        finally:
            devices.stop()

    # ---- CPU -----------------------------------------------------------------------------------

    def small(self):
        count, at_once = self.options.requests, self.options.threads
        title(f"GET of 1 KiB, kept connections, {at_once} at a time: server CPU, {self.rounds_of(count)}")
        print(f"    budget x {SMALL_BUDGET} of HAProxy")
        self.compare("get", count, at_once, SMALL, "haproxy", 1, "us")

    def put(self):
        self.large("put", PUT_BUDGET)

    def get(self):
        self.large("get", GET_BUDGET)

    def large(self, what, budget):
        count, at_once = self.options.transfers, self.options.large_threads
        title(f"{what.upper()} of 10 MiB, {at_once} at a time: server CPU for 1 GiB, {self.rounds_of(count)}")
        print(f"    budget x {budget} of nginx")
        self.compare(what, count, at_once, LARGE, "nginx", GIB / LARGE / 1000, "ms")

    def rounds_of(self, count):
        return f"{self.options.rounds} rounds of {count:,}"

    def compare(self, what, count, at_once, size, peer, factor, unit):
        with self.servers(f"{what}-{size}") as servers, self.devices(at_once) as devices:
            servers.sort(key=lambda server: server.name != peer)

            def cost(server):
                return cpu_us(server, devices, what, count, at_once, size) * factor

            companions = (devices.pid, self.store.pid)
            parts.print_ratios(rounds.compare(servers, cost, self.options.rounds, companions), unit)

    # ---- memory --------------------------------------------------------------------------------

    def memory(self):
        number = self.options.held
        title(f"Memory of {number} connections; budget: {MEMORY_BUDGET_KIB} KiB for a transfer above an idle one")
        with self.servers("memory") as servers, self.devices(3 * number) as devices:
            for server in servers:
                each = {}
                before = memory_kib(server.pid)
                for kind in ("idle", "put", "get"):
                    devices.run(f"hold-{kind}", server.port, number, 8, LARGE)
                    time.sleep(1)
                    now = memory_kib(server.pid)
                    each[kind], before = (now - before) / number, now
                devices.run("release")
                above = {kind: each[kind] - each["idle"] for kind in ("put", "get")}
                print(
                    f"    {server.name:12} idle {each['idle']:6.1f} KiB; above that a PUT whose device pauses "
                    f"{above['put']:6.1f}, a GET whose device does not read on {above['get']:6.1f}",
                    flush=True,
                )

    # ---- allocations ---------------------------------------------------------------------------

    def allocations(self):
        title("Allocations of the whole process, kept connections")
        with self.servers("allocations", counted=True) as servers, self.devices(1) as devices:
            for server in servers:
                small = self.allocations_of(server, devices, "get", 1000, SMALL)
                put, get = (self.allocations_of(server, devices, what, 20, LARGE) for what in ("put", "get"))
                print(
                    f"    {server.name:12} {small:6.1f} for a GET of 1 KiB; for each 64 KiB of 10 MiB: "
                    f"PUT {put * BLOCK / LARGE:6.2f}, GET {get * BLOCK / LARGE:6.2f}",
                    flush=True,
                )

    def allocations_of(self, server, devices, what, count, size):
        devices.run(what, server.port, 20, 1, size)
        before = server.allocations.count()
        devices.run(what, server.port, count, 1, size)
        return (server.allocations.count() - before) / count

    # ---- latency -------------------------------------------------------------------------------

    def latency(self):
        count, uploads = self.options.latency_requests, self.options.uploads
        title(f"GET of 1 KiB during {uploads} uploads of 10 MiB, {self.rounds_of(count)}; budget x 1 of HAProxy's p99")
        with (
            self.servers("latency") as servers,
            self.devices(uploads) as bulk,
            self.devices(1, uploads + 1) as asking,
        ):
            has_right_of_way = give_right_of_way(self.store.pid) and give_right_of_way(asking.pid)
            print(f"    {'the store and who asks have right of way on their core' if has_right_of_way else 'all are equal'}")
            middles = {}

            def p99(server):
                bulk.run("stream", server.port, 0, uploads, LARGE)
                time.sleep(0.2)
                p50, p99 = asking.run("get", server.port, count, 1, SMALL)
                for devices in (bulk, asking):  # a turn may be longer than a server waits for the next request
                    devices.run("release")
                middles.setdefault(server.name, []).append(p50 / 1000)
                return p99 / 1000

            companions = (bulk.pid, asking.pid, self.store.pid)
            parts.print_ratios(rounds.compare(servers, p99, self.options.rounds, companions))
            for name, p50 in middles.items():
                print(f"    {name:12} p50 {statistics.median(p50):8.1f} us")


class MeasuredServer(rounds.Server):
    def __init__(self, name, pid, port, allocations):
        super().__init__(name, pid, port)
        self.allocations = allocations


def give_right_of_way(pid):
    """How long a process waits for its core says nothing about the server. Threads inherit it."""
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(task.name), os.SCHED_FIFO, os.sched_param(1))
        return True
    except PermissionError:
        return False


def options():
    parser = parts.parser_of(__doc__, PARTS)
    parser.add_argument("--rounds", type=int, default=40, help="with each server")
    parser.add_argument("--requests", type=int, default=2000, help="small ones in a round")
    parser.add_argument("--threads", type=int, default=8, help="small requests at a time")
    parser.add_argument("--transfers", type=int, default=8, help="of 10 MiB in a round")
    parser.add_argument("--large-threads", type=int, default=4, help="of these at a time")
    parser.add_argument("--held", type=int, default=200, help="connections whose memory is measured")
    parser.add_argument("--latency-requests", type=int, default=200, help="in a round, one after the other")
    parser.add_argument("--uploads", type=int, default=8, help="meanwhile")
    parser.add_argument("--without-logs", action="store_true", help="nobody writes a line for each request")
    return parser.parse_args()


def main():
    chosen = options()
    for program in (NGINX, HAPROXY):
        if not Path(program).exists():
            sys.exit(f"{program} is missing (Debian: nginx-light, haproxy)")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for all that it starts
    parts.run(Relay, PARTS, chosen)


if __name__ == "__main__":
    main()
