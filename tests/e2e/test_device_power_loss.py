"""The device is killed (kill -9) in the middle of its work: nothing is lost, nothing half written is used.

SALLYPORT_CUTS kills (default 20; 200 in `./test --long`), while log files go up and configuration, firmware, server
certificates and the device's own certificate come down. In the end every log file's bytes are in the store.
"""

import hashlib
import json
import os
import random
import ssl
import time

from support.card import Card
from support.case import EndToEndTest, main
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki, device_uri, openssl
from support.processes import Program, program
from support.sigv4 import Signer
from test_device_over_the_air import firmware

DEVICE = "AABBCCDD"
KILLS = 2 * int(os.environ.get("SALLYPORT_CUTS", "10"))
LONGEST_LIFE = 0.25  # seconds; a whole round of work takes about as long


class PowerLoss(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(11)
        self.pki = OpensslPki(self.folder / "pki")
        server = self.pki.server()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.chain, server.key)
        context.load_verify_locations(self.pki.root)
        context.verify_mode = ssl.CERT_REQUIRED
        self.store = ImposterStore(context=context)
        self.addCleanup(self.store.stop)
        identity = self.pki.device(DEVICE, "old", dates=("-startdate", "20240101000000Z", "-days", "30"))
        signer = Signer("FLEETKEY", "secret-of-the-fleet")
        self.card = Card(self.folder / "card", identity, self.pki.root, self.store.port, signer)
        self.hook = self.folder / "hook"
        self.hook.write_text('#!/bin/sh\ntest -f "$1"\n')
        self.hook.chmod(0o755)
        self.logs = {}  # SHA-256 by `session/split`
        self.answered = None
        self.round = 0

    def put(self, name, content):
        self.store.objects[f"/fleet/{DEVICE}/{name}"] = content

    def add_work(self):
        """New log files, and one change over the air, each kind in turn."""
        self.round += 1
        for split in range(1, 4):
            file = self.card.add_log_file(self.round, split, self.random.randrange(1_000, 2_000_000))
            self.logs[f"{self.round:08d}/{split:08d}"] = hashlib.sha256(file.read_bytes()).hexdigest()
        kind = self.round % 4
        if kind == 0:
            document = json.loads((self.card.folder / "config-01.09.json").read_text())
            document["connect"]["s3"]["sync"]["heartbeat"] = 300 + 5 * self.round
            self.configuration = json.dumps(document, indent=2).encode()
            self.put("config-01.09.json", self.configuration)
        elif kind == 1:
            self.put("firmware.bin", firmware((1, 9, self.round % 100), filler=1_000_000))
        elif kind == 2:
            self.put("certs_server.p7b", self.trust())
        else:
            self.answer_request()

    def trust(self):
        """The root that counts, and another that changes each time."""
        extra = self.folder / "extra.pem"
        self.pki._self_signed("device-ca", f"Extra {self.round}", extra, self.pki.config, "authority")
        out = self.folder / "bundle.p7b"
        openssl("crl2pkcs7", "-nocrl", "-certfile", self.pki.root, "-certfile", extra, "-out", out)
        return out.read_bytes()

    def answer_request(self):
        """The CA's part of a renewal. The new certificate is soon old, too, so that renewals go on."""
        request = self.store.objects.get(f"/fleet/{DEVICE}/device.csr")
        if request is None or request == self.answered:
            return
        self.answered = request
        file, leaf, out = (self.folder / name for name in ("received.csr", "renewed.pem", "renewed.p7b"))
        file.write_bytes(request)
        extensions = self.pki._leaf_extensions("renewed", "clientAuth", device_uri(DEVICE))
        authority = "-CA", self.pki.device_ca, "-CAkey", self.pki.folder / "device-ca.key"
        openssl(
            "x509", "-req", "-in", file, *authority, "-days", 30, "-extfile", extensions, "-extensions", "leaf",
            "-out", leaf,
        )  # fmt: skip
        openssl("crl2pkcs7", "-nocrl", "-certfile", leaf, "-certfile", self.pki.device_ca, "-out", out)
        self.put("certs_device.p7b", out.read_bytes())

    def run_and_kill(self):
        command = "run", "--card", self.card.folder, "--id", DEVICE, "--firmware-hook", self.hook
        device = Program(self.folder / "device.log", program("sallyport-device"), *command)
        time.sleep(self.random.uniform(0, LONGEST_LIFE))  # the random point: no condition to wait for
        self.assertIsNone(device.process.poll(), "it must not give up by itself")
        device.kill()

    def assert_no_log_is_lost(self):
        """Each is on the card or in the store, whole."""
        stored = {}
        for target, content in dict(self.store.objects).items():  # the store may still end a request
            if target.endswith(".MF4"):
                session, split = target.rsplit("/", 2)[1:]
                stored.setdefault(f"{session}/{split[:8]}", set()).add(hashlib.sha256(content).hexdigest())
        for name, digest in self.logs.items():
            if name in stored:
                self.assertEqual(stored[name], {digest}, "copies of one file are the same")
                continue
            file = self.card.folder / "LOG" / DEVICE / f"{name}.MF4"
            self.assertTrue(file.exists(), name)
            self.assertEqual(hashlib.sha256(file.read_bytes()).hexdigest(), digest)
        return stored

    def test_device_is_killed_anywhere(self):
        for _ in range(KILLS):
            self.add_work()
            self.run_and_kill()
            self.assert_no_log_is_lost()
        # A last answer, for the renewal to have an end; then the device works in peace.
        self.answer_request()
        for _ in range(3):
            done = self.card.upload("--firmware-hook", self.hook)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.answer_request()
        stored = self.assert_no_log_is_lost()
        self.assertEqual(set(stored), set(self.logs), "every log file is in the store")
        self.assertEqual(list((self.card.folder / "LOG").rglob("*.MF4")), [])
        self.assert_updates_are_in_force()
        copies = sum(target.endswith(".MF4") for target in self.store.objects) - len(self.logs)
        print(f"{KILLS} kills, {len(self.logs)} log files, {copies} copies of them", flush=True)

    def assert_updates_are_in_force(self):
        folder = self.card.folder
        objects = {
            target.rsplit("/", 1)[1]: content
            for target, content in self.store.objects.items()
            if target.count("/") == 3
        }
        self.assertEqual((folder / "config-01.09.json").read_bytes(), objects["config-01.09.json"])
        self.assertEqual((folder / "certs_server.p7b").read_bytes(), objects["certs_server.p7b"])
        self.assertEqual((folder / "certs_device.p7b").read_bytes(), objects["certs_device.p7b"])
        heartbeat = json.loads(objects["device.json"])
        image = objects["firmware.bin"]
        self.assertEqual(heartbeat["fw_ver"], f"{image[4]:02d}.{image[5]:02d}.{image[6]:02d}")
        self.assertFalse((folder / "firmware.bin").exists())
        leftovers = [file.name for file in folder.iterdir() if file.name.startswith(".")]
        self.assertEqual(leftovers, [], "half-written files do not pile up")


if __name__ == "__main__":
    main()
