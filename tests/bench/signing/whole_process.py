"""Measures what signatures cost the real sallyport-gateway: CPU for 1 GiB of PUT, passed through and signed anew; see
../README.md.

SALLYPORT_BIN=build/release/bin python3 -B tests/bench/signing/whole_process.py [--rounds N]
"""

import contextlib
import hashlib
import itertools
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import parts  # noqa: E402
import rounds  # noqa: E402
from measurement import Measurement  # noqa: E402
from parts import title  # noqa: E402
from setting import MeasuredGateway, device_context, run_time_ns  # noqa: E402
from support.chunked_payload import SIGNED, signed_chunks  # noqa: E402
from support.https_client import Connection  # noqa: E402
from support.processes import run  # noqa: E402
from support.sigv4 import UNSIGNED, Signer  # noqa: E402

PARTS = ("unsigned", "all")
BODY = os.urandom(10 << 20)
GIB = 1 << 30
AT_ONCE = 4  # uploads, so that the gateway is never without work
CHUNK = 64 << 10  # as most SDKs cut
BUDGET = 1.03  # of pass-through, for UNSIGNED-PAYLOAD that is signed anew
CLIENT = Signer("CLIENTKEY", "secret-of-the-client")
KEYS = f"access_keys: {{fleet: [{CLIENT.access_key}], secrets: {{file: secrets.txt}}}}\n"
RESIGN = """\
  signing: resign
  resign: {region: eu-north-9, credentials: {file: store.credentials}}
"""
# What the gateway does, and what x-amz-content-sha256 says.
KINDS = {
    "passed through": (None, UNSIGNED),
    "signed anew, unsigned payload": (RESIGN, UNSIGNED),
    "signed anew, hash of payload": (RESIGN, hashlib.sha256(BODY).hexdigest()),
    "signed anew, signed chunks": (RESIGN, SIGNED),
}


class Uploads:
    """A gateway, and one upload, which can be repeated for as long as its signature is young."""

    def __init__(self, name, folder, pki, store):
        self.name = name
        signing, self._payload_hash = KINDS[name]
        self.gateway = MeasuredGateway(folder, pki, store.endpoint, pki.big_crl(1))
        self.port = self.gateway.port
        text = self.gateway.configuration.read_text()
        if signing:
            text = text.replace("  signing: passthrough\n", signing) + KEYS
            self._write_secret("secrets.txt", f"{CLIENT.access_key} {CLIENT.secret_key}\n")
            self._write_secret(
                "store.credentials", "[default]\naws_access_key_id = K\naws_secret_access_key = S\n"
            )
        self.gateway.write_configuration(text)
        self._context = device_context(pki, pki.good)
        self._target = f"/fleet/{pki.good.id}/log.MF4"

    def _write_secret(self, name, text):
        file = self.gateway.folder / name
        file.write_text(text)
        file.chmod(0o600)

    def start(self):
        self.gateway.start()
        self.pid = self.gateway.process.pid

    def cost(self, number):
        """Milliseconds of CPU for 1 GiB."""
        host = f"127.0.0.1:{self.port}"
        fields = [("x-amz-decoded-content-length", str(len(BODY)))] if self._payload_hash == SIGNED else []
        headers = CLIENT.sign("PUT", self._target, host, fields, payload_hash=self._payload_hash)
        body = BODY
        if fields:
            pieces = [BODY[at : at + CHUNK] for at in range(0, len(BODY), CHUNK)]
            body = b"".join(signed_chunks(CLIENT, headers, pieces))
        headers = headers + [("Content-Length", len(body))]
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as threads:
            connections = [
                stack.enter_context(Connection(self.port, self._context)) for _ in range(AT_ONCE)
            ]

            def upload(times):
                for done in [
                    threads.submit(self._upload, connection, headers, body, times) for connection in connections
                ]:
                    done.result()

            upload(1)
            before = run_time_ns(self.pid)
            upload(number // AT_ONCE)
            spent = run_time_ns(self.pid) - before
        return spent / 1e6 * GIB / (number // AT_ONCE * AT_ONCE * len(BODY))

    def _upload(self, connection, headers, body, times):
        for _ in range(times):
            connection.send_head("PUT", self._target, headers)
            connection.send(body)
            answer = connection.read_answer("PUT")
            if answer.status != 200:
                raise AssertionError(f"{self.name}: {answer.status} {answer.body}")


class Signing(Measurement):
    def __init__(self, options, folder, stack):
        super().__init__(options, folder, stack)
        self._numbers = itertools.count()

    def unsigned(self):
        self._put(f"budget x {BUDGET}", list(KINDS)[:2])

    def all(self):
        self._put(f"SHA-256 alone: {sha256_ms():.0f} ms", KINDS)

    def _put(self, remark, kinds):
        title(f"PUT of 10 MiB: gateway CPU for 1 GiB, {self.options.rounds} rounds of {self.options.transfers}")
        print(f"    {remark}")
        with contextlib.ExitStack() as stack:
            servers = []
            for name in kinds:
                folder = self.folder / f"gateway-{next(self._numbers)}"
                server = Uploads(name, folder, self.pki, self.store)
                server.start()
                stack.callback(server.gateway.stop)
                servers.append(server)
            lines = rounds.compare(
                servers,
                lambda server: server.cost(self.options.transfers),
                self.options.rounds,
                (self.store.pid,),
            )
            parts.print_ratios(lines, "ms")


def sha256_ms():
    """OpenSSL's own figure for 1 GiB, one core."""
    said = run("openssl", "speed", "-seconds", "1", "-bytes", "65536", "-evp", "sha256", seconds=30)
    kilobytes_per_second = float(re.search(r"([0-9.]+)k\s*$", said.stdout.strip()).group(1))
    return GIB / kilobytes_per_second


if __name__ == "__main__":
    parser = parts.parser_of(__doc__, PARTS)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--transfers", type=int, default=40)
    parts.run(Signing, PARTS, parser.parse_args())
