"""CRLs of every form that the PKI tool makes do their work in a gateway: complete, delta, partitioned, both."""

from support.case import EndToEndTest, main
from support.depot import Depot
from support.gateway import Gateway
from support.https_client import Connection, tls_context
from support.imposter import ImposterStore
from support.processes import program, run
from support.sallyport_pki import SallyportPki
from support.sigv4 import Signer

DEVICES = [f"{number:08X}" for number in range(1, 9)]
PROFILE = """\
organization: Example
authorities:
  - {{name: root}}
  - {{name: device-ca, issuer: root, issues: devices, crl: {{{crl}}}}}
  - {{name: server-ca, issuer: root, issues: servers}}
"""


class ListsOfEveryForm(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = ImposterStore()
        cls.addClassCleanup(cls.store.stop)
        cls.signer = Signer("FLEETKEY", "secret-of-the-fleet")

    def fleet(self, name, crl):
        """A depot whose device authority has CRLs of this form, and a gateway that fetches them from a folder."""
        work = self.folder / name
        work.mkdir()
        profile = work / "profile.yaml"
        profile.write_text(PROFILE.format(crl=crl))
        self.pki = SallyportPki(work / "pki", "--profile", profile)
        self.gateway = Gateway(work, self.pki, self.store.endpoint, crl=None)
        with open(self.pki.depot / "depot.yaml", "a") as settings:
            print(f"publish:\n  - {{folder: {work}/crl, authorities: [device-ca]}}", file=settings)
            print(f"gateways:\n  - {{name: g, admin: http://127.0.0.1:{self.gateway.admin_port}}}", file=settings)
        self.pki.command("issue", "devices", "--range", DEVICES[0], DEVICES[-1])
        self.pki.command("publish")
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.identities = [self.pki.identity(device) for device in DEVICES]

    def let_in(self):
        return [identity.id for identity in self.identities if self.is_let_in(identity)]

    def is_let_in(self, identity):
        try:
            with Connection(self.gateway.port, tls_context(self.pki, identity)) as connection:
                target = f"/fleet/{identity.id}/device.json"
                return connection.request(self.signer, "PUT", target, b"{}").status == 200
        except (OSError, EOFError):
            return False

    def change(self, *arguments):
        """A change that must be in force when the command ends."""
        said = self.pki.command(*arguments, "--wait", "--yes-revoke", str(len(arguments) - 1))
        self.assertIn("gateway g enforces number", said)
        return said

    def check_a_life_of_changes(self):
        self.assertEqual(self.let_in(), DEVICES)
        self.change("revoke", DEVICES[0], DEVICES[1])
        self.assertEqual(self.let_in(), DEVICES[2:])
        self.change("hold", DEVICES[2], DEVICES[3], DEVICES[4])
        self.assertEqual(self.let_in(), DEVICES[5:])
        self.change("unhold", DEVICES[3])
        self.assertEqual(self.let_in(), [DEVICES[3], *DEVICES[5:]])
        self.assertIn("gateway g enforces number", self.pki.command("crl", "--wait"))
        self.assertEqual(self.let_in(), [DEVICES[3], *DEVICES[5:]], "a complete list says the same")
        self.change("unhold", DEVICES[4])
        self.change("revoke", DEVICES[2])
        self.assertEqual(self.let_in(), [DEVICES[3], DEVICES[4], *DEVICES[5:]])
        self.assertIn("nothing found", self.pki.command("doctor"))

    def test_complete(self):
        self.fleet("complete", "url: 'http://crl.example/pki'")
        self.check_a_life_of_changes()

    def test_delta(self):
        self.fleet("delta", "url: 'http://crl.example/pki', delta: true")
        base = (self.pki.depot / "crl" / "device-ca.crl.pem").read_bytes()
        said = self.change("revoke", DEVICES[7])
        self.assertIn("device-ca delta CRL number", said)
        self.assertEqual((self.pki.depot / "crl" / "device-ca.crl.pem").read_bytes(), base, "the complete one stays")
        self.assertEqual(self.let_in(), DEVICES[:7])
        delta = run("openssl", "crl", "-in", self.pki.depot / "crl" / "device-ca-delta.crl.pem", "-noout", "-text")
        self.assertIn("X509v3 Delta CRL Indicator: critical", delta.stdout)
        (self.pki.depot / "crl" / "device-ca-delta.crl.pem").write_bytes(base)
        found = Depot(self.pki.depot).run("doctor")
        self.assertEqual(found.returncode, 1)
        self.assertIn("error: device-ca-delta: the file has number", found.stderr)

    def test_life_with_deltas(self):
        self.fleet("life-with-deltas", "url: 'http://crl.example/pki', delta: true")
        self.check_a_life_of_changes()

    def test_partitions(self):
        self.fleet("partitions", "url: 'http://crl.example/pki', partitions: 4")
        self.assertEqual(len(list((self.pki.depot / "crl").glob("device-ca-?p.crl.pem"))), 4)
        self.check_a_life_of_changes()

    def test_partitions_with_deltas(self):
        self.fleet("both", "url: 'http://crl.example/pki', partitions: 2, delta: true")
        self.check_a_life_of_changes()


if __name__ == "__main__":
    main()
