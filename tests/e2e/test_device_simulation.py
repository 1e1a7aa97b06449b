"""`sallyport-device simulate`: a fleet in one process visits the real gateway, so that operators can rehearse."""

import json
import os
import pty
import re

from support.card import configuration
from support.case import EndToEndTest, main
from support.gateway import start_gateway
from support.imposter import ImposterStore
from support.processes import Program, program, run, wait_until
from support.sallyport_pki import SallyportPki
from support.sigv4 import Signer

DEVICES = [f"000000{number:02X}" for number in range(1, 21)]
REVOKED = DEVICES[3], DEVICES[17]
UPLOAD = 100_000


class DeviceSimulation(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = SallyportPki(cls.folder / "pki")
        identities = [cls.pki.device(device) for device in DEVICES]
        for identity in identities:
            if identity.id in REVOKED:
                cls.pki.revoke(identity)
        cls.store = ImposterStore()
        cls.addClassCleanup(cls.store.stop)
        cls.gateway = start_gateway(cls, cls.pki, cls.store.endpoint)
        cls.config = cls.folder / "config-01.09.json"
        cls.write_configuration("https://127.0.0.1")

    @classmethod
    def write_configuration(cls, endpoint):
        document = configuration(cls.gateway.port, Signer("FLEETKEY", "secret-of-the-fleet"))
        document["connect"]["s3"]["server"]["endpoint"] = endpoint
        cls.config.write_text(json.dumps(document))

    def command(self, *options, devices=len(DEVICES)):
        fleet = "--fleet", self.pki.depot, "--config", self.config, "--trust", self.pki.root
        return program("sallyport-device"), "simulate", *fleet, "--devices", devices, *options

    def row(self, output, name):
        """The two numbers of a line of the table of states."""
        found = re.search(rf"^{name} +(\d+) +(\d+)$", output, re.MULTILINE)
        self.assertTrue(found, output)
        return int(found.group(1)), int(found.group(2))

    def test_fleet_with_revoked_devices(self):
        done = run(
            *self.command("--seconds", 4, "--period", 1, "--at-once", 4, "--upload-bytes", UPLOAD), seconds=60
        )
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\r", done.stdout, "no progress in a pipe")
        well, visits = self.row(done.stdout, "ok")
        self.assertEqual(well, 18)
        self.assertGreaterEqual(visits, 36, "each comes again")
        self.assertEqual(self.row(done.stdout, "revoked"), (2, 2), "a revoked device asks seldom")
        puts = re.search(r"^PUT +(\d+)( +\d+\.\d){4}$", done.stdout, re.MULTILINE)
        self.assertEqual(int(puts.group(1)), visits, done.stdout)

        stored = [target.split("/")[2:] for target in self.store.objects]
        self.assertEqual(len(stored), visits)
        self.assertEqual({device for device, _, _ in stored}, set(DEVICES) - set(REVOKED))
        self.assertEqual({session for _, session, _ in stored}, {"99999999"})
        self.assertEqual({len(content) for content in self.store.objects.values()}, {UPLOAD})
        for device in REVOKED:
            event = self.gateway.wait_for_event("handshake_failed", device=device)
            self.assertEqual(event["reason"], "revoked")

    def test_writes_nothing_unless_it_is_told_to(self):
        before = len(self.store.requests)
        done = run(*self.command("--seconds", 2, "--period", 1, devices=3), seconds=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        methods = {request.start_line.split()[0] for request in self.store.requests[before:]}
        self.assertEqual(methods, {"HEAD"})

    def test_progress_on_a_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        log = self.folder / "terminal.log"
        running = Program(log, "sh", "-c", 'exec "$@" >/dev/fd/0', "sh", *self.command(devices=2), stdin=theirs)
        os.close(theirs)
        self.addCleanup(running.kill)
        shown = b""

        def progress():
            nonlocal shown
            shown += os.read(ours, 4096)
            return b" of 60 s  " in shown

        wait_until(progress, "a line of progress")
        self.assertEqual(running.stop(), 0, "SIGTERM ends it before its time")

    def test_mistakes_are_told(self):
        self.addCleanup(self.write_configuration, "https://127.0.0.1")
        cases = {
            "has 20 devices, not 21": self.command(devices=21),
            "cannot list": (program("sallyport-device"), "simulate", "--fleet", "/nowhere", "--devices", 1),
        }
        for expected, command in cases.items():
            with self.subTest(expected):
                done = run(*command)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(expected, done.stderr)
        self.write_configuration("https://fleet.example.test")
        done = run(*self.command())
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("a simulation speaks to loopback only", done.stderr)


if __name__ == "__main__":
    main()
