"""A revoked device loses what it has open: an idle connection, and the next request on a busy one."""

import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.openssl_pki import serial
from support.processes import wait_until

TARGET = "/fleet/{}/device.json"


class RevocationEndsConnections(FleetTest):
    """Each test revokes a device of its own."""

    def new_device(self, name):
        identity = self.pki.device(name)
        return identity, TARGET.format(name)

    def test_idle_connection_is_closed(self):
        identity, target = self.new_device("AAAA0001")
        connection = self.connect(identity)
        self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
        self.pki.revoke(identity)
        crl = self.pki.crl()
        started = time.monotonic()
        self.gateway.publish_crl(crl)
        connection.tls.settimeout(10)
        try:
            self.assertEqual(connection.tls.recv(1), b"", "the gateway sent something unasked")
        except (ConnectionResetError, BrokenPipeError):
            pass
        print(
            f"    idle connection closed {(time.monotonic() - started) * 1000:.0f} ms after the CRL appeared"
        )
        event = self.gateway.wait_for_event("connection_cut", device="AAAA0001")
        self.assertEqual(event["reason"], "revoked")
        self.assertEqual(event["serial"].upper(), serial(identity))

    def test_requests_in_a_loop_stop(self):
        identity, target = self.new_device("AAAA0002")
        connection = self.connect(identity)
        self.pki.revoke(identity)
        crl = self.pki.crl()
        self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200, "it works before")
        started = time.monotonic()
        self.gateway.publish_crl(crl)
        last_accepted = started

        def next_request():
            nonlocal last_accepted
            answer = connection.request(self.signer, "GET", target)
            if answer.status == 403:
                raise ConnectionAbortedError("403")
            last_accepted = time.monotonic()

        wait_until(lambda: refused(next_request), "the next request is refused")
        print(f"    last request accepted {(last_accepted - started) * 1000:.0f} ms after the CRL appeared")
        self.assertLess(last_accepted - started, 2.0)
        reached = len(self.store.requests)
        error = refused(
            lambda: Connection(self.gateway.port, self.context(identity)).request(self.signer, "GET", target)
        )
        self.assertIsNotNone(error, "a new connection was let in")
        self.assertEqual(len(self.store.requests), reached)
        self.gateway.wait_for_event("handshake_failed", reason="revoked", device="AAAA0002")

    def test_other_devices_never_notice(self):
        identity, target = self.new_device("AAAA0003")
        bystander = self.connect(self.other)
        before = bystander.request(self.signer, "PUT", TARGET.format(self.other.id), b"{}")
        self.assertEqual(before.status, 200)
        victim = self.connect(identity)
        self.assertEqual(victim.request(self.signer, "PUT", target, b"{}").status, 200)
        cuts = len(self.gateway.events("connection_cut", device=self.other.id))
        self.revoke(identity)
        self.gateway.wait_for_event("connection_cut", device="AAAA0003")
        for _ in range(20):
            self.assertEqual(bystander.request(self.signer, "GET", TARGET.format(self.other.id)).status, 200)
        self.assertEqual(len(self.gateway.events("connection_cut", device=self.other.id)), cuts)


if __name__ == "__main__":
    main()
