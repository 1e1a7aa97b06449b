"""A device whose certificate runs out asks for a new one through the gateway; `sallyport-pki sign-requests` answers in
the store, and the device goes on with it. The authority was made by openssl and taken over by the tool."""

import hashlib
import json
import ssl

from support.card import Card
from support.case import EndToEndTest, main
from support.fleet import OTHER_DEVICE
from support.gateway import replace_secret_file, start_gateway
from support.openssl_pki import OpensslPki, openssl
from support.processes import program, run
from support.store import BUCKET, not_with, start_store

DEVICE = "AABBCCDD"


@not_with("swift", "its access keys have a colon, which no configuration of a device takes")
class RequestsAreAnswered(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.store = start_store(cls)
        cls.gateway = start_gateway(cls, cls.pki, cls.store.endpoint)

    def setUp(self):
        super().setUp()
        for key in self.store.keys():
            self.store.client.delete_object(Bucket=BUCKET, Key=key)
        self.depot = self.folder / self.id().rsplit(".", 1)[1]
        key = self.pki.folder / "device-ca.key"
        key.chmod(0o600)
        self.tool("init", "--import", self.pki.device_ca, "--import-key", key, "--import-no-crl")
        credentials = self.folder / "credentials"
        replace_secret_file(
            credentials,
            f"[default]\naws_access_key_id = {self.store.access_key}\naws_secret_access_key = {self.store.secret_key}\n",
        )
        with open(self.depot / "depot.yaml", "a") as settings:
            print(
                f"requests: {{store: 's3://{BUCKET}/', endpoint: '{self.store.endpoint}', region: us-east-1,"
                f" credentials: {{file: '{credentials}'}}}}",
                file=settings,
            )
        self.old = self.pki.device(DEVICE, "old", dates=("-startdate", "20240101000000Z", "-days", "30"))
        self.make_known(self.old.chain)
        self.card = Card(self.depot / "card", self.old, self.pki.root, self.gateway.port, self.store)

    def tool(self, *arguments, code=0):
        done = run(program("sallyport-pki"), *arguments, "--depot", self.depot)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def make_known(self, chain):
        """A certificate that was issued before the depot was there gets into the index by its file."""
        self.tool("hold", "--cert", chain)
        self.tool("unhold", "--cert", chain)

    def sync(self, code=0):
        done = self.card.upload()
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def fingerprint(self, pem):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()

    def test_device_gets_a_new_certificate(self):
        old_key = (self.card.folder / "certs_device.key").read_bytes()
        self.sync()
        said = json.loads(self.tool("sign-requests", "--json"))
        self.assertEqual((said["issued"], said["refused"]), ([DEVICE], []))
        self.assertIn("updated certs_device.p7b", self.sync())
        self.assertNotEqual((self.card.folder / "certs_device.key").read_bytes(), old_key)
        shown = json.loads(self.tool("show", DEVICE, "--json"))
        self.assertEqual([one["lineage"] for one in shown], [shown[0]["serial"]] * 2, "renewal keeps the lineage")
        now_on_card = run(
            "openssl", "pkcs7", "-in", self.card.folder / "certs_device.p7b", "-print_certs"
        ).stdout
        leaf = now_on_card[now_on_card.index("-----BEGIN") : now_on_card.index("-----END")] + "-----END CERTIFICATE-----\n"
        self.assertEqual(shown[1]["sha256"], self.fingerprint(leaf))
        self.card.add_log_file(1, 1, 1000)
        self.assertIn(".MF4", self.sync())
        again = json.loads(self.tool("sign-requests", "--json"))
        self.assertEqual((again["issued"], again["again"]), ([], 1), "the same request makes no second certificate")

    def test_revoked_device_gets_nothing(self):
        self.sync()
        self.tool("revoke", DEVICE)
        said = self.tool("sign-requests", DEVICE)
        self.assertIn(f"{DEVICE}: not answered: its newest certificate is revoked", said)
        self.assertEqual(len(json.loads(self.tool("show", DEVICE, "--json").split("\nwarning")[0])), 1)

    def test_request_for_another_device_is_not_answered(self):
        """Though it lies in the folder of one that may ask."""
        other = self.depot / "other"
        other.mkdir()
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={OTHER_DEVICE}", "-keyout", other / "key",
                "-out", other / "csr")  # fmt: skip
        self.store.client.put_object(Bucket=BUCKET, Key=f"{DEVICE}/device.csr", Body=(other / "csr").read_bytes())
        said = self.tool("sign-requests")
        self.assertIn(f"asks for another device than {DEVICE}", said)


if __name__ == "__main__":
    main()
