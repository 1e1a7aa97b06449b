"""Stores that answer early, late or oddly: the upload goes on, or the device hears an error; never a success that is none."""

import socket
import threading
import time

from support.case import main
from support.fleet import FleetTest
from support.imposter import answer

TARGET = "/fleet/AABBCCDD/device.json"
BODY = b"x" * 300_000


class ScriptedStore:
    """Speaks each connection's script: a function of the socket."""

    def __init__(self):
        self.script = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(20)
        try:
            self.script(connection)
        except OSError:
            pass
        connection.close()

    def stop(self):
        self._listener.close()


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            raise OSError("closed")
        data += block
    head, rest = data.split(b"\r\n\r\n", 1)
    return head, rest


def read_body(connection, rest, length=len(BODY)):
    while len(rest) < length:
        block = connection.recv(65536)
        if not block:
            raise OSError("closed")
        rest += block
    return rest


class OddStores(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.odd = ScriptedStore()
        cls.addClassCleanup(cls.odd.stop)
        cls.gateway.stop()
        text = cls.gateway.configuration.read_text().replace(cls.store.endpoint, cls.odd.endpoint)
        cls.gateway.write_configuration("limits: {store_answer: 3s, body_progress: 3s}\n" + text)
        cls.gateway.start()

    def put(self, script, headers=(), expect=False):
        self.odd.script = script
        with self.connect(self.device) as connection:
            signed = self.signer.sign("PUT", TARGET, connection.host, headers)
            extra = [("Content-Length", str(len(BODY)))] + ([("Expect", "100-continue")] if expect else [])
            connection.send_head("PUT", TARGET, signed + extra)
            try:
                connection.send(BODY)
            except OSError:
                pass  # refused before the end
            return connection.read_answer("PUT").status

    def test_interim_answer_that_nobody_asked_for(self):
        def script(connection):
            _, rest = read_head(connection)
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.1)
            read_body(connection, rest)
            connection.sendall(answer(200, "OK"))

        self.assertEqual(self.put(script), 200)

    def test_two_interim_answers_at_once(self):
        def script(connection):
            _, rest = read_head(connection)
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
            read_body(connection, rest)
            connection.sendall(answer(200, "OK"))

        self.assertEqual(self.put(script), 200)
        self.assertEqual(self.put(script, expect=True), 200)

    def test_silence_to_an_expectation(self):
        def script(connection):
            _, rest = read_head(connection)
            read_body(connection, rest)
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

    def test_what_is_no_answer(self):
        oddities = {
            "nothing": b"",
            "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
            "no status": b"HTTP/1.1\r\n\r\n",
            "status below 100": b"HTTP/1.1 099 Odd\r\n\r\n",
            "switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
            "signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n",
            "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "folded line": b"HTTP/1.1 200 OK\r\nETag: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "bare line ends": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "NUL in a field": b"HTTP/1.1 200 OK\r\nETag: a\x00b\r\nContent-Length: 0\r\n\r\n",
            "endless interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
            "garbage": b"\x16\x03\x01" + b"\xff" * 100,
        }
        for name, reply in oddities.items():
            with self.subTest(name):

                def script(connection, reply=reply):
                    _, rest = read_head(connection)
                    read_body(connection, rest)
                    connection.sendall(reply)

                self.assertIn(self.put(script), (502, 504))

    def test_body_that_ends_early_is_no_success(self):
        for name, reply in {
            "by length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"y" * 5000,
            "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + b"y" * 500,
            "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        }.items():
            with self.subTest(name):

                def script(connection, reply=reply):
                    read_head(connection)
                    connection.sendall(reply)

                self.odd.script = script
                with self.connect(self.device) as connection:
                    with self.assertRaises(Exception):
                        connection.request(self.signer, "GET", TARGET)


if __name__ == "__main__":
    main()
