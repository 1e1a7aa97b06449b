"""Attacks on a gateway that signs with credentials of its own: what it is talked into would count in the store."""

import os
import time

from support.case import main
from support.chunked_payload import SIGNED, signed_chunks
from support.fleet import DEVICE, OTHER_DEVICE
from support.received_signature import check_received
from support.sigv4 import Signer
from support.store_side import STORE_KEY, StoreSide


class AttacksOnAGatewayThatSignsAnew(StoreSide):
    def assert_nothing_reached(self, method, target, *extra):
        headers = self.signer.sign(method, target, self.host, extra)
        got, arrived = self.send(method, target, [*headers, ("Content-Length", 0)])
        self.assertIn(got.status, (400, 403, 404), (target, extra))
        self.assertEqual(arrived, [], (target, extra))

    def test_spellings_of_anothers_place(self):
        """By its name here, its name in the store, and by ways out of the device's own prefix."""
        for target in (
            f"/acme-prod-logs/eu/{OTHER_DEVICE}/x",
            f"/acme-prod-logs/eu/{DEVICE}/x",
            f"/fleet/eu/{OTHER_DEVICE}/x",
            f"/fleet/{DEVICE}/..%2F{OTHER_DEVICE}/x",
            f"/fleet/{DEVICE}/%2e%2e/{OTHER_DEVICE}/x",
            f"/fleet/{DEVICE}/%252e%252e/{OTHER_DEVICE}/x",
            f"/fleet/{DEVICE}%2F..%2F{OTHER_DEVICE}/x",
            f"/fleet/{DEVICE}/.%00./{OTHER_DEVICE}/x",
            f"/fleet//{DEVICE}/../{OTHER_DEVICE}/x",
            f"/fleet%2Facme/{DEVICE}/x",
        ):
            self.assert_nothing_reached("PUT", target)

    def test_copies_of_what_is_anothers(self):
        for source in (
            f"/fleet/{OTHER_DEVICE}/secret",
            f"acme-prod-logs/eu/{OTHER_DEVICE}/secret",
            f"/fleet/{DEVICE}/..%2F{OTHER_DEVICE}/secret",
        ):
            self.assert_nothing_reached("PUT", f"/fleet/{DEVICE}/x", ("x-amz-copy-source", source))

    def test_lists_of_what_is_anothers(self):
        for query in (
            f"prefix={OTHER_DEVICE}%2F",
            "prefix=",
            "delimiter=%2F",
            f"prefix={DEVICE}%2F..%2F{OTHER_DEVICE}%2F",
            f"prefix={DEVICE}%2F&prefix={OTHER_DEVICE}%2F",
            f"prefix={DEVICE}%2F&continuation-token=eu%2F{OTHER_DEVICE}%2F",
        ):
            self.assert_nothing_reached("GET", f"/fleet?list-type=2&{query}")

    def begin_upload(self, identity, content):
        """All of an upload in signed chunks but its last one. Returns the connection and what is left."""
        target = f"/fleet/{identity.id}/x"
        fields = [("x-amz-decoded-content-length", str(len(content)))]
        headers = self.signer.sign("PUT", target, self.host, fields, payload_hash=SIGNED)
        chunks = signed_chunks(self.signer, headers, [content[:100_000], content[100_000:]])
        connection = self.connect(identity)
        connection.send_head("PUT", target, [*headers, ("Content-Length", sum(map(len, chunks)))])
        connection.send(b"".join(chunks[:-1]))
        self.store.wait_for_requests(1)
        return connection, chunks[-1]

    def assert_nothing_whole(self, content):
        """The end of it, up to a chunk, must not even have been sent."""
        time.sleep(0.2)
        self.assertNotIn(content[-1000:], self.store.received)
        self.assertFalse(any(content[:1000] in request.body for request in self.store.requests if request.complete))

    def test_device_that_is_revoked_before_its_last_chunk(self):
        victim = self.pki.device("EEEE0002")
        content = os.urandom(300_000)
        self.begin_upload(victim, content)
        self.revoke(victim)
        self.gateway.wait_for_event("connection_cut", device=victim.id, reason="revoked")
        self.assert_nothing_whole(content)

    def test_device_that_leaves_before_its_last_chunk(self):
        content = os.urandom(300_000)
        connection, _ = self.begin_upload(self.device, content)
        connection.close()
        self.gateway.wait_for_access(device=self.device.id, reason="peer_closed")
        self.assert_nothing_whole(content)

    def test_device_that_stalls_before_its_last_chunk(self):
        text = self.gateway.configuration.read_text()
        self.addCleanup(self.gateway.put_in_force, text)
        self.gateway.put_in_force(text + "limits: {body_progress: 500ms}\n")
        content = os.urandom(300_000)
        self.begin_upload(self.device, content)
        self.assert_taken(self.signed(b"meanwhile"), b"meanwhile")
        self.gateway.wait_for_access(device=self.device.id, reason="timeout")
        self.assert_nothing_whole(content)

    def test_credentials_that_are_rewritten_while_they_are_read(self):
        """In place and in pieces, as no operator should: each request has a signature of the old or of the new ones."""
        fresh = Signer("STOREKEY2", "another-secret-that-is-long-enough", STORE_KEY.region)
        self.addCleanup(self.write_credentials, STORE_KEY)
        text = f"[default]\naws_access_key_id = {fresh.access_key}\naws_secret_access_key = {fresh.secret_key}\n"
        generation = self.gateway.generation()
        with open(self.folder / "store.credentials", "w") as file:
            for at in range(0, len(text), 7):
                file.write(text[at : at + 7])
                file.flush()
                before = len(self.store.requests)
                got, _ = self.send("PUT", f"/fleet/{DEVICE}/log.MF4", self.signed(b"x"), b"x")
                self.assertEqual(got.status, 200)
                check_received(self.store.requests[before], STORE_KEY)
        self.gateway.wait_for_generation_after(generation)
        self.assert_taken(self.signed(b"x"), b"x", signer=fresh)


if __name__ == "__main__":
    main()
