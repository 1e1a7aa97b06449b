"""Whoever reads a log through a pipe may stop: the service goes on, and so does its end."""

import json
import os
import signal

from support.audited import audit_lines, audited
from support.case import main
from support.fleet import DEVICE, FleetTest
from support.https_client import Connection
from support.processes import wait_until

TARGET = f"/fleet/{DEVICE}/x"
MORE_THAN_A_PIPE_HOLDS = 400


class LogReaderStops(FleetTest):
    def test_of_the_access_log(self):
        folder = self.folder / "stuck"
        folder.mkdir()
        pipe = folder / "access.pipe"
        os.mkfifo(pipe, 0o600)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        service = audited(folder, self.pki, self.store.endpoint, access=pipe)
        self.addCleanup(service.stop)
        service.start()
        self.ask(service, MORE_THAN_A_PIPE_HOLDS)
        service.wait_for_event("log_failed", log="access")
        self.assertEqual(service.metric("sallyport_log_failing", log="access"), 1)
        self.assertEqual(service.metric("sallyport_log_lines_dropped_total", log="access"), 0, "they wait")

        taken = bytearray()
        wait_until(lambda: self.take(reader, taken) == MORE_THAN_A_PIPE_HOLDS, "all come when it reads again")
        for line in taken.splitlines():
            json.loads(line)
        service.wait_for_event("log_lines_lost", log="access", count=0)

        self.ask(service, MORE_THAN_A_PIPE_HOLDS)
        service.process.signal(signal.SIGTERM)
        wait_until(lambda: service.events("stopped"), "it has stopped but for its logs")
        service.process.signal(signal.SIGTERM)  # of somebody impatient: the logs are still written
        self.assertEqual(service.process.wait(20), 0)
        self.assertRegex(service.events("log_failed")[-1]["detail"], "the last [0-9]+ lines are lost")
        self.assertEqual(audit_lines(folder / "audit.log")[-1]["event"], "log_closed")

    def ask(self, service, count):
        with Connection(service.port, self.context(self.device)) as connection:
            for _ in range(count):
                self.assertEqual(connection.request(self.signer, "GET", TARGET).status, 404)

    def take(self, reader, taken):
        """How many whole lines there are."""
        try:
            while block := os.read(reader, 1 << 16):
                taken += block
        except BlockingIOError:
            pass
        return taken.count(b"\n")


if __name__ == "__main__":
    main()
