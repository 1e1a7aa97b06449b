"""sallyport-pki issue devices, killed anywhere and given again: in the end each device has one identity, whole.

Killed SALLYPORT_CUTS times (default 10; 100 in `./test --long`).
"""

import json
import os
import random
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from support.case import EndToEndTest, main
from support.depot import Depot
from support.distinct_keys import SPKI, DistinctKeys

CUTS = int(os.environ.get("SALLYPORT_CUTS", "10"))
OWN_KEYS = 4  # devices in a round; an RSA key takes long
REQUESTS = 250  # more than one batch of the tool

BAD_ROWS = (
    ("another form", "a1b2c3d4", "'a1b2c3d4' is not a device ID: 8 hexadecimal digits, upper case"),
    ("too long", "A1B2C3D4F", "is not a device ID"),
    ("a space", "A1B2C3D4 ", "is not a device ID"),
    ("twice", "00000003", "00000003 stands twice"),
    ("another column", "A1B2C3D4,1", "2 fields where the header has 1"),
    ("a quote", 'A1"B2C3D4', "a quote in the middle of a field"),
    ("behind a quote", '"A1B2C3D4"x', "text behind a quoted field"),
    ("open quote", '"A1B2C3D4', "a quote that is not closed"),
    ("a control character", "A1B2\x1b[31m", "a control character in a field"),
    ("a NUL", "A1B2\0C3D4", "a control character in a field"),
    ("no UTF-8", b"A1B2C3\xff4".decode("latin-1"), "is not a device ID"),
)


def public_key(certificate):
    return certificate.public_key().public_bytes(*SPKI)


class BulkIssuance(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.depot = Depot(self.folder / self._testMethodName)
        self.depot.do("init")

    def devices(self, first, count):
        return [f"{number:08X}" for number in range(first, first + count)]

    def kill_within(self, seconds, *command):
        """True when it was killed before it had finished."""
        tool = self.depot.start(*command)
        time.sleep(seconds)
        tool.kill()
        tool.communicate()
        return tool.returncode != 0

    def check_whole(self, files, keys):
        """`keys`: of each device; None where the tool made them. Index and folders agree, and nothing is half there."""
        rows = json.loads(self.depot.do("list", "--json", "--kind", "device"))
        by_name = {row["name"]: row for row in rows}
        self.assertEqual(len(by_name), len(rows), "a device has two certificates")
        folders = {folder.name for folder in (self.depot / "devices").iterdir()}
        self.assertEqual(folders, set(by_name))
        self.assertEqual(list((self.depot / "staging").iterdir()), [])
        for device, row in by_name.items():
            folder = self.depot / "devices" / device
            self.assertEqual(sorted(path.name for path in folder.iterdir()), files)
            certificate = x509.load_pem_x509_certificate((folder / "certs_device.pem").read_bytes())
            self.assertEqual(f"{certificate.serial_number:X}", row["serial"].lstrip("0"))
            self.assertEqual(row["status"], "valid")
            self.assertIn(device, certificate.subject.rfc4514_string())
            if keys is None:
                own = serialization.load_pem_private_key((folder / "certs_device.key").read_bytes(), None)
                self.assertEqual(own.public_key().public_bytes(*SPKI), public_key(certificate))
                self.assertEqual((folder / "certs_device.key").stat().st_mode & 0o777, 0o600)
            else:
                self.assertEqual(public_key(certificate), keys[device])
        return set(by_name)

    def cut(self, command_for, count, files, keys=None):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        command = command_for(self.devices(0, count))
        began = time.monotonic()
        self.depot.do(*command)
        duration = time.monotonic() - began
        expected, cuts, first = set(self.devices(0, count)), 0, count
        while cuts < CUTS // 2:
            with self.subTest(seed=seed, cuts=cuts):
                devices = self.devices(first, count)
                command = command_for(devices)
                while cuts < CUTS // 2 and self.kill_within(chance.uniform(0, 1.1 * duration), *command):
                    cuts += 1
                self.depot.do(*command)
                self.assertIn("issued to 0 devices", self.depot.do(*command), "it is done")
                expected |= set(devices)
                first += count
        self.assertEqual(self.check_whole(files, keys), expected)
        for check in ("doctor",), ("audit", "verify"):
            self.depot.do(*check)

    def test_a_range_with_keys_made_here(self):
        files = ["certs_device.key", "certs_device.p7b", "certs_device.pem", "certs_server.p7b"]
        self.cut(lambda devices: ("issue", "devices", "--range", devices[0], devices[-1]), OWN_KEYS, files)

    def test_a_csv_file_with_requests(self):
        source, keys = DistinctKeys(), {}

        def command(devices):
            requests, csv = self.folder / "requests", self.folder / "devices.csv"
            requests.mkdir(exist_ok=True)
            for device in devices:
                if device not in keys:
                    pem, keys[device] = source.request()
                    (requests / f"{device}.csr").write_bytes(pem)
            csv.write_text("".join(f"{line}\r\n" for line in ("device_id", *devices)))
            return "issue", "devices", "--from", csv, "--requests", requests, "--batch", "spring"

        files = ["certs_device.p7b", "certs_device.pem", "certs_server.p7b"]
        self.cut(command, REQUESTS, files, keys)

    def test_a_revocation_does_not_wait_for_a_large_delivery(self):
        self.depot.do("issue", "device", "A1B2C3D4")
        delivery = self.depot.start("issue", "devices", "--range", "00000001", "000003E8")
        self.addCleanup(delivery.communicate)
        self.addCleanup(delivery.kill)
        time.sleep(1)
        self.assertIn("revoked", self.depot.do("revoke", "A1B2C3D4"))
        self.assertIsNone(delivery.poll(), "it is still at work")

    def test_two_devices_with_one_key_are_refused(self):
        requests = self.folder / "one-key"
        requests.mkdir()
        pem, _ = DistinctKeys().request()
        for device in ("00000001", "00000002"):
            (requests / f"{device}.csr").write_bytes(pem)
        before = self.depot.state()
        done = self.depot.run("issue", "devices", "--range", "00000001", "00000002", "--requests", requests)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("00000002.csr: the same key as for 00000001", done.stderr)
        self.assertEqual(self.depot.state(), before)

    def test_an_error_in_line_17_changes_nothing(self):
        self.depot.do("issue", "devices", "--range", "00000001", "00000001")
        csv = self.folder / "list.csv"
        for name, row, said in BAD_ROWS:
            rows = ["device_id", *self.devices(1, 15), row, *self.devices(16, 3)]
            csv.write_text("\r\n".join(rows), encoding="latin-1", newline="")
            for command in ("issue", "devices", "--from", csv), ("revoke", "--csv", csv), ("hold", "--csv", csv):
                if name == "twice" and command[0] != "issue":
                    continue  # to revoke what stands twice is no question
                with self.subTest(name, command=command[0]):
                    before = self.depot.state()
                    done = self.depot.run(*command)
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    self.assertEqual(done.stdout, "")
                    self.assertIn(f"sallyport-pki: {csv}:17: ", done.stderr)
                    self.assertIn(said, done.stderr)
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                    self.assertTrue(done.stderr.rstrip("\n").isprintable(), repr(done.stderr))
                    self.assertEqual(self.depot.state(), before)


if __name__ == "__main__":
    main()
