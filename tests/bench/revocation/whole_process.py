"""Measures the real sallyport-gateway with large CRLs; see ../README.md.

SALLYPORT_BIN=build/release/bin python3 -B tests/bench/revocation/whole_process.py [--with-nginx]
"""

import contextlib
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from setting import MeasuredGateway, SUITE  # noqa: E402
from support.imposter import ImposterStore  # noqa: E402

import handshakes  # noqa: E402
import parts  # noqa: E402
import rounds  # noqa: E402
import stall  # noqa: E402
from nginx import NGINX, Nginx  # noqa: E402
from measurement import Measurement  # noqa: E402
from parts import title  # noqa: E402

MILLION = 1_000_000
PARTS = ("load", "large", "handshake", "stall")


class Revocation(Measurement):
    def __init__(self, options, folder, stack):
        super().__init__(options, folder, stack, options.reason, ImposterStore)

    @contextlib.contextmanager
    def gateway(self, name, crl=None):
        gateway = MeasuredGateway(self.folder / name, self.pki, self.store.endpoint, crl)
        try:
            yield gateway.start()
        finally:
            gateway.stop()

    # ---- taking in a CRL -----------------------------------------------------------------------

    def load(self):
        for form in ("der", "pem"):
            self.load_list(MILLION, form, self.options.reloads)

    def large(self):
        self.load_list(10 * MILLION, "der", 1)

    def load_list(self, entries, form, reloads):
        title(f"Taking in {entries:,} entries, {form.upper()}")
        with self.gateway(f"load-{entries}-{form}") as gateway:
            gateway.settled()
            print(f"  with an empty CRL                 steady {mib(gateway.memory_kib('VmRSS'))}")
            first = gateway.take_in(self.pki.big_crl(entries, form))
            print_load(f"empty -> {entries:,}", first)
            again = [gateway.take_in(self.pki.big_crl(entries + 1 + i, form)) for i in range(reloads)]
            for i, load in enumerate(again):
                print_load(f"one entry more ({i + 1})", load)

    # ---- handshakes ----------------------------------------------------------------------------

    def handshake(self):
        with contextlib.ExitStack() as stack:
            servers = []
            for name, entries in (("empty", 0), ("empty again", 0), (f"{MILLION:,}", MILLION)):
                crl = self.pki.big_crl(entries, "der")
                gateway = stack.enter_context(self.gateway(f"handshake-{name}", crl))
                gateway.settled()
                servers.append(rounds.Server(f"CRL {name}", gateway.process.pid, gateway.port))
            self.compare(f"Gateway, {SUITE}", servers, self.options.rounds)
        if self.options.with_nginx:
            self.handshake_nginx()

    def handshake_nginx(self):
        root = self.pki.big_crl(0, signer="root").read_text()
        with contextlib.ExitStack() as stack:
            servers = []
            for entries in (0, MILLION):
                crl = self.pki.big_crl(entries)
                nginx = Nginx(self.folder / f"nginx-{entries}", self.pki, root + crl.read_text())
                stack.callback(nginx.stop)
                print(f"\n  nginx, {entries:,} entries: {nginx.start():.1f} s to start, {mib(nginx.memory_kib())}")
                servers.append(rounds.Server(f"CRL {entries:,}", nginx.pid, nginx.port))
            # nginx completes the handshake of a bad certificate and answers 400.
            turns = max(self.options.rounds // 10, 10)  # each takes its time
            self.compare(f"nginx, {SUITE}", servers, turns, forged=False)

    def compare(self, name, servers, turns, forged=True):
        clients = {"good certificate": handshakes.Client(self.pki, self.pki.good)}
        if forged:
            clients["forged certificate"] = handshakes.Client(self.pki, self.pki.forged, refused=True)
        count = self.options.handshakes
        for kind, client in clients.items():
            title(f"{name}, {kind}: server CPU of a full handshake, {turns} rounds of {count}")

            def cost(server, client=client):
                return handshakes.cpu_us(server, client, count)

            parts.print_ratios(rounds.compare(servers, cost, turns), digits=4)

    # ---- stalls --------------------------------------------------------------------------------

    def stall(self):
        title(f"Another device's requests while {MILLION:,} entries are taken in")
        with self.gateway("stall", self.pki.big_crl(MILLION, "der")) as gateway:
            seen = []
            for i in range(self.options.reloads):
                seen.append(stall.measure(gateway, self.pki, self.pki.big_crl(MILLION + 1 + i, "der")))
                print_stall(seen[-1])
            for when, waits in (("quiet", [one.quiet for one in seen]), ("reloads", [one.during for one in seen])):
                longest = [one.longest for one in waits]
                print(f"  longest of {when}: median {statistics.median(longest):.1f} ms, most {max(longest):.1f} ms")


def mib(kib):
    return f"{kib / 1024:.1f} MiB"


def print_load(name, load):
    print(
        f"  {name:22} loaded after {load.wall_ms:7.0f} ms, in force after {load.enforced_ms:7.0f} ms, "
        f"CPU {load.cpu_s:6.2f} s, peak {mib(load.peak_kib)}, steady {mib(load.steady_kib)}",
        flush=True,
    )


def print_stall(seen):
    for name, waits in (("quiet", seen.quiet), (f"reload of {seen.load_ms:.0f} ms", seen.during)):
        print(
            f"  {name:20} {waits.requests:6} requests, p99 {waits.p99:6.2f} ms, longest {waits.longest:6.1f} ms",
            flush=True,
        )


def options():
    parser = parts.parser_of(__doc__, PARTS)
    parser.add_argument("--rounds", type=int, default=200, help="of handshakes with each server")
    parser.add_argument("--handshakes", type=int, default=10, help="in a round")
    parser.add_argument("--reloads", type=int, default=5, help="of each list, and of those that may stall")
    parser.add_argument("--reason", type=int, help="reason code of each entry; default none (14 bytes less)")
    parser.add_argument("--with-nginx", action="store_true", help=f"compare handshakes with {NGINX}")
    return parser.parse_args()


def main():
    parts.run(Revocation, PARTS, options())


if __name__ == "__main__":
    main()
