"""The quick start shows what it promises, twice in a row, and leaves no process behind."""

import os
import time
import unittest
from pathlib import Path

from support.case import CHECKOUT, EndToEndTest, main
from support.processes import run

RELEASE = CHECKOUT / "build" / "release" / "bin"
SECOND_RUN_SECONDS = 60


def left_behind():
    """Command lines of processes that work in the demonstration's folder."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = process.read_bytes()
        except OSError:
            continue  # it has ended
        if b"run/demo" in arguments:
            lines.append(arguments.replace(b"\0", b" ").decode(errors="replace"))
    return lines


@unittest.skipUnless(
    Path(os.environ["SALLYPORT_BIN"]).resolve() == RELEASE.resolve(), "it builds and runs the preset 'release'"
)
class Quickstart(EndToEndTest):
    def check_once(self):
        done = run(CHECKOUT / "quickstart", seconds=280)
        if "another ./quickstart runs" in done.stderr:
            self.skipTest("a quick start runs in this checkout")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count(".. same"), 3, done.stdout)
        self.assertRegex(done.stdout, r"first refusal \d+ ms after the new CRL was written")
        self.assertRegex(done.stdout, r"log of the gateway: \S+ revoked: ")
        self.assertIn('sallyport_tls_handshake_failures_total{listener="fleet",reason="revoked"}', done.stdout)
        self.assertEqual(left_behind(), [])

    def test_twice(self):
        self.check_once()
        started = time.monotonic()
        self.check_once()
        self.assertLess(time.monotonic() - started, SECOND_RUN_SECONDS)


if __name__ == "__main__":
    main()
