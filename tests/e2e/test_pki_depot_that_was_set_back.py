"""A depot that was set back to an older day, as by a copy of its folder, takes no revocation from a place back: not with
a delta CRL, and not with a complete one either."""

import shutil

from cryptography import x509
from support.case import EndToEndTest, main
from support.depot import Depot

DEVICES = [f"{number:08X}" for number in range(1, 6)]
PROFILE = """\
organization: Example
authorities:
  - {name: root, key: {algorithm: p-256}}
  - {name: device-ca, issuer: root, issues: devices, key: {algorithm: p-256}, crl: {url: 'http://crl.example/pki', delta: true}}
"""


class DepotThatWasSetBack(EndToEndTest):
    def setUp(self):
        super().setUp()
        work = self.folder / self.id().rsplit(".", 1)[1]
        self.place = work / "place"
        self.place.mkdir(parents=True)
        (work / "profile.yaml").write_text(PROFILE + f"publish: [{{folder: {self.place}}}]\n")
        self.depot = Depot(work / "pki")
        self.depot.do("init", "--profile", work / "profile.yaml")
        self.depot.do("issue", "devices", "--range", DEVICES[0], DEVICES[-1])
        self.depot.do("publish")
        shutil.copytree(self.depot.path, work / "older")
        self.revoke(DEVICES[0])
        self.revoke(DEVICES[1])
        self.published = self.delta()
        self.assertEqual(len(list(self.published)), 2)
        shutil.rmtree(self.depot.path)
        shutil.copytree(work / "older", self.depot.path)

    def revoke(self, device, code=0):
        done = self.depot.run("revoke", device, "--yes-revoke", "1")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def delta(self):
        return x509.load_der_x509_crl((self.place / "device-ca-delta.crl").read_bytes())

    def test_its_delta_with_the_higher_number(self):
        self.revoke(DEVICES[2], code=3)
        self.revoke(DEVICES[3], code=3)
        said = self.revoke(DEVICES[4], code=3)
        self.assertIn("revokes 2 certificate(s) that ours", said)
        self.assertIn("this depot is older than what was published", said)
        self.assertEqual(self.delta(), self.published)

    def test_its_complete_list(self):
        for _ in range(4):
            done = self.depot.run("crl", "--ca", "device-ca")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("device-ca-delta.crl number 3, which is there, revokes 2 certificate(s)", done.stderr)
        self.assertEqual(self.delta(), self.published)
        complete = x509.load_der_x509_crl((self.place / "device-ca.crl").read_bytes())
        self.assertEqual(complete.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number, 1)


if __name__ == "__main__":
    main()
