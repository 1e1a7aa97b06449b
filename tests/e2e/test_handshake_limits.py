"""Strangers who begin handshakes cannot keep devices out: those that go on are limited, and so are failures from
one address. What devices do by themselves never counts."""

import contextlib
import socket
import ssl

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused

TARGET = "/fleet/AABBCCDD/device.json"
FAILURES = 5
LIMITS = f"limits: {{handshake: 2s, handshakes: 4, handshake_failures_per_address: {FAILURES}}}\n"


class HandshakeLimits(FleetTest):
    def setUp(self):
        """The limits count from a start."""
        super().setUp()
        self.gateway.stop()
        text = self.gateway.configuration.read_text()
        if LIMITS not in text:
            self.gateway.write_configuration(text + LIMITS)
        self.gateway.start()

    def put(self, identity=None, context=None):
        with Connection(self.gateway.port, context or self.context(identity or self.device)) as connection:
            return connection.request(self.signer, "PUT", TARGET, b"{}").status

    def garbage(self, source="127.0.0.1"):
        """A peer whose hello is none; returns whether it got an alert before it was closed."""
        with socket.create_connection(
            ("127.0.0.1", self.gateway.port), timeout=20, source_address=(source, 0)
        ) as tcp:
            with contextlib.suppress(ConnectionError):
                tcp.sendall(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
                return tcp.recv(100) != b""
            return False

    def limited(self):
        return self.gateway.metric("sallyport_tls_handshake_failures_total", reason="limit") or 0

    def test_silent_peers_take_no_place_for_long(self):
        for _ in range(8):
            silent = socket.create_connection(("127.0.0.1", self.gateway.port), source_address=("127.0.0.2", 0))
            self.addCleanup(silent.close)
        self.assertEqual(self.put(), 200, "it waits, and is served when the deadline of the others is over")
        self.gateway.wait_for_event("handshake_failed", skip=3, reason="timeout")

    def test_failures_from_one_address(self):
        seen = len(self.gateway.events("address_limited"))
        for _ in range(FAILURES):
            self.assertTrue(self.garbage(), "an alert")
        self.gateway.wait_for_event("address_limited", skip=seen)
        self.assertFalse(self.garbage(), "closed before anything costs anything")
        self.assertIsNotNone(refused(self.put), "the address is limited, whoever it is")
        self.assertGreaterEqual(self.limited(), 2)
        self.assertTrue(self.garbage("127.0.0.2"), "others are not touched")
        self.assertEqual(len(self.gateway.events("address_limited")), seen + 1, "told once")

    def test_what_devices_do_is_no_abuse(self):
        revoked = self.pki.device("0BADCAFE")
        generation = self.gateway.generation()
        self.revoke(revoked)
        self.gateway.wait_for_generation_after(generation)
        no_suite = self.context(self.device, version=ssl.TLSVersion.TLSv1_2)
        no_suite.set_ciphers("ECDHE-RSA-AES256-SHA384")
        for attempt in (
            lambda: self.put(revoked),
            lambda: self.put(context=no_suite),
            lambda: socket.create_connection(("127.0.0.1", self.gateway.port)).close(),
        ):
            for _ in range(3 * FAILURES):
                refused(attempt)
        self.assertEqual(self.put(), 200)
        self.assertEqual(self.limited(), 0)


if __name__ == "__main__":
    main()
