"""A CRL that cannot be used changes nothing: whoever was let in still is, whoever was revoked stays out."""

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.openssl_pki import OpensslPki, openssl

TARGET = "/fleet/{}/device.json"
ISSUER = "CN=Test Device CA"
LIMIT = 64 * 1024


class BadCrl(FleetTest):
    @classmethod
    def prepare(cls):
        cls.revoked = cls.pki.device("DDDD0001")
        cls.pki.revoke(cls.revoked)
        cls.foreign = OpensslPki(cls.folder / "foreign")  # an issuer of the same name with another key

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        generation = cls.gateway.generation()
        text = cls.gateway.configuration.read_text()
        cls.gateway.write_configuration(text + f"limits: {{crl_bytes: {LIMIT // 1024}KiB}}\n")
        cls.gateway.wait_for_generation_after(generation)

    def foreign_name_crl(self):
        """A CRL of the root, which is no anchor here and has another name than the device CA."""
        out = self.folder / "root.crl.pem"
        signer = ("-cert", self.pki.root, "-keyfile", self.pki.folder / "root.key")
        openssl("ca", "-config", self.pki.config, *signer, "-gencrl", "-out", out)
        return out.read_text()

    def enter(self, identity):
        with Connection(self.gateway.port, self.context(identity)) as connection:
            answer = connection.request(self.signer, "PUT", TARGET.format(identity.id), b"{}")
            self.assertEqual(answer.status, 200)

    def check_kept(self, content, result, issuer="unknown"):
        generation = self.gateway.generation()
        self.gateway.publish_crl(self.pki.crl())
        generation = self.gateway.wait_for_generation_after(generation)
        failed = len(self.gateway.events("reload", result="failed"))
        still_open = self.connect(self.other)
        refused_before = self.gateway.metric("sallyport_crl_loads_total", result=result, issuer=issuer) or 0

        self.gateway.publish_crl(content() if callable(content) else content)
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        print(f"    {event}")
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 0)
        self.assertGreater(
            self.gateway.metric("sallyport_crl_loads_total", result=result, issuer=issuer), refused_before
        )
        self.enter(self.device)
        self.assertIsNotNone(refused(lambda: self.enter(self.revoked)), "a revoked device was let in")
        self.assertEqual(
            still_open.request(self.signer, "PUT", TARGET.format(self.other.id), b"{}").status, 200
        )
        self.assertEqual(self.gateway.metric("sallyport_crl_entries"), 1, "CRL series stay when a load fails")
        self.assertEqual(self.gateway.ready(), True)

        self.assertEqual(self.gateway.generation(), generation)
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 1)

    def test_garbage(self):
        self.check_kept("this is not a CRL\n", "parse_error")

    def test_empty_file(self):
        self.check_kept("", "parse_error")

    def test_truncated_file(self):
        crl = self.pki.crl()
        self.check_kept(crl[: len(crl) // 2], "parse_error")

    def test_forged_signature(self):
        self.check_kept(self.foreign.crl(), "bad_signature", ISSUER)

    def test_stranger(self):
        self.check_kept(self.foreign_name_crl(), "bad_signature")

    def test_older_crl_that_lacks_the_revocation(self):
        """Replaying yesterday's list must not let a device in again."""
        older = self.pki.crl()
        self.pki.crl()
        self.check_kept(older, "rollback", ISSUER)

    def test_newer_crl_that_lacks_the_revocation(self):
        """The CA's database was lost: a sound signature on a list that forgets."""
        self.check_kept(self.pki.forgetful_crl, "shrink", ISSUER)

    def test_unknown_critical_extension(self):
        self.check_kept(lambda: self.pki.crl("-crlexts", "unknown_critical"), "scope")

    def test_deleted_file(self):
        generation = self.gateway.generation()
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        failed = len(self.gateway.events("reload", result="failed"))
        (self.gateway.folder / "crl" / "device-ca.pem").unlink()
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        self.assertIn(f"no CRL of {ISSUER} is there any more", event["detail"])
        self.assertGreater(self.gateway.metric("sallyport_crl_loads_total", result="fetch_error", issuer=ISSUER), 0)
        self.enter(self.device)
        self.assertIsNotNone(refused(lambda: self.enter(self.revoked)), "a revoked device was let in")
        generation = self.gateway.generation()
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 1)

    def test_oversized_file(self):
        crl = self.pki.crl()
        self.check_kept(crl + "#" * LIMIT, "too_large")


if __name__ == "__main__":
    main()
