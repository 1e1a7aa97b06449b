"""CRLs get into a folder, a real store and a web server, are read back there, and never replace newer ones."""

import hashlib
import json
import stat

from support.case import EndToEndTest, main
from support.gateway import replace_secret_file
from support.https_client import server_context
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki
from support.publication import CRL, Publisher, crl_number, der_crl, to_der
from support.store import BUCKET, not_with, start_store

DOMAIN = "localhost"


class CrlsArePublished(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.server = cls.pki.server("store")
        cls.store = start_store(cls, DOMAIN, cls.server)
        cls.credentials = cls.folder / "store.credentials"
        replace_secret_file(
            cls.credentials,
            f"[crl]\naws_access_key_id = {cls.store.access_key}\naws_secret_access_key = {cls.store.secret_key}\n",
        )
        cls.profile = f"credentials: {{file: {cls.credentials}, profile: crl}}"

    def setUp(self):
        super().setUp()
        self.prefix = f"{self._testMethodName[:40].replace('_', '-')}/"
        self.place = self.folder / self._testMethodName
        self.place.mkdir()

    def store_place(self, endpoint=None, more="", credentials=None):
        endpoint = endpoint or self.store.endpoint
        return (
            f"store: s3://{BUCKET}/{self.prefix}, endpoint: {endpoint}, region: us-east-1,"
            f" {credentials or self.profile}{more}"
        )

    def publisher(self, *places, **options):
        return Publisher(self.folder, self.pki, places, **options)

    def stored(self, name):
        return self.store.client.get_object(Bucket=BUCKET, Key=self.prefix + name)["Body"].read()

    def revoked(self, device):
        identity = self.pki.device(device)
        self.pki.revoke(identity)
        return identity

    def assert_in_place(self, outcomes, placement="written"):
        for outcome in outcomes:
            self.assertEqual(outcome["files"][0]["placement"], placement, outcome)
            self.assertTrue(outcome["in_place"], outcome)

    # ---- the three kinds -----------------------------------------------------------------------

    def test_all_places_get_the_same_files_and_a_manifest(self):
        web = ImposterStore(context=server_context(self.server, client_ca=self.pki.root))
        self.addCleanup(web.stop)
        token = self.folder / "token"
        replace_secret_file(token, "a-token\n")
        client = self.pki.device("C0FFEE00")
        publisher = self.publisher(
            f"folder: {self.place}",
            self.store_place(),
            f"url: {web.endpoint}/put/, ca: {self.pki.root}, certificate: {client.chain}, key: {client.key},"
            f" token: {{file: {token}}}",
        )
        crl = der_crl(self.folder, self.pki)
        self.assert_in_place(publisher.publish(crl))
        manifest = (self.place / "manifest.json").read_bytes()
        for places in (
            {name: (self.place / name).read_bytes() for name in (CRL, "manifest.json")},
            {name: self.stored(name) for name in (CRL, "manifest.json")},
            {name: web.objects[f"/put/{name}"] for name in (CRL, "manifest.json")},
        ):
            self.assertEqual(places, {CRL: crl.read_bytes(), "manifest.json": manifest})
        (entry,) = json.loads(manifest)["files"]
        self.assertEqual(entry["issuer"], "CN=Test Device CA")
        self.assertEqual(entry["number"], str(crl_number(crl)))
        self.assertEqual(entry["sha256"], hashlib.sha256(crl.read_bytes()).hexdigest())
        self.assertEqual(entry["size"], crl.stat().st_size)
        self.assertEqual(stat.S_IMODE((self.place / CRL).stat().st_mode), 0o644)
        self.assertEqual({request.header("Authorization") for request in web.requests}, {"Bearer a-token"})
        order = [
            request.start_line.split()[1] for request in web.requests if request.start_line.startswith("PUT")
        ]
        self.assertEqual(order, [f"/put/{CRL}", "/put/manifest.json"])
        self.assertFalse(web.faults)
        self.assert_in_place(publisher.publish(crl), "unchanged")

    def test_store_keeps_what_caches_and_readers_need(self):
        self.assert_in_place(self.publisher(self.store_place()).publish(der_crl(self.folder, self.pki)))
        head = self.store.client.head_object(Bucket=BUCKET, Key=self.prefix + CRL)
        self.assertEqual(head["ContentType"], "application/pkix-crl")
        self.assertEqual(head["CacheControl"], "no-cache")

    def test_store_is_reached_in_each_way(self):
        environment = {
            "CRL_ACCESS_KEY_ID": self.store.access_key,
            "CRL_SECRET_ACCESS_KEY": self.store.secret_key,
        }
        ways = {
            "over TLS": self.store_place(
                f"https://127.0.0.1:{self.store.tls_port}", f", ca: {self.pki.root}"
            ),
            "with a name": self.store_place(
                f"https://localhost:{self.store.tls_port}", f", ca: {self.pki.root}"
            ),
            "by a virtual host": self.store_place(
                f"http://localhost:{self.store.port}", ", addressing: virtual-hosted"
            ),
            "by the environment": self.store_place(credentials="credentials: {environment: CRL}"),
        }
        for way, place in ways.items():
            with self.subTest(way):
                crl = der_crl(self.folder, self.pki)
                self.assert_in_place(self.publisher(place, env=environment).publish(crl))
                self.assertEqual(self.stored(CRL), crl.read_bytes())

    def test_large_list_arrives_whole(self):
        """Of many megabytes: more than any buffer on the way."""
        index = self.pki.folder / "index.txt"
        remembered = index.read_text()
        self.addCleanup(index.write_text, remembered)
        index.write_text(
            remembered
            + "".join(
                f"R\t400101000000Z\t250101000000Z\t{i:032X}\tunknown\t/CN=x\n"
                for i in range(1 << 120, (1 << 120) + 100_000)
            )
        )
        crl = der_crl(self.folder, self.pki)
        self.assertGreater(crl.stat().st_size, 3 << 20)
        place = self.store_place(f"https://127.0.0.1:{self.store.tls_port}", f", ca: {self.pki.root}")
        self.assert_in_place(self.publisher(place).publish(crl))
        self.assertEqual(self.stored(CRL), crl.read_bytes())

    # ---- guards --------------------------------------------------------------------------------

    def test_newer_list_is_never_replaced_by_an_older_one(self):
        publisher = self.publisher(f"folder: {self.place}", self.store_place())
        older = der_crl(self.folder, self.pki, "older.der")
        newer = der_crl(self.folder, self.pki, "newer.der")
        self.assert_in_place(publisher.publish(newer))
        for outcome in publisher.publish(older):
            self.assertFalse(outcome["in_place"])
            self.assertEqual(outcome["files"][0]["placement"], "rollback")
            self.assertIn(f"number {crl_number(newer)} is there", outcome["files"][0]["detail"])
        self.assertEqual(self.stored(CRL), newer.read_bytes())
        self.assertEqual((self.place / CRL).read_bytes(), newer.read_bytes())

    def test_list_that_forgets_replaces_nothing(self):
        publisher = self.publisher(self.store_place())
        self.revoked("5A5A0001")
        full = der_crl(self.folder, self.pki, "full.der")
        self.assert_in_place(publisher.publish(full))
        (outcome,) = publisher.publish(to_der(self.folder, self.pki.forgetful_crl(), "forgetful.der"))
        (placed,) = outcome["files"]
        self.assertEqual(placed["placement"], "would_shrink")
        self.assertGreaterEqual(placed["missing"], 1)
        self.assertEqual(self.stored(CRL), full.read_bytes())
        (entry,) = json.loads(self.stored("manifest.json"))["files"]
        self.assertEqual(entry["sha256"], hashlib.sha256(full.read_bytes()).hexdigest())

    def test_one_bad_place_holds_up_no_other(self):
        publisher = self.publisher(
            "url: http://127.0.0.1:1/put/", f"folder: {self.place}", self.store_place(), "folder: /proc/self"
        )
        outcomes = publisher.publish(der_crl(self.folder, self.pki))
        self.assertEqual([outcome["in_place"] for outcome in outcomes], [False, True, True, False])
        self.assertIn("Connection refused", outcomes[0]["files"][0]["detail"])

    # ---- a store that says no ------------------------------------------------------------------

    def refusal(self, place, **options):
        placement, detail = self.publisher(place, **options).publish_one(der_crl(self.folder, self.pki))
        self.assertEqual(placement, "failed")
        return detail

    def test_refusals_of_the_store_say_what_to_do(self):
        wrong = self.folder / "wrong.credentials"
        for key, secret, words in (
            ("NOSUCHKEY", self.store.secret_key, "InvalidAccessKeyId"),
            (self.store.access_key, "wrong", "the secret key is wrong"),
        ):
            replace_secret_file(
                wrong, f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            )
            with self.subTest(words):
                detail = self.refusal(self.store_place(credentials=f"credentials: {{file: {wrong}}}"))
                self.assertIn(words, detail)
                self.assertNotIn(self.store.secret_key, detail)
        detail = self.refusal(self.store_place().replace(f"s3://{BUCKET}/", "s3://none-such/"))
        self.assertIn("make the bucket", detail)

    def test_credentials_that_others_may_read_are_refused(self):
        lax = self.folder / "lax.credentials"
        lax.write_text("[default]\n")
        lax.chmod(0o644)
        done = self.publisher(self.store_place(credentials=f"credentials: {{file: {lax}}}")).run(
            (CRL, der_crl(self.folder, self.pki))
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("lax.credentials", done.stderr)

    @not_with("swift", "its certificate is another one")
    def test_certificate_of_another_authority_or_name_is_not_trusted(self):
        stranger = OpensslPki(self.folder / "stranger")
        crl_place = self.store_place(f"https://127.0.0.1:{self.store.tls_port}", f", ca: {stranger.root}")
        self.assertIn("its certificate is not trusted", self.refusal(crl_place))
        other_name = self.store_place(f"https://127.0.0.2:{self.store.tls_port}", f", ca: {self.pki.root}")
        self.assertRegex(self.refusal(other_name), "Connection refused|not trusted")


if __name__ == "__main__":
    main()
