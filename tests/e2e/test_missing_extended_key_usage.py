"""A device certificate without extended key usage is refused, unless the configuration says otherwise."""

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused

TARGET = "/fleet/{}/device.json"


class MissingExtendedKeyUsage(FleetTest):
    @classmethod
    def prepare(cls):
        cls.bare = cls.pki.device("BA0E0001", purpose="")
        cls.server_only = cls.pki.device("BA0E0002", purpose="serverAuth")

    def knock(self, identity):
        with Connection(self.gateway.port, self.context(identity)) as connection:
            return connection.request(self.signer, "PUT", TARGET.format(identity.id), b"{}").status

    def test_optional_only_when_configured(self):
        self.assertIsNotNone(refused(lambda: self.knock(self.bare)))
        self.gateway.wait_for_event("handshake_failed", device=self.bare.id, reason="wrong_purpose")

        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text.replace("devices:\n", "devices:\n  extended_key_usage: optional\n"))
        self.gateway.wait_for_generation_after(generation)
        self.assertEqual(self.knock(self.bare), 200)
        self.assertIsNotNone(refused(lambda: self.knock(self.server_only)), "what is stated must fit")
        self.gateway.wait_for_event("handshake_failed", device=self.server_only.id, reason="wrong_purpose")


if __name__ == "__main__":
    main()
