"""A gateway that signs anew before a recording stand-in of the store, and what the store has got of an upload."""

import base64
import os
import zlib

from support.fleet import DEVICE, FleetTest
from support.gateway import replace_secret_file
from support.received_signature import check_received
from support.sigv4 import Signer

HOST = "store.example.test:9000"
TARGET = f"/fleet/{DEVICE}/log.MF4"
IN_STORE = f"/acme-prod-logs/eu/{DEVICE}/log.MF4"
PIECES = [os.urandom(9000), os.urandom(170_000), os.urandom(1)]
WHOLE = b"".join(PIECES)
STORE_KEY = Signer("STOREKEY", "secret-of-the-store", "eu-north-9")
RESIGN = f"""\
  signing: resign
  resign:
    region: eu-north-9
    host: {HOST}
    credentials: {{file: store.credentials}}
    buckets: [{{from: fleet, to: acme-prod-logs/eu/}}]
"""
NO_BUCKETS = ("    buckets: [{from: fleet, to: acme-prod-logs/eu/}]\n", "")


def crc32_of(content):
    return "x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


class StoreSide(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        replace_secret_file(cls.folder / "secrets.txt", f"{cls.signer.access_key} {cls.signer.secret_key}\n")
        cls.write_credentials(STORE_KEY)
        text = cls.gateway.configuration.read_text().replace("  signing: passthrough\n", RESIGN)
        text = text.replace("HeadObject]", "HeadObject, CreateMultipartUpload]")
        listing = "  - {who: device, allow: [ListObjectsV2], on: fleet/, when: {prefix: '{device}/*'}}\n"
        text = text.replace("authorization:\n", "authorization:\n" + listing)
        section = f"access_keys: {{fleet: [{cls.signer.access_key}], secrets: {{file: secrets.txt}}}}\n"
        cls.gateway.put_in_force(text + section)

    @classmethod
    def write_credentials(cls, signer, token=""):
        text = f"[default]\naws_access_key_id = {signer.access_key}\naws_secret_access_key = {signer.secret_key}\n"
        replace_secret_file(cls.folder / "store.credentials", text + (f"aws_session_token = {token}\n" if token else ""))

    def setUp(self):
        super().setUp()
        self.store.reply = self.store._store
        self.host = f"127.0.0.1:{self.gateway.port}"

    def send(self, method, target, headers, body=b""):
        """The answer, and the requests that have reached the store by it."""
        return self.exchange(method, target, headers, body)

    def signed(self, body, *extra, payload_hash="UNSIGNED-PAYLOAD", method="PUT", target=TARGET):
        headers = self.signer.sign(method, target, self.host, extra, payload_hash=payload_hash)
        return headers + [("Content-Length", len(body))]

    def assert_taken(self, headers, body, method="PUT", target=TARGET, signer=STORE_KEY):
        """Returns the request as the store has got it."""
        got, arrived = self.send(method, target, headers, body)
        arrived = [request for request in arrived if request.complete]  # what was refused before may come late
        self.assertEqual((got.status, len(arrived)), (200, 1), got.body)
        check_received(arrived[0], signer)
        self.assertNotIn(self.signer.access_key.encode(), arrived[0].head, "the client's signature stays here")
        return arrived[0]

    def assert_refused(self, status, code, headers, body, method="PUT", target=TARGET):
        got, arrived = self.send(method, target, headers, body)
        self.assertEqual((got.status, got.error_code()), (status, code), got.body)
        self.assertFalse(any(request.complete for request in arrived))
        return arrived
