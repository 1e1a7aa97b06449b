"""What the measurements stand on: a PKI made by openssl, gateways of one worker, and what /proc says of them."""

import os
import re
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

from support.gateway import Gateway  # noqa: E402
from support.https_client import tls_context  # noqa: E402
from support.openssl_pki import Identity, OpensslPki, openssl  # noqa: E402
from support.processes import program, run  # noqa: E402

SUITE = "ECDHE-RSA-AES128-GCM-SHA256"
DEVICE = "AABBCCDD"
OTHER_DEVICE = "11223344"
TICKS = os.sysconf("SC_CLK_TCK")
LOAD_SECONDS = 300
LOGGING = "log: {access: access.log, events: events.log, level: info}"
NO_LOGGING = "log: {access: 'off', events: /dev/null, level: error}"
CLEAR_PEAK = "5"  # proc(5), clear_refs


class Pki(OpensslPki):
    """With CRLs of any length, each numbered above the one before, and a server certificate for all gateways."""

    def __init__(self, folder, reason=None):
        super().__init__(folder)
        self.number = 1000
        self.reason = () if reason is None else ("--reason", reason)
        self.gateway_identity = super().server("gateway")
        self.good = self.device(DEVICE)
        self.forged = self._forged(self.good)

    def server(self, name="server", dates=()):
        return self.gateway_identity

    def _forged(self, identity):
        """The same certificate with one bit of its signature turned."""
        der = self.folder / "forged.der"
        openssl("x509", "-in", identity.chain, "-outform", "der", "-out", der)
        damaged = bytearray(der.read_bytes())
        damaged[-1] ^= 1
        der.write_bytes(damaged)
        chain = self.folder / "forged.pem"
        chain.write_text(ssl.DER_cert_to_PEM_cert(bytes(damaged)) + self.device_ca.read_text())
        return Identity(identity.id, chain, identity.key)

    def big_crl(self, entries, form="pem", signer="device-ca"):
        """A file with that many random serials: those of a shorter list, and more."""
        self.number += 1
        out = self.folder / f"{signer}-{self.number}.crl"
        made = run(
            program("bench_make_crl"),
            *("--ca-cert", self.folder / f"{signer}.pem", "--ca-key", self.folder / f"{signer}.key"),
            *("--entries", entries, "--number", self.number, "--format", form, "--out", out),
            *self.reason,
            seconds=LOAD_SECONDS,
        )
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        return out


@dataclass
class Load:
    """What a gateway spent on a new CRL."""

    wall_ms: float
    enforced_ms: float
    cpu_s: float
    peak_kib: int
    steady_kib: int


class MeasuredGateway(Gateway):
    """One worker. `crl`: a file that is moved into its place before it starts."""

    def __init__(self, folder, pki, store, crl=None):
        folder.mkdir()
        super().__init__(folder, pki, store)
        self.write_configuration(self.configuration.read_text().replace("workers: 2", "workers: 1"))
        if crl:
            self.put_crl(crl)

    def log_to(self, logs):
        text = self.configuration.read_text()
        assert LOGGING in text
        self.write_configuration(text.replace(LOGGING, logs))

    def without_logs(self):
        """Its events go nowhere, so it is waited for by its admin listener."""
        self.log_to(NO_LOGGING)
        self.wait_for_event = lambda *_, **__: None

    def put_crl(self, file):
        os.replace(file, self.folder / "crl" / "device-ca.pem")

    def cpu_seconds(self):
        """Of the process, threads that ended included; to 10 ms."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_kib(self, what):
        return memory_kib(self.process.pid, what)

    def settled(self):
        """Waits until it has done nothing to speak of for half a second."""
        while True:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before <= 0.02:
                return

    def take_in(self, crl):
        """A reload of this file, measured."""
        self.settled()
        generation = self.generation()
        before = self.cpu_seconds()
        Path(f"/proc/{self.process.pid}/clear_refs").write_text(CLEAR_PEAK)
        self.put_crl(crl)
        enforced = self.wait_for_enforced(generation + 1)
        self.settled()
        return Load(
            wall_ms=self.events("reload", generation=generation + 1)[0]["load_ms"],
            enforced_ms=enforced["after_ms"],
            cpu_s=self.cpu_seconds() - before,
            peak_kib=self.memory_kib("VmHWM"),
            steady_kib=self.memory_kib("VmRSS"),
        )

    def wait_for_enforced(self, generation):
        """Looks seldom: who looks takes a core from who loads."""
        deadline = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < deadline:
            found = self.events("enforced", generation=generation)
            if found:
                return found[0]
            time.sleep(0.2)
        raise AssertionError(f"generation {generation} is not in force: {self.events()[-3:]}")


def memory_kib(pid, what="VmRSS"):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1))


def run_time_ns(pid):
    """CPU time of all threads that live, exactly."""
    return schedule_ns(pid)[0]


def schedule_ns(pid):
    """The same, and for how long they have waited for a core."""
    tasks = [(task / "schedstat").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(task[0]) for task in tasks), sum(int(task[1]) for task in tasks)


def device_context(pki, identity):
    """TLS 1.2 with the devices' best suite. Sessions are not offered again: each handshake is a full one."""
    context = tls_context(pki, identity, version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(SUITE)
    return context
