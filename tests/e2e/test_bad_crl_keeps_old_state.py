"""A CRL that cannot be used changes nothing: whoever was let in still is, whoever was revoked stays out."""

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.openssl_pki import OpensslPki

TARGET = "/fleet/{}/device.json"


class BadCrl(FleetTest):
    @classmethod
    def prepare(cls):
        cls.revoked = cls.pki.device("DDDD0001")
        cls.pki.revoke(cls.revoked)
        cls.foreign = OpensslPki(cls.folder / "foreign")  # an issuer of the same name with another key

    def enter(self, identity):
        with Connection(self.gateway.port, self.context(identity)) as connection:
            answer = connection.request(self.signer, "PUT", TARGET.format(identity.id), b"{}")
            self.assertEqual(answer.status, 200)

    def check_kept(self, content):
        generation = self.gateway.generation()
        self.gateway.publish_crl(self.pki.crl())
        generation = self.gateway.wait_for_generation_after(generation)
        failed = len(self.gateway.events("reload", result="failed"))
        still_open = self.connect(self.other)

        self.gateway.publish_crl(content)
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        print(f"    {event}")
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 0)
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
        self.check_kept("this is not a CRL\n")

    def test_empty_file(self):
        self.check_kept("")

    def test_truncated_file(self):
        crl = self.pki.crl()
        self.check_kept(crl[: len(crl) // 2])

    def test_forged_signature(self):
        self.check_kept(self.foreign.crl())

    def test_older_crl_that_lacks_the_revocation(self):
        """Replaying yesterday's list must not let a device in again."""
        older = self.pki.crl()
        self.pki.crl()
        self.check_kept(older)


if __name__ == "__main__":
    main()
