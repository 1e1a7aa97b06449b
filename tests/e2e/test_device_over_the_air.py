"""What operators put into the prefix of a device comes to it: configuration, firmware, certificates."""

import hashlib
import json
import ssl
import struct
import zlib

from support.card import Card
from support.case import EndToEndTest, main
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki, device_uri, openssl
from support.processes import run
from support.sigv4 import Signer

DEVICE = "AABBCCDD"
MAGIC = {
    "CANedge2": 0xBAADA555,
    "CANedge2 GNSS": 0x7FD43111,
    "CANedge3": 0xE670C727,
    "CANedge3 GNSS": 0xB74D1858,
}


def firmware(version, model="CANedge2", schema=b'{"type": "object"}', configuration=b"{}", filler=200_000):
    """An image as section 8 of the reference describes it."""
    head = struct.pack(">IBBB", MAGIC[model], *version).ljust(24, b"\0")
    start = 64 + filler
    head += struct.pack(">IIII", start, len(schema), start + len(schema), len(configuration))
    return head.ljust(64, b"\0") + b"\xa5" * filler + schema + configuration


class OverTheAir(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.other_pki = OpensslPki(cls.folder / "other-pki")
        cls.device = cls.pki.device(DEVICE)
        cls.server = cls.pki.server()
        cls.other_server = cls.other_pki.server()

    def setUp(self):
        super().setUp()
        self.store = self.start_store(self.server)
        self.card = self.new_card("card")
        self.hooked = self.folder / "hooked"
        self.hooked.unlink(missing_ok=True)
        self.hook = self.folder / "hook"
        self.write_hook("exit 0")

    def tls(self, server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.chain, server.key)
        context.load_verify_locations(self.pki.root)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def start_store(self, server, port=0):
        store = ImposterStore(context=self.tls(server), port=port)
        self.addCleanup(store.stop)
        return store

    def new_card(self, name):
        signer = Signer("FLEETKEY", "secret-of-the-fleet")
        return Card(
            self.folder / self.id().rsplit(".", 1)[1] / name,
            self.device,
            self.pki.root,
            self.store.port,
            signer,
        )

    def write_hook(self, ending):
        self.hook.write_text(f'#!/bin/sh\necho "$2" >>{self.hooked}\ntest -f "$1" || exit 7\n{ending}\n')
        self.hook.chmod(0o755)

    def offer(self, name, content):
        self.store.objects[f"/fleet/{DEVICE}/{name}"] = content

    def stored(self, name):
        return self.store.objects.get(f"/fleet/{DEVICE}/{name}")

    def requests(self, method, name):
        line = f"{method} /fleet/{DEVICE}/{name} "
        return [request for request in self.store.requests if request.start_line.startswith(line)]

    def once(self, code=0, *options):
        done = self.card.upload(*options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def changed_configuration(self, **sync):
        document = json.loads((self.card.folder / "config-01.09.json").read_text())
        document["connect"]["s3"]["sync"].update(sync)
        return json.dumps(document, indent=4).encode()

    # Configuration

    def test_own_configuration_goes_up_where_there_is_none(self):
        self.once()
        self.assertEqual(
            self.stored("config-01.09.json"), (self.card.folder / "config-01.09.json").read_bytes()
        )

    def test_configuration_of_the_server_wins(self):
        """And the device starts anew: the heartbeat says the new CRC-32."""
        fresh = self.changed_configuration(heartbeat=600)
        self.offer("config-01.09.json", fresh)
        output = self.once()
        self.assertIn("updated config-01.09.json\n", output)
        self.assertEqual((self.card.folder / "config-01.09.json").read_bytes(), fresh)
        heartbeat = json.loads(self.stored("device.json"))
        self.assertEqual(heartbeat["cfg_crc32"], f"{zlib.crc32(fresh):08X}")
        self.assertNotIn("updated", self.once(), "no loop")

    def test_bad_configuration_is_refused_once(self):
        self.once()
        before = (self.card.folder / "config-01.09.json").read_bytes()
        self.card.add_log_file(1, 1, 1000)
        self.offer("config-01.09.json", self.changed_configuration()[:-30])
        self.once(2)
        self.assertEqual((self.card.folder / "config-01.09.json").read_bytes(), before)
        self.assertEqual(json.loads(self.stored("device.json"))["sallyport"]["state"], "update_refused")
        self.assertTrue(
            [key for key in self.store.objects if key.endswith(".MF4")], "log files go up all the same"
        )
        self.once(2)
        self.assertEqual(len(self.requests("GET", "config-01.09.json")), 1)

    def test_broken_configuration_on_the_card(self):
        """The last good one is used, with a line that says so."""
        self.once()
        path = self.card.folder / "config-01.09.json"
        good = path.read_bytes()
        for name, content in {
            "cut": good[:200],
            "empty": b"",
            "huge": b" " * (2 << 20),
            "nonsense": b"\0\xff",
        }.items():
            with self.subTest(name):
                path.write_bytes(content)
                self.assertIn("the last good one is used", self.once())

    # Firmware

    def test_firmware_is_put_in_force_once(self):
        self.offer("firmware.bin", firmware((1, 9, 2)))
        output = self.once(0, "--firmware-hook", self.hook)
        self.assertIn("updated firmware.bin 01.09.02\n", output)
        self.assertEqual(self.hooked.read_text(), "01.09.02\n")
        self.assertEqual(json.loads(self.stored("device.json"))["fw_ver"], "01.09.02")
        self.assertFalse((self.card.folder / "firmware.bin").exists())
        self.once(0, "--firmware-hook", self.hook)
        self.assertEqual(self.hooked.read_text(), "01.09.02\n", "no loop, though the server keeps it")

    def test_6_1_firmware_check_asks_for_64_bytes_first(self):
        """All of an image is fetched only when its header says another version."""
        self.offer("firmware.bin", firmware((1, 9, 0)))
        self.once(0, "--firmware-hook", self.hook)
        ranges = [get.header("range") for get in self.requests("GET", "firmware.bin")]
        self.assertEqual(ranges, ["bytes=0-63"])
        self.store.requests.clear()
        self.offer("firmware.bin", firmware((1, 9, 2)))
        self.once(0, "--firmware-hook", self.hook)
        ranges = [get.header("range") for get in self.requests("GET", "firmware.bin")]
        self.assertEqual(ranges, ["bytes=0-63", None])

    def test_firmware_of_the_next_minor_version(self):
        """The device looks for the configuration of its new version, which stood on the server before."""
        fresh = self.changed_configuration(heartbeat=900)
        self.offer("config-01.10.json", fresh)
        self.offer("firmware.bin", firmware((1, 10, 0)))
        self.once(0, "--firmware-hook", self.hook)
        heartbeat = json.loads(self.stored("device.json"))
        self.assertEqual((heartbeat["fw_ver"], heartbeat["cfg_name"]), ("01.10.00", "config-01.10.json"))
        self.assertEqual((self.card.folder / "config-01.10.json").read_bytes(), fresh)
        self.assertEqual(self.stored("schema-01.10.json"), b'{"type": "object"}')

    def test_firmware_without_its_configuration(self):
        """The device keeps the configuration by which it finds its server."""
        self.offer("firmware.bin", firmware((1, 10, 0)))
        self.once(0, "--firmware-hook", self.hook)
        self.assertEqual(
            self.stored("config-01.10.json"), (self.card.folder / "config-01.09.json").read_bytes()
        )

    def test_bad_firmware_is_refused_once(self):
        good = firmware((1, 9, 2))
        cases = {
            "8_magic": firmware((1, 9, 2), "CANedge3 GNSS"),
            "8_version": firmware((1, 100, 2)),
            "8_schema_offset": good[:24] + b"\xff\xff\xff\xff" + good[28:],
            "8_configuration_length": good[:36] + b"\0\0\0\0" + good[40:],
            "8_cut_off": good[:-1],
            "8_header_only": good[:40],
            "8_no_json": firmware((1, 9, 2), schema=b"not JSON"),
            "empty": b"",
        }
        for name, image in cases.items():
            with self.subTest(name):
                self.offer("firmware.bin", image)
                self.once(2, "--firmware-hook", self.hook)
                gets = len(self.requests("GET", "firmware.bin"))
                self.once(2, "--firmware-hook", self.hook)
                self.assertEqual(len(self.requests("GET", "firmware.bin")), gets, "it is remembered")
        self.assertFalse(self.hooked.exists())

    def test_hook_that_fails(self):
        self.write_hook("exit 3")
        self.offer("firmware.bin", firmware((1, 9, 2)))
        self.once(2, "--firmware-hook", self.hook)
        self.once(2, "--firmware-hook", self.hook)
        self.assertEqual(self.hooked.read_text(), "01.09.02\n", "not again and again")
        self.assertEqual(json.loads(self.stored("device.json"))["fw_ver"], "01.09.00")

    # Server certificates

    def bundle(self, *certificates):
        out = self.folder / "bundle.p7b"
        files = [word for certificate in certificates for word in ("-certfile", certificate)]
        openssl("crl2pkcs7", "-nocrl", *files, "-out", out)
        return out.read_bytes()

    def own_root(self, pki, name):
        """Two roots of one subject cannot stand in one bundle."""
        out = self.folder / f"{name}.pem"
        openssl(
            "req",
            "-x509",
            "-new",
            "-key",
            pki.folder / "root.key",
            "-subj",
            f"/CN={name}",
            "-days",
            30,
            "-out",
            out,
            "-config",
            pki.config,
            "-extensions",
            "authority",
        )
        return out

    def test_server_certificates_are_replaced(self):
        fresh = self.bundle(self.pki.root, self.own_root(self.other_pki, "Next Root"))
        self.offer("certs_server.p7b", fresh)
        self.assertIn("updated certs_server.p7b\n", self.once())
        self.assertEqual((self.card.folder / "certs_server.p7b").read_bytes(), fresh)
        loaded = json.loads(self.stored("device.json"))["certs_server_sha1"]
        expected = [
            hashlib.sha1(der(pem)).hexdigest().upper()
            for pem in (self.pki.root, self.folder / "Next Root.pem")
        ]
        self.assertEqual(sorted(loaded), sorted(expected))

    def test_useless_server_certificates(self):
        before = (self.card.folder / "certs_server.p7b").read_bytes()
        for name, content in {
            "11_3_empty": b"",
            "11_3_nonsense": b"no certificate",
            "11_3_huge": b"x" * (1 << 19),
        }.items():
            with self.subTest(name):
                self.offer("certs_server.p7b", content)
                self.once(2)
                self.assertEqual((self.card.folder / "certs_server.p7b").read_bytes(), before)

    def test_server_certificates_of_tomorrow(self):
        """They wait until the server has the certificate that they are for."""
        before = (self.card.folder / "certs_server.p7b").read_bytes()
        tomorrow = self.other_pki.root.read_bytes()
        self.offer("certs_server.p7b", tomorrow)
        self.once(2)
        self.assertEqual((self.card.folder / "certs_server.p7b").read_bytes(), before)
        self.store.stop()
        objects, self.store = self.store.objects, self.start_store(self.other_server, self.store.port)
        self.store.objects = objects
        self.card.add_log_file(1, 1, 1000)
        self.once()
        self.assertEqual((self.card.folder / "certs_server.p7b").read_bytes(), tomorrow)
        self.assertTrue([key for key in self.store.objects if key.endswith(".MF4")])

    # The device's own certificate

    def old_identity(self):
        """A device whose certificate has less than a third of its life left."""
        identity = self.pki.device(DEVICE, "old", dates=("-startdate", "20240101000000Z", "-days", "30"))
        openssl(
            "crl2pkcs7", "-nocrl", "-certfile", identity.chain, "-out", self.card.folder / "certs_device.p7b"
        )

    def answer_to(self, request, days=30):
        file = self.folder / "received.csr"
        file.write_bytes(request)
        leaf = self.folder / "renewed.pem"
        extensions = self.pki._leaf_extensions("renewed", "clientAuth", device_uri(DEVICE))
        openssl(
            "x509",
            "-req",
            "-in",
            file,
            "-CA",
            self.pki.device_ca,
            "-CAkey",
            self.pki.folder / "device-ca.key",
            "-days",
            days,
            "-extfile",
            extensions,
            "-extensions",
            "leaf",
            "-out",
            leaf,
        )
        return self.bundle(leaf, self.pki.device_ca)

    def test_device_certificate_is_renewed(self):
        self.old_identity()
        self.once()
        request = self.stored("device.csr")
        subject = run(
            "openssl",
            "req",
            "-in",
            "/dev/stdin",
            "-noout",
            "-verify",
            "-subject",
            "-text",
            input=request.decode(),
        )
        self.assertIn("verify OK", subject.stderr)
        self.assertIn(f"CN = {DEVICE}", subject.stdout)
        self.assertIn(device_uri(DEVICE), subject.stdout)
        self.once()
        self.assertEqual(len(self.requests("PUT", "device.csr")), 1, "asked once")
        key = (self.card.folder / "certs_device.key").read_bytes()
        fresh = self.answer_to(request)
        self.offer("certs_device.p7b", fresh)
        self.assertIn("updated certs_device.p7b\n", self.once())
        self.assertEqual((self.card.folder / "certs_device.p7b").read_bytes(), fresh)
        self.assertNotEqual((self.card.folder / "certs_device.key").read_bytes(), key)
        self.assertEqual((self.card.folder / "certs_device.key").stat().st_mode & 0o777, 0o600)
        heartbeat = json.loads(self.stored("device.json"))
        self.assertIn(
            hashlib.sha256(der(self.folder / "renewed.pem")).hexdigest().upper(),
            heartbeat["certs_device_sha256"],
        )
        self.assertNotIn("updated", self.once())
        self.assertEqual(list(self.card.folder.glob("*.next")), [])

    def test_useless_answers(self):
        self.old_identity()
        self.once()
        before = (self.card.folder / "certs_device.p7b").read_bytes()
        foreign = self.pki.device("11223344", key_bits=2048)
        cases = {"another key": self.bundle(foreign.chain), "nonsense": b"x", "empty": b""}
        for name, content in cases.items():
            with self.subTest(name):
                self.offer("certs_device.p7b", content)
                self.once(2)
                self.assertEqual((self.card.folder / "certs_device.p7b").read_bytes(), before)

    def test_answer_that_the_server_refuses(self):
        """From a CA that the server does not trust: the old certificate stays in use."""
        self.old_identity()
        self.once()
        before = (self.card.folder / "certs_device.p7b").read_bytes()
        request = self.stored("device.csr")
        own, self.pki = self.pki, self.other_pki
        self.offer("certs_device.p7b", self.answer_to(request))
        self.pki = own
        self.once(2)
        self.assertEqual((self.card.folder / "certs_device.p7b").read_bytes(), before)
        self.assertEqual(self.card.device_file()["sallyport"]["state"], "update_refused")


def der(pem):
    return ssl.PEM_cert_to_DER_cert(pem.read_text())


if __name__ == "__main__":
    main()
