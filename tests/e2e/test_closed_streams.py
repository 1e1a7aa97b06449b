"""Whoever starts the gateway may have closed the standard streams: what was meant for them lands in no file of ours."""

import os
import subprocess

from support.audited import audited, verify
from support.case import main
from support.fleet import DEVICE, FleetTest
from support.https_client import Connection
from support.processes import program, wait_until


class ClosedStreams(FleetTest):
    def test_all_three(self):
        service = audited(self.folder / "closed", self.pki, self.store.endpoint, access="stdout")
        text = service.configuration.read_text()
        service.write_configuration(text.replace("events: events.log", "events: stderr"))
        process = subprocess.Popen(
            [program("sallyport-gateway"), "run", "--config", str(service.configuration)],
            preexec_fn=lambda: os.closerange(0, 3),
            cwd=service.folder,
        )
        self.addCleanup(process.kill)
        wait_until(service.ready, "the gateway is ready")
        for number in (0, 1, 2):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/dev/null")
        with Connection(service.port, self.context(self.device)) as connection:
            self.assertEqual(connection.request(self.signer, "GET", f"/fleet/{DEVICE}/x").status, 404)
        process.terminate()
        self.assertEqual(process.wait(20), 0)
        code, said = verify(service.folder / "audit.log")
        self.assertEqual(code, 0, said)


if __name__ == "__main__":
    main()
