"""A TLS session of a revoked device is worth nothing: resumption asks the revocation index again."""

import ssl
import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import wait_until

TARGET = "/fleet/{}/device.json"


class RevocationStopsResumption(FleetTest):
    def check(self, device, **options):
        identity = self.pki.device(device)
        context = self.context(identity, **options)
        target = TARGET.format(device)
        with Connection(self.gateway.port, context) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
            session = connection.tls.session
        with Connection(self.gateway.port, context, session) as connection:
            self.assertEqual(connection.request(self.signer, "GET", target).status, 200)
            self.assertTrue(connection.tls.session_reused, "resumption works while the certificate is good")
            session = connection.tls.session

        self.pki.revoke(identity)
        crl = self.pki.crl()
        started = time.monotonic()
        self.gateway.publish_crl(crl)
        last_accepted = started

        def resume():
            nonlocal last_accepted, session
            with Connection(self.gateway.port, context, session) as connection:
                answer = connection.request(self.signer, "GET", target)
                if answer.status == 403:
                    raise ConnectionAbortedError("403")
                session = connection.tls.session
                last_accepted = time.monotonic()

        error = wait_until(lambda: refused(resume), "resumption is refused")
        elapsed = (last_accepted - started) * 1000
        print(f"    last resumed session accepted {elapsed:.0f} ms after the CRL appeared, then: {error}")
        reached = len(self.store.requests)
        for _ in range(5):
            self.assertIsNotNone(refused(resume))
        self.assertEqual(
            len(self.store.requests), reached, "a resumed session of a revoked device reached the store"
        )
        event = self.gateway.wait_for_event("handshake_failed", device=device)
        self.assertEqual(event["reason"], "revoked")

    def test_tls_1_2_by_session_id(self):
        self.check("BBBB0001", version=ssl.TLSVersion.TLSv1_2, tickets=False)

    def test_tls_1_2_by_ticket_if_offered(self):
        """The client asks for a ticket; whatever it got, a revoked device must not come back with it."""
        self.check("BBBB0002", version=ssl.TLSVersion.TLSv1_2)

    def test_tls_1_3(self):
        self.check("BBBB0003", version=ssl.TLSVersion.TLSv1_3)

    def test_sessions_of_other_devices_survive(self):
        context = self.context(self.other, version=ssl.TLSVersion.TLSv1_2, tickets=False)
        target = TARGET.format(self.other.id)
        with Connection(self.gateway.port, context) as connection:
            connection.request(self.signer, "PUT", target, b"{}")
            session = connection.tls.session
        generation = self.gateway.generation()
        self.revoke(self.pki.device("BBBB0004"))
        self.gateway.wait_for_generation_after(generation)
        with Connection(self.gateway.port, context, session) as connection:
            self.assertEqual(connection.request(self.signer, "GET", target).status, 200)
            self.assertTrue(connection.tls.session_reused)


if __name__ == "__main__":
    main()
