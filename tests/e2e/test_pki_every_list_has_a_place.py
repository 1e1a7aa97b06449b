"""A CRL that no place of publication takes is in force nowhere: the command that made it does not say that all is well."""

from support.case import EndToEndTest, main
from support.depot import Depot

DEVICE, SUCCESSORS = "AABBCCDD", "11223344"
PROFILE = """\
organization: Example
authorities:
  - {name: root, key: {algorithm: p-256}}
  - {name: device-ca, issuer: root, issues: devices, key: {algorithm: p-256}}
  - {name: server-ca, issuer: root, issues: servers, key: {algorithm: p-256}}
"""
SUCCESSOR = "  - {name: device-ca2, issuer: root, issues: devices, key: {algorithm: p-256}}\n"
WORDS = "device-ca2: no place of publication takes its CRL; see publish.authorities in depot.yaml"


class EveryListHasAPlace(EndToEndTest):
    def setUp(self):
        super().setUp()
        work = self.folder / self.id().rsplit(".", 1)[1]
        self.place = work / "place"
        self.place.mkdir(parents=True)
        profile = work / "profile.yaml"
        profile.write_text(PROFILE + f"publish: [{{folder: {self.place}, authorities: [device-ca]}}]\n")
        self.depot = Depot(work / "pki")
        self.depot.do("init", "--profile", profile)
        self.depot.do("issue", "device", DEVICE)

    def fails(self, *arguments):
        done = self.depot.run(*arguments)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        return done.stderr

    def change_settings(self, old, new):
        settings = self.depot / "depot.yaml"
        text = settings.read_text()
        self.assertIn(old, text)
        settings.write_text(text.replace(old, new))

    def test_list_of_a_successor(self):
        self.change_settings("publish:", SUCCESSOR + "publish:")
        self.assertIn(WORDS, self.fails("authority", "add", "device-ca2"))
        self.assertIn(WORDS, self.fails("publish"))
        self.assertIn(WORDS, self.fails("crl"))
        self.assertIn("in place", self.depot.do("crl", "--ca", "device-ca"), "this one has its place")
        self.depot.do("issue", "device", SUCCESSORS)
        self.assertIn(WORDS, self.fails("revoke", SUCCESSORS, "--yes-revoke", "1"))
        self.change_settings("[device-ca]", "[device-ca, device-ca2]")
        self.depot.do("publish")
        self.assertTrue((self.place / "device-ca2.crl").exists())

    def test_lists_that_gateways_need_not_have(self):
        """Those about authorities and servers: told, no failure, until one of them says something new."""
        done = self.depot.run("publish")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("root", "server-ca"):
            self.assertIn(f"note: {name}: no place of publication takes its CRL", done.stderr)
        self.depot.do("issue", "server", "--name", "gateway", "--ip", "127.0.0.1")
        certificate = self.depot / "servers" / "gateway" / "server.chain.pem"
        said = self.fails("revoke", "--cert", certificate, "--yes-revoke", "1")
        self.assertIn("server-ca: no place of publication takes its CRL", said)
        self.assertNotIn("root:", said)


if __name__ == "__main__":
    main()
