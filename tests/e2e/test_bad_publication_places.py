"""Web servers that misbehave while CRLs are published: each failure is told, bounded, and costs no revocation."""

import ssl
import threading
import warnings

from support.case import EndToEndTest, main
from support.https_client import server_context
from support.imposter import ImposterStore, answer
from support.openssl_pki import OpensslPki
from support.publication import CRL, Publisher, der_crl
from support.scripted_store import ScriptedStore, read_body, read_head

ABSENT = answer(404, "Not Found")


class BadPublicationPlaces(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.server = cls.pki.server("web")
        cls.crl = der_crl(cls.folder, cls.pki)

    def publish(self, endpoint, more=""):
        """The detail of a publication that must fail."""
        publisher = Publisher(self.folder, self.pki, [f"url: {endpoint}/put/{more}"])
        placement, detail = publisher.publish_one(self.crl)
        self.assertEqual(placement, "failed")
        self.assertIn(endpoint, detail)
        return detail

    def imposter(self, reply, context=None):
        store = ImposterStore(reply, context=context)
        self.addCleanup(store.stop)
        return store

    def scripted(self, script, context=None):
        store = ScriptedStore(context)
        store.script = script
        self.addCleanup(store.stop)
        return store

    def requests_of_crl(self, store, method):
        return [one for one in store.requests if one.start_line.startswith(f"{method} /put/{CRL} ")]

    def reply_to_put(self, reply):
        """An empty server that answers each PUT so."""
        return lambda request: reply if request.start_line.startswith("PUT") else ABSENT

    # ---- answers that are a no -----------------------------------------------------------------

    def test_refusals_are_told_and_not_repeated(self):
        for status, words in (
            (401, "check them"),
            (403, "check them"),
            (404, "check the URL"),
            (405, "is it a server for uploads"),
            (413, "raise its limit"),
            (202, "it answered 202"),
            (307, "a redirect to https://elsewhere.example/"),
        ):
            with self.subTest(status):
                headers = [("Location", "https://elsewhere.example/\xa0")]
                store = self.imposter(self.reply_to_put(answer(status, "No", b"<html>", headers)))
                self.assertIn(words, self.publish(store.endpoint))
                self.assertEqual(len(self.requests_of_crl(store, "PUT")), 1)

    def test_overload_is_tried_three_times(self):
        for status in (429, 500, 503):
            with self.subTest(status):
                store = self.imposter(self.reply_to_put(answer(status, "Busy")))
                self.assertIn(f"it answered {status} three times", self.publish(store.endpoint))
                self.assertEqual(len(self.requests_of_crl(store, "PUT")), 3)

    def test_second_attempt_may_succeed(self):
        store = self.imposter(None)
        keep, refusals = store.reply, [answer(503, "Busy"), answer(429, "Busy")]
        store.reply = lambda request: (
            refusals.pop() if request.start_line.startswith("PUT") and refusals else keep(request)
        )
        publisher = Publisher(self.folder, self.pki, [f"url: {store.endpoint}/put/"])
        self.assertEqual(publisher.publish_one(self.crl)[0], "written")

    def test_refusal_before_the_body_is_an_answer(self):
        """The body would take longer than the patience of any test: nobody reads it."""
        enough = threading.Event()
        self.addCleanup(enough.set)

        def refuse(connection):
            head, _ = read_head(connection)
            connection.sendall(answer(413, "Too Large") if head.startswith(b"PUT") else ABSENT)
            enough.wait(20)

        index = self.pki.folder / "index.txt"
        remembered = index.read_text()
        self.addCleanup(index.write_text, remembered)
        first = 1 << 120
        index.write_text(
            "".join(
                f"R\t400101000000Z\t250101000000Z\t{first + i:032X}\tunknown\t/CN=x\n" for i in range(300_000)
            )
        )
        large = der_crl(self.folder, self.pki, "large.der")
        store = self.scripted(refuse)
        publisher = Publisher(self.folder, self.pki, [f"url: {store.endpoint}/put/"])
        placement, detail = publisher.publish_one(large)
        self.assertEqual(placement, "failed")
        self.assertIn("413", detail)

    # ---- what is read back ---------------------------------------------------------------------

    def test_other_bytes_at_read_back_are_a_failure(self):
        for name, change in (
            ("changed", lambda body: body[:-1] + b"!"),
            ("cut", lambda body: body[: len(body) // 2]),
            ("longer", lambda body: body + b"!"),
            ("empty", lambda body: b""),
        ):
            with self.subTest(name):
                store = self.imposter(None)
                keep = store.reply

                def reply(request, keep=keep, store=store, change=change):
                    done = keep(request)
                    if request.start_line.startswith("PUT"):
                        target = request.start_line.split()[1]
                        store.objects[target] = change(store.objects[target])
                    return done

                store.reply = reply
                self.assertIn("other bytes were read back", self.publish(store.endpoint))

    def read_back(self, lie):
        """A server that takes the file, and answers each GET behind that with the bytes of `lie`."""
        taken = []

        def script(connection):
            head, rest = read_head(connection)
            if head.startswith(b"PUT"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                read_body(connection, rest, length)
                taken.append(head)
                connection.sendall(answer(201, "Created"))
            else:
                connection.sendall(lie if taken else ABSENT)

        return self.publish(self.scripted(script).endpoint)

    def test_read_back_that_is_cut_does_not_pass(self):
        body = self.crl.read_bytes()
        self.assertIn("it closed the connection", self.read_back(answer(200, "OK", body)[:-10]))

    def test_read_back_without_a_length_does_not_pass(self):
        body = self.crl.read_bytes()
        detail = self.read_back(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        self.assertIn("does not say how long it is", detail)

    def test_answers_that_are_no_http_or_too_large(self):
        self.assertIn("no HTTP", self.read_back(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))
        self.assertIn(
            "larger than", self.read_back(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        )
        self.assertIn("larger than", self.read_back(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"))

    # ---- connections that break or stall -------------------------------------------------------

    def test_cut_connection_is_tried_three_times(self):
        connections = []
        store = self.scripted(lambda connection: connections.append(read_head(connection)))
        self.assertIn("it closed the connection", self.publish(store.endpoint))
        self.assertEqual(sum(head.startswith(b"GET /put/" + CRL.encode()) for head, _ in connections), 3)

    def test_stall_ends_at_the_deadline_and_is_met_once(self):
        enough = threading.Event()
        self.addCleanup(enough.set)
        heads = []

        def script(connection, says=b""):
            heads.append(read_head(connection))
            connection.sendall(says)
            enough.wait(20)

        for name, says in (
            ("silent", b""),
            ("in its answer", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"),
        ):
            with self.subTest(name):
                heads.clear()
                store = self.scripted(lambda connection, says=says: script(connection, says))
                self.assertIn("no whole answer within 1 s", self.publish(store.endpoint, ", deadline: 1s"))
                self.assertEqual(len(heads), 1, "nor is the manifest tried")

    def test_stall_in_the_handshake_ends_at_the_deadline(self):
        enough = threading.Event()
        self.addCleanup(enough.set)
        store = self.scripted(lambda connection: enough.wait(20))
        endpoint = store.endpoint.replace("http:", "https:")
        detail = self.publish(endpoint, f", ca: {self.pki.root}, deadline: 1s")
        self.assertIn("no TLS handshake within 1 s", detail)

    # ---- TLS -----------------------------------------------------------------------------------

    def test_servers_must_prove_who_they_are(self):
        stranger = OpensslPki(self.folder / "stranger")
        expired = ("-startdate", "20240101000000Z", "-enddate", "20240201000000Z")
        for name, identity in (
            ("unknown authority", stranger.server("web")),
            ("other name", self.pki.server("other", names="DNS:other.example")),
            ("expired", self.pki.server("expired", dates=expired)),
        ):
            with self.subTest(name):
                store = self.imposter(None, server_context(identity))
                detail = self.publish(store.endpoint, f", ca: {self.pki.root}")
                self.assertIn("its certificate is not trusted", detail)
                self.assertEqual(store.requests, [])

    def test_old_tls_is_refused(self):
        context = server_context(self.server)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        store = self.imposter(None, context)
        self.assertIn("no TLS handshake", self.publish(store.endpoint, f", ca: {self.pki.root}"))

    def test_server_that_asks_for_a_certificate_refuses_us_without(self):
        store = self.imposter(None, server_context(self.server, client_ca=self.pki.root))
        self.assertIn("certificate required", self.publish(store.endpoint, f", ca: {self.pki.root}"))
        self.assertEqual(store.requests, [])


if __name__ == "__main__":
    main()
