"""A device whose hello names no signature algorithms gets in where the listener has the devices' suites.

By RFC 5246 it takes SHA-1 in the ServerKeyExchange, and only there: what a client signs to prove who it is must be
SHA-256 all the same.
"""

from support import old_hello
from support.case import main
from support.fleet import FleetTest
from support.https_client import refused
from support.processes import free_port

EPHEMERAL, STATIC = "ECDHE-RSA-AES128-SHA", "AES128-SHA"
SERVER_SIGNATURES = {EPHEMERAL: "sha1", STATIC: None}
TARGET = "/fleet/AABBCCDD/device.json"
# Mode and profile of each listener.
LISTENERS = {
    "high": ("high", "canedge"),
    "medium": ("medium", "canedge"),
    "modern": ("high", "modern"),
    "modern-medium": ("medium", "modern"),
}


class OldHello(FleetTest):
    @classmethod
    def prepare(cls):
        cls.revoked = cls.pki.device("0BADCAFE")
        cls.pki.revoke(cls.revoked)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.ports = {listener: free_port() for listener in LISTENERS}
        text = cls.gateway.configuration.read_text()
        start, end = text.index("  - name: fleet"), text.index("devices:\n")
        listeners = [
            text[start:end]
            .replace("name: fleet", f"name: {listener}")
            .replace(f"127.0.0.1:{cls.gateway.port}", f"127.0.0.1:{cls.ports[listener]}")
            .replace("mode: high", f"mode: {mode}")
            .replace("profile: canedge", f"profile: {profile}")
            for listener, (mode, profile) in LISTENERS.items()
        ]
        rules = "authorization:\n  - {who: credentials, allow: [PutObject], on: 'fleet/*'}\n"
        cls.gateway.write_configuration(
            text[:start] + "".join(listeners) + text[end:].replace("authorization:\n", rules)
        )
        cls.gateway.start()

    def put(self, listener, suite, identity=None, signature_hash=None, target=TARGET):
        """The answer's status, the suite, and the hash that the server signed with."""
        port = self.ports[listener]
        with old_hello.connect(port, [suite], identity, signature_hash) as connection:
            status = connection.request(self.signer, "PUT", target, b"{}").status
            return status, connection.suite, connection.server_signature_hash

    def check_refused(self, listener, suite, identity, signature_hash=None, reason=None):
        """`reason`: of the event; None when more than one would be right."""
        stored = len(self.store.requests)
        seen = len(self.gateway.events("handshake_failed", listener=listener))
        self.assertIsNotNone(refused(lambda: self.put(listener, suite, identity, signature_hash)), "was let in")
        event = self.gateway.wait_for_event("handshake_failed", skip=seen, listener=listener)
        self.assertIn(reason, (None, event["reason"]), event)
        self.assertEqual(len(self.store.requests), stored, "reached the store")

    def test_good_certificate_is_let_in(self):
        for suite, signature in SERVER_SIGNATURES.items():
            with self.subTest(suite=suite):
                self.assertEqual(self.put("high", suite, self.device), (200, suite, signature))
                event = self.gateway.wait_for_event("handshake", listener="high", cipher=suite)
                self.assertEqual((event["version"], event["device"]), ("TLSv1.2", self.device.id))

    def test_own_prefix_only(self):
        for suite in SERVER_SIGNATURES:
            with self.subTest(suite=suite):
                status, *_ = self.put("high", suite, self.device, target="/fleet/11223344/device.json")
                self.assertEqual(status, 403)

    def test_medium_lets_in_without_a_certificate(self):
        for suite, signature in SERVER_SIGNATURES.items():
            with self.subTest(suite=suite):
                self.assertEqual(self.put("medium", suite), (200, suite, signature))

    def test_high_refuses_without_a_certificate(self):
        for suite in SERVER_SIGNATURES:
            with self.subTest(suite=suite):
                self.check_refused("high", suite, None, reason="no_certificate")

    def test_high_refuses_a_revoked_certificate(self):
        for suite in SERVER_SIGNATURES:
            with self.subTest(suite=suite):
                self.check_refused("high", suite, self.revoked, reason="revoked")

    def test_client_is_asked_to_sign_with_sha256(self):
        """An old device may take the first of the list or the last."""
        for suite in SERVER_SIGNATURES:
            with self.subTest(suite=suite):
                with old_hello.connect(self.ports["high"], [suite], self.device) as connection:
                    self.assertEqual(connection.client_signature_hashes, ["sha256"])

    def test_client_must_not_sign_with_sha1(self):
        for suite in SERVER_SIGNATURES:
            with self.subTest(suite=suite):
                self.assertEqual(self.put("high", suite, self.device)[0], 200, "its neighbour with SHA-256")
                self.check_refused("high", suite, self.device, signature_hash="sha1")

    def test_modern_refuses(self):
        """Not for want of a suite: the one that is offered here is one of `modern`."""
        suite = "ECDHE-RSA-AES128-GCM-SHA256"
        self.assertEqual(self.put("high", suite, self.device)[0], 200)
        self.check_refused("modern", suite, self.device)
        self.assertEqual(self.put("medium", suite)[0], 200)
        self.check_refused("modern-medium", suite, None)


if __name__ == "__main__":
    main()
