"""A rotation loses no line: files are renamed under traffic, SIGUSR1 or a reload makes them anew."""

import json
import signal
import threading

from support.audited import audit_lines, audited, verify
from support.case import main
from support.fleet import DEVICE, FleetTest
from support.https_client import Connection
from support.processes import wait_until

NAMES = ("access.log", "events.log", "audit.log")
CLIENTS = 4


class Rotation(FleetTest):
    def setUp(self):
        super().setUp()
        self.service = audited(self.folder / self.id().rpartition(".")[2], self.pki, self.store.endpoint)
        self.addCleanup(self.service.stop)
        self.service.start()
        self.sent = []  # (client, number) of each request that was answered
        self.over = threading.Event()

    def traffic(self, client):
        number = 0
        while not self.over.is_set():
            with Connection(self.service.port, self.context(self.device)) as connection:
                for _ in range(20):
                    connection.request(self.signer, "GET", f"/fleet/{DEVICE}/{client}-{number}")
                    self.sent.append(f"{client}-{number}")
                    number += 1

    def rotate(self, number, ask):
        for name in NAMES:
            (self.service.folder / name).rename(self.service.folder / f"{name}.{number}")
        count = len(self.sent)
        wait_until(lambda: len(self.sent) > count + 50, "requests between renaming and reopening")
        ask()
        wait_until(lambda: all((self.service.folder / name).exists() for name in NAMES), "the new files")

    def files(self, name, rotations):
        """The oldest first."""
        folder = self.service.folder
        return [folder / f"{name}.{number}" for number in range(rotations)] + [folder / name]

    def test_no_line_is_lost_or_torn(self):
        threads = [threading.Thread(target=self.traffic, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        asks = (
            lambda: self.service.process.signal(signal.SIGUSR1),
            lambda: self.service.process.signal(signal.SIGHUP),
            lambda: self.service.write_configuration(self.service.configuration.read_text() + "# changed\n"),
            lambda: self.service.process.signal(signal.SIGUSR1),
        )
        for number, ask in enumerate(asks):
            wait_until(lambda: len(self.sent) > 100 * (number + 1), "some requests")
            self.rotate(number, ask)
        self.over.set()
        for thread in threads:
            thread.join()
        self.service.stop()

        logged = []
        for file in self.files("access.log", len(asks)):
            text = file.read_text()
            self.assertTrue(text.endswith("\n"), file)
            keys = [json.loads(line)["key"] for line in text.splitlines()]
            self.assertGreater(len(keys), 0, f"{file} has its share")
            logged += [key.partition("/")[2] for key in keys]
        self.assertEqual(sorted(logged), sorted(self.sent), "each request once")
        for file in self.files("events.log", len(asks)):
            for line in file.read_text().splitlines():
                json.loads(line)
        for name in NAMES:
            self.assertEqual((self.service.folder / name).stat().st_mode & 0o137, 0, name)

        audits = self.files("audit.log", len(asks))
        self.assertEqual(verify(*audits)[0], 0, verify(*audits)[1])
        for file in audits[1:]:
            self.assertEqual(json.loads(file.read_text().splitlines()[0])["event"], "log_continued")
        self.assertEqual(len(audit_lines(*audits)), sum(len(file.read_text().splitlines()) for file in audits))
        self.assertEqual(verify(*audits[1:])[0], 0, "the oldest may be gone")
        self.assertEqual(verify(*audits[:1], *audits[2:])[0], 1, "not one between")
        self.assertEqual(self.service.events("log_lines_lost"), [])

    def test_files_that_were_not_touched_stay(self):
        inodes = [(self.service.folder / name).stat().st_ino for name in NAMES]
        self.service.process.signal(signal.SIGUSR1)
        self.service.reload()
        self.assertEqual([(self.service.folder / name).stat().st_ino for name in NAMES], inodes)

    def test_name_that_cannot_be_opened(self):
        """The old file stays in use, and the gateway says so; once the name is free, it is taken."""
        log = self.service.folder / "access.log"
        old = log.rename(log.with_name("access.log.1"))
        log.mkdir()
        self.service.process.signal(signal.SIGUSR1)
        failed = self.service.wait_for_event("log_failed", log="access")
        self.assertIn("directory", failed["detail"])
        with Connection(self.service.port, self.context(self.device)) as connection:
            connection.request(self.signer, "GET", f"/fleet/{DEVICE}/kept")
            wait_until(lambda: "/kept" in old.read_text(), "a line in the old file")
            log.rmdir()
            connection.request(self.signer, "GET", f"/fleet/{DEVICE}/one")
            wait_until(log.exists, "the new file")
            connection.request(self.signer, "GET", f"/fleet/{DEVICE}/two")
            wait_until(lambda: "/two" in log.read_text(), "a line in the new file")


if __name__ == "__main__":
    main()
