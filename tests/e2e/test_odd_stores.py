"""Stores that answer early, late or oddly: the upload goes on, or the device hears an error; never a success that is none."""

import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import server_context
from support.imposter import answer
from support.scripted_store import ScriptedStore, read_body, read_head

TARGET = "/fleet/AABBCCDD/device.json"
BODY = b"x" * 300_000


class OddStores(FleetTest):
    tls = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.odd = ScriptedStore(server_context(cls.pki.server("store")) if cls.tls else None)
        cls.addClassCleanup(cls.odd.stop)
        cls.gateway.stop()
        text = cls.gateway.configuration.read_text().replace(cls.store.endpoint, cls.odd.endpoint)
        if cls.tls:
            text = text.replace("  signing:", f"  tls: {{ca: {cls.pki.root}}}\n  signing:")
        cls.gateway.write_configuration("limits: {store_answer: 3s, body_progress: 3s}\n" + text)
        cls.gateway.start()

    def put(self, script, headers=(), expect=False, body=BODY):
        self.odd.script = script
        with self.connect(self.device) as connection:
            signed = self.signer.sign("PUT", TARGET, connection.host, headers)
            extra = [("Content-Length", str(len(body)))] + ([("Expect", "100-continue")] if expect else [])
            connection.send_head("PUT", TARGET, signed + extra)
            try:
                connection.send(body)
            except OSError:
                pass  # refused before the end
            return connection.read_answer("PUT").status

    def test_interim_answer_that_nobody_asked_for(self):
        def script(connection):
            _, rest = read_head(connection)
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.1)
            read_body(connection, rest, len(BODY))
            connection.sendall(answer(200, "OK"))

        self.assertEqual(self.put(script), 200)

    def test_two_interim_answers_at_once(self):
        def script(connection):
            _, rest = read_head(connection)
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
            read_body(connection, rest, len(BODY))
            connection.sendall(answer(200, "OK"))

        self.assertEqual(self.put(script), 200)
        self.assertEqual(self.put(script, expect=True), 200)

    def test_silence_to_an_expectation(self):
        def script(connection):
            _, rest = read_head(connection)
            read_body(connection, rest, len(BODY))
            connection.sendall(answer(200, "OK"))

        started = time.monotonic()
        self.assertEqual(self.put(script, expect=True), 200)
        self.assertLess(time.monotonic() - started, 2.9, "the gateway waited for a word that need not come")

    def test_refusal_before_the_body(self):
        def script(connection):
            read_head(connection)
            connection.sendall(answer(403, "Forbidden", b"<Error><Code>AccessDenied</Code></Error>"))
            time.sleep(0.3)

        self.assertEqual(self.put(script), 403)
        self.assertEqual(self.put(script, expect=True), 403)

    def test_success_before_the_body(self):
        """Nobody can have stored what has not arrived: the device must keep it and try again."""

        def script(connection):
            read_head(connection)
            connection.sendall(answer(200, "OK"))
            time.sleep(0.3)

        more_than_sockets_hold = BODY * 100
        self.assertEqual(self.put(script, body=more_than_sockets_hold), 502)
        self.assertEqual(self.put(script, expect=True), 502)


class OddStoresOverTls(OddStores):
    tls = True


if __name__ == "__main__":
    main()
