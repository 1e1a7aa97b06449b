"""An anchor that is withdrawn admits nobody any more: not by a handshake that had begun, not beside a bad CRL file."""

import socket

from support.case import main
from support.fleet import FleetTest
from support.https_client import refused
from support.openssl_pki import OpensslPki
from support.processes import wait_until

TARGET = "/fleet/{}/device.json"


class WithdrawnTrust(FleetTest):
    """The device CA stays among the intermediates: its CRL is in force, only nobody trusts it any more."""

    @classmethod
    def prepare(cls):
        cls.elsewhere = OpensslPki(cls.folder / "elsewhere")

    def setUp(self):
        super().setUp()
        self.trusting = self.gateway.configuration.read_text()
        self.addCleanup(self.trust_again)

    def trust_again(self):
        generation = self.gateway.generation()
        self.gateway.write_configuration(self.trusting)
        for file in (self.gateway.folder / "crl").glob("leftover*"):
            file.unlink()
        self.gateway.wait_for_generation_after(generation)

    def withdraw(self):
        generation = self.gateway.generation()
        withdrawn = f"trust: [{self.elsewhere.root}]\n  intermediates: [{self.pki.device_ca}]"
        self.gateway.write_configuration(self.trusting.replace(f"trust: [{self.pki.trust}]", withdrawn))
        self.gateway.wait_for_generation_after(generation)

    def enter(self, identity):
        answer = self.connect(identity).request(self.signer, "PUT", TARGET.format(identity.id), b"{}")
        if answer.status != 200:
            raise ConnectionAbortedError(answer.status)

    def test_handshake_that_had_begun(self):
        """What it proves under the old anchors is worth nothing, for itself and for whoever comes after it."""
        self.enter(self.device)
        begun = len(self.gateway.events("handshake_failed"))
        early = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=20)
        self.addCleanup(early.close)
        wait_until(lambda: self.gateway.metric("sallyport_connections"), "it is accepted")
        self.withdraw()

        def use_early():
            tls = self.context(self.device).wrap_socket(early, server_hostname="127.0.0.1")
            self.addCleanup(tls.close)
            tls.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            if not tls.recv(1):
                raise ConnectionAbortedError("cut")

        self.assertIsNotNone(refused(use_early))
        event = self.gateway.wait_for_event("handshake_failed", skip=begun)
        self.assertEqual((event["reason"], event["device"]), ("untrusted_issuer", ""), event)
        for identity in (self.device, self.other):
            self.assertIsNotNone(refused(lambda: self.enter(identity)))

    def test_bad_crl_file_beside_it(self):
        self.enter(self.device)
        failed = len(self.gateway.events("reload", result="failed"))
        self.gateway.publish_crl("garbage", "leftover.pem")
        self.gateway.wait_for_event("reload", skip=failed, result="failed")
        self.withdraw()
        self.assertIsNotNone(refused(lambda: self.enter(self.device)))
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 0, "the alarm stays on")


if __name__ == "__main__":
    main()
