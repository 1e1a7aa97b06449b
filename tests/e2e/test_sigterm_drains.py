"""SIGTERM lets a running upload finish, takes no new connection, and ends with exit code 0."""

import signal
import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import program, run, wait_until

MIB = 1 << 20
TARGET = "/fleet/AABBCCDD/00000001/00000001-5E0BE100.MF4"


class SigtermDrains(FleetTest):
    def test_running_upload_is_finished(self):
        idle = self.connect(self.other)
        uploading = self.connect(self.device)
        body = bytes(range(256)) * (4 * MIB // 256)
        uploading.send_head(
            "PUT", TARGET, self.signer.sign("PUT", TARGET, uploading.host) + [("Content-Length", len(body))]
        )
        uploading.send(body[:MIB])
        self.store.wait_for_requests(1)

        self.gateway.process.signal(signal.SIGTERM)
        wait_until(
            lambda: refused(lambda: Connection(self.gateway.port, self.context(self.other)).close()),
            "new connections are refused",
        )
        idle.tls.settimeout(10)
        self.assertEqual(idle.tls.recv(1), b"", "an idle connection is closed")
        self.assertTrue(self.gateway.process.running(), "the gateway ended before its upload")
        for words, code, said in ((("health",), 1, "draining"), (("health", "--live"), 0, "ok")):
            done = run(program("sallyport-gateway"), *words, "--config", self.gateway.configuration)
            self.assertEqual((done.returncode, done.stdout.splitlines()[0]), (code, said))
        for start in range(MIB, len(body), MIB):
            uploading.send(body[start : start + MIB])
            time.sleep(0.05)
        answer = uploading.read_answer("PUT")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.store.requests[-1].body, body)
        self.assertEqual(self.gateway.process.wait(20), 0)
        self.assertTrue(self.gateway.events("stopped"))


if __name__ == "__main__":
    main()
