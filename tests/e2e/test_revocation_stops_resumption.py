"""A TLS session of a revoked device is worth nothing: resumption asks the revocation index again."""

import ssl
import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import wait_until

TARGET = "/fleet/{}/device.json"


class RevocationStopsResumption(FleetTest):
    tickets = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.tickets:
            text = cls.gateway.configuration.read_text()
            cls.gateway.put_in_force(text.replace("profile: canedge}", "profile: canedge, tickets: true}"))

    def new_session(self, context, target):
        """The session of a connection that is over: nothing is open that could be cut."""
        with Connection(self.gateway.port, context) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
            return connection.tls.session

    def resume(self, context, session, target):
        """Uses a session once and returns the newer one, if any; a 403 counts as a refusal."""
        with Connection(self.gateway.port, context, session) as connection:
            answer = connection.request(self.signer, "GET", target)
            if answer.status == 403:
                raise ConnectionAbortedError("403")
            self.assertTrue(connection.tls.session_reused, "resumption works while the certificate is good")
            return connection.tls.session

    def check(self, device, **options):
        identity = self.pki.device(device)
        context = self.context(identity, **options)
        target = TARGET.format(device)
        used, kept = self.new_session(context, target), self.new_session(context, target)
        offers = options.get("tickets", True) and (self.tickets or options["version"] == ssl.TLSVersion.TLSv1_3)
        self.assertEqual(kept.has_ticket, offers)
        used = self.resume(context, used, target)
        generation = self.gateway.generation()
        self.pki.revoke(identity)
        crl = self.pki.crl()
        self.gateway.publish_crl(crl)
        self.gateway.wait_for_generation_after(generation)

        reached = len(self.store.requests)
        failures = len(self.gateway.events("handshake_failed", device=device, reason="revoked"))
        for session in (kept, used, kept, used):
            error = refused(lambda: self.resume(context, session, target))
            self.assertIsNotNone(error, "a session of a revoked device was resumed")
        print(f"    {error}")
        self.assertEqual(len(self.store.requests), reached, "a revoked device reached the store")
        # Refused in the handshake already, not only at the first request.
        self.gateway.wait_for_event("handshake_failed", skip=failures + 3, device=device, reason="revoked")
        self.assertEqual(self.gateway.access_log(device=device, reason="revoked"), [])

    def test_last_moment(self):
        """Resuming all the while: how long is a session worth something after the CRL has appeared?"""
        identity = self.pki.device("BBBB0005")
        context = self.context(identity, version=ssl.TLSVersion.TLSv1_2, tickets=False)
        target = TARGET.format("BBBB0005")
        session = self.new_session(context, target)
        self.pki.revoke(identity)
        crl = self.pki.crl()
        started = time.monotonic()
        self.gateway.publish_crl(crl)
        last_accepted = started

        def resume():
            nonlocal last_accepted, session
            session = self.resume(context, session, target)
            last_accepted = time.monotonic()

        wait_until(lambda: refused(resume), "resumption is refused")
        elapsed = (last_accepted - started) * 1000
        print(f"    last resumed session accepted {elapsed:.0f} ms after the CRL appeared")

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


class RevocationStopsResumptionByTicket(RevocationStopsResumption):
    """The same where clients keep their sessions themselves."""

    tickets = True

    def test_ticket_is_worth_nothing_after_a_restart(self):
        context = self.context(self.device)
        session = self.new_session(context, TARGET.format(self.device.id))
        self.resume(context, session, TARGET.format(self.device.id))
        self.gateway.stop()
        self.gateway.start()
        with Connection(self.gateway.port, context, session) as connection:
            self.assertFalse(connection.tls.session_reused, "its key died with the process")
            answer = connection.request(self.signer, "GET", TARGET.format(self.device.id))
            self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    main()
