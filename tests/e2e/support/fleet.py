"""What most tests need: a PKI, a store, a gateway before it, and devices with certificates."""

from support.case import EndToEndTest
from support.gateway import start_gateway
from support.https_client import Connection, tls_context
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki
from support.sigv4 import Signer
from support.store import start_store

DEVICE = "AABBCCDD"
OTHER_DEVICE = "11223344"


class FleetTest(EndToEndTest):
    """A gateway before a recording stand-in of the store, or before a real one if the class says so."""

    real_store = False
    store_domain = ""  # of a real store: below which Host names a bucket

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.device = cls.pki.device(DEVICE)
        cls.other = cls.pki.device(OTHER_DEVICE)
        if cls.real_store:
            cls.store = start_store(cls, cls.store_domain, cls.store_certificate())
            cls.signer = Signer(cls.store.access_key, cls.store.secret_key)
        else:
            cls.store = ImposterStore()
            cls.addClassCleanup(cls.store.stop)
            cls.signer = Signer("FLEETKEY", "secret-of-the-fleet")
        cls.prepare()
        cls.gateway = start_gateway(cls, cls.pki, cls.store.endpoint)

    @classmethod
    def store_certificate(cls):
        """With which a real store speaks TLS, too."""

    @classmethod
    def prepare(cls):
        """For what must be so before the gateway starts, such as a certificate that is revoked already."""

    def context(self, identity, **options):
        return tls_context(self.pki, identity, **options)

    def connect(self, identity, **options):
        """An open connection of a device, closed after the test."""
        connection = Connection(self.gateway.port, self.context(identity, **options))
        self.addCleanup(connection.close)
        return connection

    def exchange(self, method, target, headers, body):
        """Of a request on a connection of its own: the answer, and what has reached the store since."""
        before = len(self.store.requests)
        with Connection(self.gateway.port, self.context(self.device)) as connection:
            connection.send_head(method, target, headers)
            try:
                connection.send(body)
            except OSError:
                pass  # refused before its end
            answer = connection.read_answer(method)
        return answer, self.store.requests[before:]

    def revoke(self, identity):
        """Revokes and publishes. Wall-clock milliseconds are counted from here."""
        self.pki.revoke(identity)
        self.gateway.publish_crl(self.pki.crl())
