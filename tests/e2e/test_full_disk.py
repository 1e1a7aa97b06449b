"""A full disk under the logs: the service goes on, what is lost is counted, and the logs say so when there is room again."""

import json
import os
import unittest

from support.audited import audit_events, audited, verify
from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.https_client import Connection
from support.processes import run, wait_until

TARGET = f"/fleet/{DEVICE}/x"


class FullDisk(FleetTest):
    """The disk is a small tmpfs, the only kind of full disk that root can make without a device. Where nothing can be
    mounted, unit tests have the same with RLIMIT_FSIZE and /dev/full."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / f"disk-{self.id().rpartition('.')[2]}"
        self.disk.mkdir()
        mounted = run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", self.disk)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(run, "umount", self.disk)
        self.ballast = self.disk / "ballast"

    def start(self, audit, access):
        service = audited(self.folder / self.id().rpartition(".")[2], self.pki, self.store.endpoint, audit, access)
        self.addCleanup(service.stop)
        return service.start()

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                pass
        room = os.statvfs(self.disk)
        self.assertEqual(room.f_bavail, 0)

    def ask(self, service, count, target=TARGET, status=404):
        with Connection(service.port, self.context(self.device)) as connection:
            for _ in range(count):
                self.assertEqual(connection.request(self.signer, "GET", target).status, status)

    def lines(self, file):
        """Each is whole and JSON."""
        text = file.read_text()
        self.assertIn(text[-1:], ("\n", ""))
        return [json.loads(line) for line in text.splitlines()]

    def test_under_the_access_log(self):
        log = self.disk / "access.log"
        service = self.start("audit.log", log)
        self.ask(service, 20)
        wait_until(lambda: log.exists() and len(self.lines(log)) == 20, "the first lines")
        self.assertEqual(service.metric("sallyport_log_lines_dropped_total"), 0)
        self.fill()
        self.ask(service, 200)
        service.wait_for_event("log_failed", log="access")
        self.assertEqual(service.metric("sallyport_log_failing", log="access"), 1)
        wait_until(lambda: service.metric("sallyport_log_lines_dropped_total", log="access") >= 150, "dropped lines")
        self.ballast.unlink()
        self.ask(service, 30)
        lost = service.wait_for_event("log_lines_lost", log="access")["count"]
        wait_until(lambda: len(self.lines(log)) == 250 - lost, "every line is written or counted")
        self.assertEqual(service.metric("sallyport_log_lines_dropped_total", log="access"), lost)
        self.assertEqual(service.metric("sallyport_log_failing", log="access"), 0)
        audit = service.folder / "audit.log"
        told = wait_until(lambda: audit_events(audit, event="log_lines_lost"), "the audit log says so")
        self.assertEqual((told[0]["log"], told[0]["count"]), ("access", lost))
        self.assertTrue(audit_events(audit, event="log_failed", log="access"))

    def test_under_the_audit_log(self):
        log = self.disk / "audit.log"
        service = self.start(log, "access.log")
        self.ask(service, 1, f"/fleet/{OTHER_DEVICE}/x", 403)
        wait_until(lambda: audit_events(log, event="request_refused"), "the first refusal")
        self.fill()
        wait_until(lambda: self.refuse_until_full(service, log), "the file takes no more")
        service.wait_for_event("log_failed", log="audit")
        self.assertEqual(service.metric("sallyport_log_failing", log="audit"), 1)
        self.ask(service, 20)
        service.reload()  # neither needs the audit log
        self.ballast.unlink()
        told = wait_until(lambda: audit_events(log, event="log_lines_lost", log="audit"), "the audit log says so", 30)
        self.assertIn("No space left", told[0]["detail"])
        self.assertEqual(told[0]["count"], service.metric("sallyport_log_lines_dropped_total", log="audit"))
        wait_until(lambda: audit_events(log, event="reload", trigger="SIGHUP"), "what has waited is written")
        service.stop()
        self.assertEqual(verify(log)[0], 0, verify(log)[1])

    def test_under_an_audit_log_that_is_append_only(self):
        """What the disk has taken of a line cannot be taken back: the chain vouches for it."""
        log = self.disk / "audit.log"
        log.touch()
        set_append_only = run("chattr", "+a", log)
        if set_append_only.returncode != 0:
            self.skipTest(f"no file can be append-only here: {set_append_only.stderr.strip()}")
        service = self.start(log, "access.log")
        wait_until(lambda: audit_events(log, event="crl"), "the first lines")
        self.fill()
        wait_until(lambda: self.refuse_until_full(service, log), "the file takes no more")
        torn = log.read_bytes().rpartition(b"\n")[2]
        self.assertTrue(torn)
        self.ballast.unlink()
        wait_until(lambda: audit_events(log, event="log_lines_lost", log="audit"), "the audit log says so", 30)
        service.stop()
        self.assertEqual(audit_events(log, event="torn_line")[0]["bytes"], len(torn))
        code, said = verify(log)
        self.assertEqual(code, 0, said)
        self.assertIn("1 torn", said)

    def refuse_until_full(self, service, log):
        """A page of the file may have room: fill it."""
        generation = service.generation()
        service.write_configuration(service.configuration.read_text() + "# changed\n")
        service.wait_for_generation_after(generation)
        return service.events("log_failed", log="audit")

    def test_under_the_audit_log_at_the_end(self):
        """It ends all the same, and says what was lost; the next start finds a chain that is whole."""
        log = self.disk / "audit.log"
        service = self.start(log, "access.log")
        self.fill()
        wait_until(lambda: self.refuse_until_full(service, log), "the file takes no more")
        service.stop()
        self.assertIn("log audit:", (service.folder / "gateway.log").read_text())
        self.assertEqual(verify(log)[0], 0, verify(log)[1])
        self.ballast.unlink()
        service.start()
        wait_until(lambda: len(audit_events(log, event="log_opened")) == 2, "the second start")
        self.assertFalse(audit_events(log, event="log_opened")[-1]["was_closed"])
        self.assertEqual(verify(log)[0], 0)


if __name__ == "__main__":
    main()
