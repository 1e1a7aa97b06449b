"""512 MiB pass in both directions whole, in bounded memory."""

import hashlib
import http.client
import os
import time
from pathlib import Path

from support.case import main
from support.fleet import FleetTest
from support.processes import program

MIB = 1 << 20
SIZE_MIB = 512
PEAK_LIMIT_KIB = 64 * 1024
TARGET = "/fleet/AABBCCDD/00000001/00000001-5E0BE100.MF4"


def sanitized():
    """The sanitizers' own memory would be measured instead of ours."""
    binary = Path(program("sallyport-gateway")).read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


class LargeObject(FleetTest):
    real_store = True

    def test_put_and_get_512_mib(self):
        block = os.urandom(MIB)
        sent = hashlib.sha256()
        connection = self.connect(self.device)
        started = time.monotonic()
        connection.send_head(
            "PUT",
            TARGET,
            self.signer.sign("PUT", TARGET, connection.host) + [("Content-Length", SIZE_MIB * MIB)],
        )
        for number in range(SIZE_MIB):
            piece = number.to_bytes(8, "big") + block[8:]  # no two are the same
            sent.update(piece)
            connection.send(piece)
        self.assertEqual(connection.read_answer("PUT").status, 200)
        put_seconds = time.monotonic() - started
        self.assertEqual(
            self.store.sha256(TARGET.removeprefix("/fleet/")), sent.hexdigest(), "as the store has it"
        )

        received = hashlib.sha256()
        started = time.monotonic()
        connection.send_head("GET", TARGET, self.signer.sign("GET", TARGET, connection.host))
        response = http.client.HTTPResponse(connection.tls, method="GET")
        response.begin()
        self.assertEqual(response.status, 200)
        while piece := response.read(MIB):
            received.update(piece)
        get_seconds = time.monotonic() - started
        self.assertEqual(received.hexdigest(), sent.hexdigest())

        peak = self.gateway.peak_memory_kib()
        print(
            f"    512 MiB: PUT {put_seconds:.1f} s, GET {get_seconds:.1f} s, "
            f"peak memory of the gateway {peak / 1024:.1f} MiB"
        )
        if not sanitized():
            self.assertLess(peak, PEAK_LIMIT_KIB)


if __name__ == "__main__":
    main()
