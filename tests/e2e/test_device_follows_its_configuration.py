"""Each setting of connect.s3 does on the wire what section 3.1 of the reference says."""

import hashlib
import re

from support.card import Card
from support.case import EndToEndTest, main
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki
from support.processes import Program, program, wait_until
from support.sigv4 import Signer

DEVICE = "AABBCCDD"


class Settings(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.device = cls.pki.device(DEVICE)

    def setUp(self):
        super().setUp()
        self.store = ImposterStore()
        self.addCleanup(self.store.stop)
        folder = self.folder / self.id().rsplit(".", 1)[1]
        signer = Signer("FLEETKEY", "secret-of-the-fleet")
        self.card = Card(folder, self.device, self.pki.root, self.store.port, signer)
        self.card.use_plain_http()
        (folder / "schema-01.09.json").write_text("{}")
        self.file = self.card.add_log_file(4, 189, 10_000)

    def set(self, part, **values):
        self.card.configure(lambda document: document["connect"]["s3"][part].update(values))

    def once(self):
        done = self.card.upload()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [request.start_line.split(" HTTP")[0] for request in self.store.requests]

    def log_request(self):
        self.once()
        return next(request for request in self.store.requests if ".MF4 " in request.start_line)

    def test_6_1_order_and_names(self):
        lines = self.once()
        log = lines.pop()
        prefix = f"/fleet/{DEVICE}"
        self.assertEqual(
            lines,
            [
                f"HEAD {prefix}/config-01.09.json",
                f"PUT {prefix}/config-01.09.json",
                f"PUT {prefix}/schema-01.09.json",
                f"PUT {prefix}/device.json",
                f"HEAD {prefix}/certs_server.p7b",
            ],
        )
        self.assertRegex(log, rf"^PUT {prefix}/00000004/00000189-[0-9A-F]{{8}}\.MF4$")

    def test_4_1_user_metadata(self):
        self.card.configure(
            lambda document: document["connect"].update(
                wifi={"accesspoint": [{"ssid": "depot-ap", "pwd": "p"}], "keyformat": 0, "mode": 0}
            )
        )
        request = self.log_request()
        self.assertEqual(request.header("x-amz-meta-hw"), "00.03/00.00")
        self.assertEqual(request.header("x-amz-meta-fw"), "01.09.00")
        self.assertEqual(request.header("x-amz-meta-ssid"), "depot-ap")
        self.assertRegex(request.header("x-amz-meta-timestamp"), r"^\d{8}T\d{6}Z$")
        self.assertEqual(request.header("x-amz-meta-put-index"), "4")
        signed = re.search(r"SignedHeaders=([^,]+)", request.header("authorization"))[1].split(";")
        for name in ("host", "x-amz-content-sha256", "x-amz-date"):
            self.assertIn(name, signed)
        for name in ("hw", "fw", "ssid", "timestamp", "put-index"):
            self.assertIn(f"x-amz-meta-{name}", signed)

    def test_3_1_request_style(self):
        # A bucket that makes an address of its endpoint: no name server knows one for us.
        self.set("server", request_style=1, endpoint="http://0.0.1", bucket="127")
        request = self.log_request()
        self.assertRegex(request.start_line, rf"^PUT /{DEVICE}/00000004/")
        self.assertEqual(request.header("host"), f"127.0.0.1:{self.store.port}")

    def test_3_1_region(self):
        self.set("server", region="eu-north-1")
        self.assertIn("/eu-north-1/s3/aws4_request", self.log_request().header("authorization"))

    def test_3_1_region_empty(self):
        self.set("server", region="")
        self.assertIn("/us-east-1/s3/aws4_request", self.log_request().header("authorization"))

    def test_3_1_signed_payload_off(self):
        self.assertEqual(self.log_request().header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD")

    def test_3_1_signed_payload_on(self):
        self.set("server", signed_payload=1)
        content = self.file.read_bytes()
        request = self.log_request()
        self.assertEqual(request.header("x-amz-content-sha256"), hashlib.sha256(content).hexdigest())

    def test_3_1_sync_ota_off(self):
        self.set("sync", ota=0)
        lines = self.once()
        self.assertEqual(len(lines), 2, lines)
        self.assertIn("device.json", lines[0])

    def test_3_1_sync_heartbeat_off(self):
        self.set("sync", heartbeat=0)
        self.assertFalse([line for line in self.once() if "device.json" in line])

    def test_3_1_sync_logfiles_off(self):
        self.set("sync", logfiles=0)
        self.assertFalse([line for line in self.once() if ".MF4" in line])
        self.assertTrue(self.file.exists())

    def idles(self):
        command = program("sallyport-device"), "run", "--card", self.card.folder, "--id", DEVICE
        device = Program(self.folder / "idle.log", *command)
        self.addCleanup(device.kill)
        wait_until(lambda: "idle: " in (self.folder / "idle.log").read_text(), "it says that it idles")
        self.assertEqual(self.store.requests, [])
        self.assertTrue(self.file.exists())

    def test_3_1_endpoint_absent_idles(self):
        self.card.configure(lambda document: document["connect"]["s3"].update(server={}))
        self.idles()

    def test_3_1_protocol_web_server_idles(self):
        self.card.configure(lambda document: document["connect"].update(protocol=1))
        self.idles()

    def test_record_fills_the_queue(self):
        done = self.card.run("record", "--files", "3", "--bytes", "5000")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "recorded 3 files, 15000 bytes\n")
        self.once()
        names = sorted(target.split(DEVICE)[1][:18] for target in self.store.objects if ".MF4" in target)
        session = "/00000005/"
        self.assertEqual(
            names, ["/00000004/00000189", session + "00000001", session + "00000002", session + "00000003"]
        )


if __name__ == "__main__":
    main()
