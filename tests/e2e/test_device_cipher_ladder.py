"""A device reaches a server that has only one of the nine suites, and climbs no further than it must."""

import ssl

from support.card import Card
from support.case import EndToEndTest, main
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki, openssl
from support.sigv4 import Signer

# Reference, section 11.2: the number of the suite, its name, the first group that has it.
SUITES = [
    (1, "AES128-SHA", 1),
    (2, "DHE-RSA-AES128-SHA", 1),
    (3, "ECDHE-RSA-AES128-SHA", 1),
    (4, "AES128-SHA256", 2),
    (5, "DHE-RSA-AES128-SHA256", 2),
    (6, "ECDHE-RSA-AES128-SHA256", 2),
    (7, "AES128-GCM-SHA256", 3),
    (8, "DHE-RSA-AES128-GCM-SHA256", 3),
    (9, "ECDHE-RSA-AES128-GCM-SHA256", 3),
]


class OneSuiteStore(ImposterStore):
    """Counts handshakes and keeps the suites that were agreed on."""

    def __init__(self, context):
        self.handshakes = 0
        self.suites = []
        super().__init__(context=context)

    def _encrypted(self, connection):
        self.handshakes += 1
        encrypted = super()._encrypted(connection)
        self.suites.append((encrypted.version(), encrypted.cipher()[0]))
        return encrypted


class CipherLadder(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.device = cls.pki.device("AABBCCDD")
        cls.server = cls.pki.server()
        cls.parameters = cls.folder / "dh.pem"
        openssl(
            "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", cls.parameters
        )

    def upload(self, name, suite, *options):
        """To a server of this suite. Its exit code, and the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.chain, self.server.key)
        context.load_dh_params(self.parameters)
        context.set_ciphers(suite)
        store = OneSuiteStore(context)
        self.addCleanup(store.stop)
        signer = Signer("FLEETKEY", "secret-of-the-fleet")
        card = Card(self.folder / name, self.device, self.pki.root, store.port, signer)
        card.add_log_file(1, 1, 100_000)
        return card.upload(*options), store

    def test_each_suite(self):
        for number, suite, group in SUITES:
            with self.subTest(f"11.2 suite {number}", suite=suite):
                done, store = self.upload(f"suite-{number}", suite)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual(set(store.suites), {("TLSv1.2", suite)})
                # One connection for the whole queue, after the failed ones.
                self.assertEqual(store.handshakes, group)
                self.assertEqual(len([key for key in store.objects if key.endswith(".MF4")]), 1)

    def test_modern_has_tls_1_3_at_once(self):
        done, store = self.upload("modern", "ECDHE-RSA-AES256-GCM-SHA384", "--modern")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([version for version, _ in store.suites], ["TLSv1.3"])
        self.assertEqual(store.handshakes, 1)

    def test_suites_of_nobody(self):
        """No device has AES-256: three attempts, then a refusal."""
        done, store = self.upload("none", "ECDHE-RSA-AES256-GCM-SHA384")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(store.handshakes, 3)


if __name__ == "__main__":
    main()
