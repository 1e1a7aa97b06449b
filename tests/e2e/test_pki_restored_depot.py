"""A depot of sallyport-pki that was restored makes no CRL before it knows all that was published after its backup."""

import shutil

from cryptography import x509
from support.case import EndToEndTest, main
from support.depot import PROFILE, Depot
from support.distinct_keys import DistinctKeys

DEVICES = [f"{number:08X}" for number in range(1, 9)]


class RestoredDepot(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.requests = cls.folder / "requests"
        cls.requests.mkdir()
        keys = DistinctKeys()
        for device in DEVICES:
            (cls.requests / f"{device}.csr").write_bytes(keys.request()[0])

    def lose(self, crl):
        """A depot of the day of its backup, and the CRLs of the day after, when four devices were revoked."""
        profile = self.folder / f"{self._testMethodName}.yaml"
        profile.write_text(PROFILE.format(crl=crl))
        lost = Depot(self.folder / f"{self._testMethodName}-lost")
        lost.do("init", "--profile", profile)
        lost.do("issue", "devices", "--range", DEVICES[0], DEVICES[-1], "--requests", self.requests)
        lost.do("crl")
        self.old = self.folder / f"{self._testMethodName}-old"
        shutil.copytree(lost / "crl", self.old)
        lost.do("revoke", DEVICES[0])
        backup = self.folder / f"{self._testMethodName}-backup"
        lost.do("backup", "--to", backup)
        for device in DEVICES[1:4]:
            lost.do("revoke", device)
        self.newest = sorted(path for path in (lost / "crl").glob("device-ca*"))
        self.number = max(entry["number"] for entry in self.crls(lost))
        self.revoked = {lost.certificate(f"devices/{device}/certs_device.pem").serial_number for device in DEVICES[:4]}
        self.depot = Depot(self.folder / self._testMethodName)
        self.depot.do("restore", "--from", backup)

    @staticmethod
    def crls(depot):
        for path in (depot / "crl").glob("device-ca*"):
            crl = depot.crl(path.name.removesuffix(".crl.pem"))
            yield {"number": number_of(crl), "serials": {entry.serial_number for entry in crl}}

    def refuse(self, said, *files):
        done = self.depot.run("crl", "adopt", *files)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(self.depot.run("crl", "--ca", "device-ca").returncode, 3, "no CRL is made yet")

    def adopt_all(self):
        self.depot.do("crl", "adopt", *self.newest)
        self.depot.do("crl", "adopt", "--none-newer", "--ca", "root")
        crls = list(self.crls(self.depot))
        self.assertEqual(set().union(*(crl["serials"] for crl in crls)), self.revoked)
        self.assertGreater(max(crl["number"] for crl in crls), self.number)
        self.depot.do("doctor")

    def test_an_older_crl_is_not_the_newest(self):
        self.lose("lifetime: 7d")
        found = self.depot.run("doctor")
        self.assertEqual(found.returncode, 1)
        self.assertIn("error: device-ca: makes no CRL", found.stderr)
        self.refuse("is older than the one in this depot", self.old / "device-ca.crl.pem")
        self.adopt_all()

    def test_the_delta_counts_too(self):
        self.lose("delta: true")
        self.refuse("device-ca-delta: is missing", self.newest[1])
        self.refuse("give this complete CRL, too", self.newest[0])
        self.adopt_all()

    def test_every_partition_counts(self):
        self.lose("url: 'http://crl.example', partitions: 3")
        for path in self.newest:
            self.refuse("is missing", *(other for other in self.newest if other != path))
        self.adopt_all()

    def test_a_crl_of_another_authority_is_none(self):
        self.lose("lifetime: 7d")
        self.refuse("of another issuer", self.depot / "crl" / "root.crl.pem")


def number_of(crl):
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


if __name__ == "__main__":
    main()
