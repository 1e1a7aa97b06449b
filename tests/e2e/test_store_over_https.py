"""https:// stores: who is verified and how, what a cut means over TLS, and the real store behind TLS."""

import hashlib
import os
import ssl

from support.case import main
from support.fleet import FleetTest
from support.https_client import refused, server_context
from support.imposter import ImposterStore
from support.openssl_pki import OpensslPki
from support.processes import program, run, wait_until
from support.scripted_store import ScriptedStore, read_head
from support.store import start_store

TARGET = "/fleet/AABBCCDD/device.json"
EXPIRED = ("-startdate", "20240101000000Z", "-enddate", "20240201000000Z")
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


class TlsStoreTest(FleetTest):
    @classmethod
    def prepare(cls):
        cls.identity = cls.pki.server("store")
        cls.plain = cls.store.endpoint

    def setUp(self):
        super().setUp()
        self.original = self.gateway.configuration.read_text()
        self.addCleanup(self.gateway.put_in_force, self.original)

    def imposter(self, identity=None, **options):
        store = ImposterStore(context=server_context(identity or self.identity, **options))
        self.addCleanup(store.stop)
        return store

    def use(self, endpoint, tls=None, more=()):
        """`tls`: what stands in the braces of store.tls."""
        tls = f"ca: {self.pki.root}" if tls is None else tls
        self.gateway.change_configuration(
            (self.plain, endpoint),
            ("  signing:", f"  tls: {{{tls}}}\n  signing:" if tls else "  signing:"),
            *more,
        )

    def put(self, body=b"{}"):
        return self.connect(self.device).request(self.signer, "PUT", TARGET, body)

    def failed_put(self):
        """Its status and its line in the access log."""

        def failures():
            return [entry for entry in self.gateway.access_log() if entry["status"] >= 500]

        before = len(failures())
        status = self.put().status
        self.assertGreaterEqual(status, 500)
        return status, wait_until(lambda: failures()[before:], "the refusal is logged")[0]

    def expect_refusal(self, words):
        """The store is refused before it hears of a request."""
        status, entry = self.failed_put()
        self.assertEqual((status, entry["reason"]), (503, "store_down"))
        self.assertIn(words, entry["detail"])


class StoreOverHttps(TlsStoreTest):
    def test_both_ways_byte_by_byte(self):
        store = self.imposter()
        self.use(store.endpoint)
        body = os.urandom(3_000_000)
        with self.connect(self.device) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", TARGET, body).status, 200)
            got = connection.request(self.signer, "GET", TARGET)
            self.assertEqual(hashlib.sha256(got.body).digest(), hashlib.sha256(body).digest())
            head = store.requests[-1]
            self.assertEqual(head.header("Host"), connection.host, "the signed field is the device's")
        self.assertEqual(self.gateway.metric("sallyport_upstream_up", endpoint=store.endpoint), 1)

    def test_expectation_and_chunks(self):
        store = self.imposter()
        self.use(store.endpoint)
        with self.connect(self.device) as connection:
            signed = self.signer.sign("PUT", TARGET, connection.host)
            connection.send_head(
                "PUT", TARGET, signed + [("Content-Length", "5"), ("Expect", "100-continue")]
            )
            self.assertTrue(connection.tls.recv(4096).startswith(b"HTTP/1.1 100 "))
            connection.send(b"hello")
            self.assertEqual(connection.read_answer("PUT").status, 200)
        self.assertEqual(store.requests[-1].body, b"hello")

    def test_name_is_asked_for_and_verified(self):
        asked = []
        context = server_context(self.identity)
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        store = ImposterStore(context=context)
        self.addCleanup(store.stop)
        self.use(store.endpoint, f"ca: {self.pki.root}, server_name: localhost")
        self.assertEqual(self.put().status, 200)
        self.assertEqual(set(asked), {"localhost"})
        self.gateway.change_configuration(("server_name: localhost", "server_name: elsewhere.test"))
        self.expect_refusal("hostname mismatch")
        self.gateway.change_configuration(("server_name: elsewhere.test", "server_name: 127.0.0.2"))
        self.expect_refusal("IP address mismatch")

    def expect_resumption(self, version):
        context = server_context(self.identity)
        context.minimum_version = context.maximum_version = version
        store = ImposterStore(context=context)
        self.addCleanup(store.stop)
        # A connection for each request.
        limits = ("workers: 2", "workers: 2\nlimits: {idle_store_connections: 0}")
        self.use(store.endpoint, more=[limits])
        for _ in range(4):
            self.assertEqual(self.put().status, 200)
        self.assertFalse(store.sessions_resumed[0])
        self.assertTrue(store.sessions_resumed[-1], store.sessions_resumed)

    def test_session_of_tls_1_2_is_resumed(self):
        self.expect_resumption(ssl.TLSVersion.TLSv1_2)

    def test_session_of_tls_1_3_is_resumed(self):
        self.expect_resumption(ssl.TLSVersion.TLSv1_3)

    def test_unknown_authority_and_reload_of_the_right_one(self):
        store = self.imposter()
        authority = self.folder / "authority.pem"
        authority.write_bytes(OpensslPki(self.folder / "foreign").root.read_bytes())
        self.use(store.endpoint, f"ca: {authority}")
        self.expect_refusal("not trusted")
        self.assertEqual(store.requests, [])
        self.assertEqual(self.gateway.metric("sallyport_upstream_up", endpoint=store.endpoint), 0)
        generation = self.gateway.generation()
        authority.write_bytes(self.pki.root.read_bytes())
        self.gateway.wait_for_generation_after(generation)
        self.assertEqual(self.put().status, 200)

    def test_system_does_not_know_our_authority(self):
        self.use(self.imposter().endpoint, "")
        self.expect_refusal("not trusted")

    def test_expired_certificate(self):
        store = self.imposter(self.pki.server("expired", EXPIRED))
        self.use(store.endpoint)
        self.expect_refusal("expired")
        self.assertEqual(store.requests, [])

    def test_device_certificate_is_no_server(self):
        store = self.imposter(self.pki.device("5E5E5E5E", uri="IP:127.0.0.1"))
        self.use(store.endpoint)
        self.expect_refusal("purpose")

    def test_store_that_asks_for_a_certificate(self):
        store = self.imposter(client_ca=self.pki.root)
        self.use(store.endpoint)
        self.assertIn("certificate required", self.failed_put()[1]["detail"])
        self.assertEqual(store.requests, [])
        client = self.pki.device("6A7E6A7E", name="gateway-client")
        self.gateway.change_configuration(
            (f"ca: {self.pki.root}", f"ca: {self.pki.root}, certificate: {client.chain}, key: {client.key}")
        )
        self.assertEqual(self.put().status, 200)

    def test_old_tls_is_refused(self):
        context = server_context(self.identity)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        store = ImposterStore(context=context)
        self.addCleanup(store.stop)
        self.use(store.endpoint, f"ca: {self.pki.root}, minimum_version: 1.3")
        self.expect_refusal("TLS")

    def test_store_without_tls(self):
        def script(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        store = ScriptedStore()
        self.addCleanup(store.stop)
        store.script = script
        self.use(store.endpoint.replace("http://", "https://"))
        self.expect_refusal("TLS handshake")

    def test_body_until_the_end_of_the_connection(self):
        store = ScriptedStore(server_context(self.identity))
        self.addCleanup(store.stop)
        self.use(store.endpoint)
        body = b"y" * 100_000

        def whole(connection):
            read_head(connection)
            connection.sendall(UNTIL_CLOSE + body)
            connection.unwrap()

        def cut(connection):
            read_head(connection)
            connection.sendall(UNTIL_CLOSE + body)

        store.script = whole
        self.assertEqual(self.connect(self.device).request(self.signer, "GET", TARGET).body, body)
        store.script = cut
        cut_off = self.connect(self.device)
        self.assertIsNotNone(refused(lambda: cut_off.request(self.signer, "GET", TARGET)))
        entry = self.gateway.wait_for_access(method="GET", reason="store_malformed")
        self.assertIn("ended early", entry["detail"])

    def test_files_that_are_wrong_are_named_with_their_place(self):
        nothing = self.folder / "nothing.pem"
        nothing.write_text("nothing\n")
        text = self.original.replace(self.plain, "https://127.0.0.1:1")
        client = self.pki.device("6A7E6A7E", name="check-client")
        for tls, words in (
            (f"ca: {nothing}", "nothing.pem"),
            (f"certificate: {nothing}, key: {client.key}", "nothing.pem"),
            (f"certificate: {client.chain}, key: {self.identity.key}", "does not fit"),
            (f"ca: {self.pki.server('old-authority', EXPIRED).chain}", "has expired"),
        ):
            with self.subTest(tls):
                file = self.folder / "checked.yaml"
                file.write_text(text.replace("  signing:", f"  tls: {{{tls}}}\n  signing:"))
                done = run(program("sallyport-gateway"), "check", "--config", file)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                line = text[: text.index("  signing:")].count("\n") + 1
                self.assertRegex(done.stderr, rf"(?m)^{file}:{line}:\d+: store\.tls: .*{words}")


class RealStoreOverHttps(TlsStoreTest):
    def test_device_uploads_and_reads_back(self):
        store = start_store(type(self), tls=self.identity)
        self.signer.access_key, self.signer.secret_key = store.access_key, store.secret_key
        self.use(f"https://localhost:{store.tls_port}")
        body = os.urandom(300_000)
        self.assertEqual(self.put(body).status, 200)
        self.assertEqual(store.sha256(TARGET.removeprefix("/fleet/")), hashlib.sha256(body).hexdigest())
        got = self.connect(self.device).request(self.signer, "GET", TARGET)
        self.assertEqual((got.status, got.body), (200, body))


if __name__ == "__main__":
    main()
