"""Whatever a card holds, and whatever a server makes of it: the log files go up, and nothing else does."""

import json
import struct
import subprocess

from support.card import Card
from support.case import EndToEndTest, main
from support.imposter import ImposterStore, answer
from support.openssl_pki import OpensslPki
from support.processes import Program, program, run, wait_until
from support.sigv4 import Signer

DEVICE = "AABBCCDD"


class BadCards(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.device = cls.pki.device(DEVICE)

    def setUp(self):
        super().setUp()
        self.store = ImposterStore()
        self.addCleanup(self.store.stop)

    def new_card(self, folder):
        signer = Signer("FLEETKEY", "secret-of-the-fleet")
        card = Card(folder, self.device, self.pki.root, self.store.port, signer)
        card.use_plain_http()
        return card

    def stored_logs(self):
        return [content for target, content in self.store.objects.items() if target.endswith(".MF4")]

    def test_files_that_are_no_files(self):
        """Each is where a file of the device belongs. The card cannot be used as it should, but be emptied."""

        def make_folder(path):
            (path / "not" / "empty").mkdir(parents=True)

        cases = {
            "device.json": make_folder,
            "device.key": make_folder,
            "sallyport": lambda path: path.write_bytes(b"no folder"),
            "sallyport ": lambda path: path.with_name("sallyport").symlink_to(self.folder / "elsewhere"),
            "schema-01.09.json": make_folder,
            "firmware.part": make_folder,
        }
        (self.folder / "elsewhere").mkdir()
        for number, (name, spoil) in enumerate(cases.items()):
            with self.subTest(name):
                card = self.new_card(self.folder / f"card-{number}")
                content = card.add_log_file(1, 1, 2_000).read_bytes()
                spoil(card.folder / name)
                done = card.upload()
                self.assertTrue(content in self.stored_logs(), done.stdout + done.stderr)
        self.assertEqual(list((self.folder / "elsewhere").iterdir()), [], "nothing leaves the card by a link")

    def test_device_file_without_a_certificate(self):
        """It is all that says who the device is, so there is a copy."""
        card = self.new_card(self.folder / "name")
        for name in ("certs_device.p7b", "certs_device.key"):
            (card.folder / name).unlink()
        (card.folder / "device.json").write_text(json.dumps({"id": DEVICE, "fw_ver": "01.09.03"}))
        device = program("sallyport-device"), "once", "--card", card.folder
        self.assertEqual(run(*device).returncode, 0)
        for damaged in (b"", b"{", b"\xff\0", b"{}", b" " * (1 << 20), None):
            with self.subTest(damaged and damaged[:10]):
                content = card.add_log_file(1, 1, 2_000).read_bytes()
                if damaged is None:
                    (card.folder / "device.json").unlink()
                else:
                    (card.folder / "device.json").write_bytes(damaged)
                done = run(*device)
                self.assertTrue(content in self.stored_logs(), done.stdout + done.stderr)
                self.assertEqual(card.device_file()["fw_ver"], "01.09.03")

    def test_bad_firmware_that_cannot_be_moved_away(self):
        card = self.new_card(self.folder / "firmware")
        content = card.add_log_file(1, 1, 2_000).read_bytes()
        (card.folder / "firmware.bin").write_bytes(b"nonsense")
        (card.folder / "firmware.bad" / "full").mkdir(parents=True)
        done = card.upload("--firmware-hook", "/bin/true")
        self.assertTrue(content in self.stored_logs(), done.stdout + done.stderr)

    def test_full_card(self):
        """The first start on a card without room for another byte: only uploads can make room."""
        folder = self.folder / "full"
        folder.mkdir()
        mount = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True, check=False
        )
        if mount.returncode != 0:
            self.skipTest("needs the right to mount")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        card = self.new_card(folder / "card")
        content = card.add_log_file(1, 1, 50_000).read_bytes()
        with self.assertRaises(OSError):
            card.add_log_file(1, 2, 1_000_000)
        done = card.upload()
        self.assertTrue(content in self.stored_logs(), done.stdout + done.stderr)
        self.assertIn("No space left", done.stdout + done.stderr)
        self.assertEqual(list((card.folder / "LOG").rglob("*.MF4")), [])
        self.assertEqual(card.upload().returncode, 0)
        self.assertEqual(card.device_file()["id"], DEVICE)

    def test_log_folder_that_is_a_link(self):
        outside = self.folder / "outside" / DEVICE / "00000001"
        outside.mkdir(parents=True)
        (outside / "00000001.MF4").write_bytes(b"not of this card")
        card = self.new_card(self.folder / "link")
        (card.folder / "LOG").symlink_to(self.folder / "outside")
        self.assertEqual(card.upload().returncode, 0)
        self.assertEqual(self.stored_logs(), [])
        self.assertTrue((outside / "00000001.MF4").exists())

    def test_lines_obey_nobody(self):
        """What a server or a card says goes to terminals and log files as one line of text."""
        evil = rb'"evil\u001b]0;title\u0007\nrefused: all is well"'
        self.store.objects[f"/fleet/{DEVICE}/config-01.09.json"] = b"{%b: 1, %b: 2}" % (evil, evil)
        card = self.new_card(self.folder / "lines")
        done = card.upload()
        output = done.stdout + done.stderr
        self.assertIn("evil", output)
        self.assertEqual([c for c in output if c < " " and c != "\n"], [])
        self.assertNotIn("\nrefused: all is well", output)

    def test_stale_configuration_of_the_next_version(self):
        """A firmware of the next version comes, and its configuration that lies on the card is of no use."""
        schema = b'{"type": "object"}'
        head = struct.pack(">IBBB", 0xBAADA555, 1, 10, 0).ljust(24, b"\0")
        head += struct.pack(">IIII", 64, len(schema), 64 + len(schema), 2)
        card = self.new_card(self.folder / "stale")
        self.assertEqual(card.upload().returncode, 0)
        (card.folder / "config-01.10.json").write_bytes(b'{"general": ')
        self.store.objects[f"/fleet/{DEVICE}/firmware.bin"] = head.ljust(64, b"\0") + schema + b"{}"
        done = card.upload("--firmware-hook", "/bin/true")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(card.device_file()["fw_ver"], "01.10.00")
        content = card.add_log_file(1, 1, 2_000).read_bytes()
        self.assertEqual(card.upload().returncode, 0)
        self.assertTrue(content in self.stored_logs())

    def test_configuration_that_changes_each_time(self):
        """As from two servers that are not of one mind: the log files go up between the restarts."""
        card = self.new_card(self.folder / "flapping")
        document = json.loads((card.folder / "config-01.09.json").read_text())
        asked = []

        def reply(request):
            if f"{DEVICE}/config-" not in request.start_line:
                return self.store._store(request)
            asked.append(request)
            body = json.dumps(document, indent=len(asked) + 2).encode()
            whole = answer(200, "OK", body, [("ETag", f'"{len(asked)}-1"')])
            return whole[: -len(body)] if request.start_line.startswith("HEAD") else whole

        self.store.reply = reply
        content = card.add_log_file(1, 1, 2_000).read_bytes()
        command = program("sallyport-device"), "run", "--card", card.folder, "--id", DEVICE
        running = Program(self.folder / "flapping.log", *command)
        self.addCleanup(running.kill)
        wait_until(lambda: content in self.stored_logs(), "the log file at the store", 30)
        self.assertLess(len(asked), 20)
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    main()
