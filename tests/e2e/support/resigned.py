"""Real clients -> gateway that signs anew -> a real store behind TLS, with buckets in the host."""

import os

from support.clients import Clients
from support.fleet import FleetTest
from support.gateway import replace_secret_file
from support.operators import Operators
from support.store import BUCKET, store_name

DOMAIN = "s3.store.test"
STORE_BUCKET = "acme-prod-logs"
PREFIX = "eu/logs/"
# Swift wants its own; the others take any.
REGION = "us-east-1" if store_name() == "swift" else "eu-north-9"
CLIENT_KEY = "CLIENTKEY"
CLIENT_SECRET = "a-secret-of-no-store"


class Resigned(Clients, FleetTest):
    """Client with a key that the store has never seen -> gateway -> radosgw, behind TLS."""

    real_store = True
    store_domain = DOMAIN
    chunks = "plain" if store_name() == "swift" else "signed"  # it knows no aws-chunked

    @classmethod
    def store_certificate(cls):
        return cls.pki.server("store", names=f"IP:127.0.0.1,DNS:{DOMAIN},DNS:*.{DOMAIN}")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        operators = Operators(cls)
        cls.store.client.create_bucket(Bucket=STORE_BUCKET)
        replace_secret_file(cls.folder / "secrets.txt", f"{CLIENT_KEY} {CLIENT_SECRET}\n")
        cls.write_credentials(cls.store.secret_key)
        text = cls.gateway.configuration.read_text()
        resign = f"""\
  tls: {{ca: {cls.pki.root}, server_name: {DOMAIN}}}
  signing: resign
  resign:
    region: {REGION}
    addressing: virtual-hosted
    host: {DOMAIN}
    credentials: {{file: store.credentials, profile: gateway}}
    chunks: {cls.chunks}
    buckets: [{{from: {BUCKET}, to: {STORE_BUCKET}/{PREFIX}}}]
"""
        text = text.replace(cls.store.endpoint, f"https://127.0.0.1:{cls.store.tls_port}")
        text = text.replace("  signing: passthrough\n", resign)
        section = f"access_keys: {{operators: [{CLIENT_KEY}], secrets: {{file: secrets.txt}}}}\n"
        cls.gateway.put_in_force(text + section)
        cls.connect_clients(operators, CLIENT_KEY, CLIENT_SECRET)
        cls.large = cls.folder / "large.MF4"
        cls.large.write_bytes(os.urandom(64 << 20))

    @classmethod
    def write_credentials(cls, secret):
        replace_secret_file(
            cls.folder / "store.credentials",
            f"[gateway]\naws_access_key_id = {cls.store.access_key}\naws_secret_access_key = {secret}\n",
        )

    def stored(self, key):
        """The bytes that the store has, asked for without the gateway."""
        return self.store.client.get_object(Bucket=STORE_BUCKET, Key=PREFIX + key)["Body"].read()
