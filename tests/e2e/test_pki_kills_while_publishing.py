"""sallyport-pki killed anywhere while it revokes and publishes into a folder: the folder never goes back.

Killed SALLYPORT_CUTS times (default 20; 100 in `./test --long`).
"""

import json
import os
import random
import time

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from support.case import EndToEndTest, main
from support.depot import PROFILE, Depot
from support.distinct_keys import DistinctKeys

CUTS = int(os.environ.get("SALLYPORT_CUTS", "20"))
DELTA, REMOVED = x509.DeltaCRLIndicator.oid, x509.ReasonFlags.remove_from_crl


class Crl:
    """A CRL as it lies somewhere; `listed` are the serials that it revokes."""

    def __init__(self, data):
        read = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
        crl = read(data)
        self.der = crl.public_bytes(Encoding.DER)
        self.number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        self.is_delta = any(extension.oid == DELTA for extension in crl.extensions)
        self.listed = {entry.serial_number for entry in crl if not self.removes(entry)}

    @staticmethod
    def removes(entry):
        return any(getattr(extension.value, "reason", None) == REMOVED for extension in entry.extensions)


class KillsWhilePublishing(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.seen = {}  # name and number -> DER
        self.newest = {}  # place and name -> number
        self.revoked = set()  # serials that the tool called revoked
        self.killed = 0
        self.within = 1.0  # seconds in which a command is killed, set by how long the commands before took

    def make(self, crl):
        self.web = self.folder / f"web-{self._testMethodName}"
        self.web.mkdir()
        profile = self.folder / f"{self._testMethodName}.yaml"
        profile.write_text(PROFILE.format(crl=crl) + f"publish: [{{folder: {self.web}}}]\n")
        self.depot = Depot(self.folder / self._testMethodName)
        self.depot.do("init", "--profile", profile)
        keys = DistinctKeys()
        requests = self.folder / "requests"
        requests.mkdir(exist_ok=True)
        self.devices = [f"{number:08X}" for number in range(CUTS)]
        for device in self.devices:
            (requests / f"{device}.csr").write_bytes(keys.request()[0])
        self.depot.do("issue", "devices", "--range", self.devices[0], self.devices[-1], "--requests", requests)
        self.depot.do("publish")

    def serial(self, device):
        return self.depot.certificate(f"devices/{device}/certs_device.pem").serial_number

    def read(self, path):
        """A CRL that is in place; it is whole, and never was another one with this number."""
        crl = Crl(path.read_bytes())
        name = path.name.split(".")[0]
        self.assertEqual(self.seen.setdefault((name, crl.number), crl.der), crl.der, f"{name} {crl.number} came twice")
        place = (path.parent, name)
        self.assertGreaterEqual(crl.number, self.newest.get(place, 0), path)
        self.newest[place] = crl.number
        return crl

    def observe(self):
        """All that is in the depot and in the folder. What is in force at a place is its list and its delta."""
        for place, end in (self.depot / "crl", ".crl.pem"), (self.web, ".crl"):
            found = {path.name.removesuffix(end): self.read(path) for path in sorted(place.glob(f"[!.]*{end}"))}
            listed = set()
            for name, crl in found.items():
                self.assertEqual(crl.is_delta, name.endswith("-delta"))
                listed |= crl.listed
            if place != self.web:
                self.assertLessEqual(self.revoked, listed, "what the tool called revoked is in the depot's CRLs")
            else:
                self.published = self.published_before(listed)

    def published_before(self, listed):
        """What was once published as revoked stays so."""
        self.assertLessEqual(getattr(self, "published", set()), listed, "a published revocation went away")
        return listed

    def kill_at_some_moment(self, chance, *command):
        """Most commands are hit: a miss shortens the time in which the next one is killed, a hit lengthens it."""
        tool = self.depot.start(*command)
        time.sleep(chance.uniform(0, self.within))
        tool.kill()
        out, _ = tool.communicate()
        self.within *= 1.05 if tool.returncode != 0 else 0.8
        for line in out.splitlines():
            if line.startswith("revoked "):
                self.revoked.add(int(line.split()[1], 16))
        self.killed += tool.returncode != 0

    def assert_repaired(self):
        """publish brings all to the folder, and nothing else is there."""
        self.depot.do("publish")
        self.observe()
        self.assertLessEqual(self.revoked, self.published)
        crls = {path.name.removesuffix(".pem"): Crl(path.read_bytes()).der for path in (self.depot / "crl").iterdir()}
        placed = {path.name: path.read_bytes() for path in self.web.iterdir()}
        manifest = json.loads(placed.pop("manifest.json"))
        self.assertEqual(sorted(placed), sorted(crls))
        self.assertEqual([name for name in crls if placed[name] != crls[name]], [])
        self.assertEqual({entry["name"] for entry in manifest["files"]}, set(crls))
        for entry in manifest["files"]:
            self.assertEqual(entry["number"], str(Crl(crls[entry["name"]]).number))

    def run_cuts(self):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        began = time.monotonic()
        self.depot.do("hold", self.devices[0])
        self.within = time.monotonic() - began
        self.depot.do("unhold", self.devices[0])
        for number, device in enumerate(self.devices):
            with self.subTest(seed=seed, device=device):
                self.kill_at_some_moment(chance, "revoke", device, "--reason", "keyCompromise")
                self.observe()
                self.kill_at_some_moment(chance, chance.choice(("publish", "crl")))
                self.observe()
                if number % 3 == 0:
                    self.assert_repaired()
                if number % 2 == 0:  # in the end it is revoked, whatever was left behind
                    self.depot.do("revoke", device)
                    self.revoked.add(self.serial(device))
                    self.observe()
        self.assert_repaired()
        self.depot.do("doctor")
        self.depot.do("audit", "verify")
        self.assertGreater(self.killed, CUTS // 2, "too few kills hit: the test showed nothing")

    def test_complete_crls(self):
        self.make("lifetime: 7d")
        self.run_cuts()

    def test_partitions_with_deltas(self):
        self.make("url: 'http://crl.example', partitions: 2, delta: true")
        self.run_cuts()


if __name__ == "__main__":
    main()
