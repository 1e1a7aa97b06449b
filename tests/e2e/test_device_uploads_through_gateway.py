"""The whole path: certificates by sallyport-pki, uploads by sallyport-device, the gateway, a real store."""

import hashlib
import os
import re

from support.card import Card
from support.case import EndToEndTest, main
from support.gateway import start_gateway
from support.sallyport_pki import SallyportPki
from support.store import BUCKET, not_with, start_store

MIB = 1 << 20
DEVICE = "AABBCCDD"


@not_with("swift", "its access keys have a colon, which no configuration of a device takes")
class DeviceUploads(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = SallyportPki(cls.folder / "pki")
        cls.identity = cls.pki.device(DEVICE)
        cls.store = start_store(cls)
        cls.gateway = start_gateway(cls, cls.pki, cls.store.endpoint)

    def new_card(self, name):
        return Card(self.folder / name, self.identity, self.pki.root, self.gateway.port, self.store)

    def test_log_files_arrive_whole_and_leave_the_card(self):
        card = self.new_card("card")
        files = [
            card.add_log_file(1, 1, 10 * MIB),
            card.add_log_file(1, 2, 1 * MIB),
            card.add_log_file(2, 1, 3 * MIB + 1),
        ]
        expected = {
            f"{DEVICE}/{file.parent.name}/{file.stem}": file.read_bytes()
            for file in files
        }

        done = card.upload()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        uploaded = re.findall(
            r"^uploaded (\S+) (\d+) bytes md5=([0-9a-f]{32}) in \d+ ms$", done.stdout, re.MULTILINE
        )
        logs = {key: digest for key, _, digest in uploaded if key.endswith(".MF4")}
        self.assertEqual(len(logs), len(files), done.stdout)
        for key, digest in logs.items():
            self.assertRegex(key, rf"^{DEVICE}/\d{{8}}/\d{{8}}-[0-9A-F]{{8}}\.MF4$")
            content = expected[key.rsplit("-", 1)[0]]
            self.assertEqual(digest, hashlib.md5(content).hexdigest(), key)
            self.assertEqual(self.store.sha256(key), hashlib.sha256(content).hexdigest(), "as the store has it")
            entry = self.gateway.wait_for_access(key=key, method="PUT")
            self.assertEqual((entry["status"], entry["device"]), (200, DEVICE))
        self.assertEqual([file for file in files if file.exists()], [], "stored files leave the card")

    def test_card_whose_clock_was_wrong(self):
        """Dates that do not fit into 32 bits."""
        identity = self.pki.device("20500101")
        card = Card(self.folder / "late", identity, self.pki.root, self.gateway.port, self.store)
        file = card.add_log_file(1, 1, 100_000)
        late = 2524608000  # 2050-01-01T00:00:00Z
        for path in (*card.folder.rglob("*"), card.folder):
            os.utime(path, (late, late))
        done = card.upload()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertFalse(file.exists())
        key = next(key for key in self.store.keys() if key.startswith("20500101") and key.endswith(".MF4"))
        self.assertEqual(self.store.client.head_object(Bucket=BUCKET, Key=key)["Metadata"]["timestamp"], "20500101T000000Z")

    def test_revoked_device_is_refused_and_keeps_its_files(self):
        identity = self.pki.device("0BADCAFE")
        card = Card(self.folder / "revoked", identity, self.pki.root, self.gateway.port, self.store)
        file = card.add_log_file(1, 1, 100_000)
        generation = self.gateway.generation()
        self.pki.revoke(identity)
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        done = card.upload()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r"(?m)^refused: ")
        self.assertTrue(file.exists())
        self.assertEqual([key for key in self.store.keys() if key.startswith("0BADCAFE")], [])
        event = self.gateway.wait_for_event("handshake_failed", device="0BADCAFE")
        self.assertEqual(event["reason"], "revoked")


if __name__ == "__main__":
    main()
