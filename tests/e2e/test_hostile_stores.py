"""A store that answers wrongly makes no success: the device hears an error or sees its connection end, and the
next request has its own answer, whatever is left on the store's connection (`store_answers/`)."""

import threading

from store_answers import bodies, heads
from support.answer_reader import AnswerReader, BrokenAnswer
from support.case import main
from support.fleet import FleetTest
from support.imposter import answer
from support.processes import wait_until
from support.scripted_store import ScriptedStore, read_body, read_head

HOSTILE = "/fleet/AABBCCDD/hostile"
BODY = b"an upload"


def unread_bytes(connection):
    """What has arrived at the other end of a connection within this machine and was not read there."""
    other, own = connection.getpeername()[1], connection.getsockname()[1]
    with open("/proc/net/tcp") as table:
        for row in list(table)[1:]:
            _, local, remote, _, queues, *_ = row.split()
            if (int(local[-4:], 16), int(remote[-4:], 16)) == (other, own):
                return int(queues.split(":")[1], 16)
    return 0


class HostileStores(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.odd = ScriptedStore()
        cls.odd.script = cls.serve
        cls.addClassCleanup(cls.odd.stop)
        cls.gateway.stop()
        text = cls.gateway.configuration.read_text().replace(cls.store.endpoint, cls.odd.endpoint)
        # One worker, whose next request finds the connection that the last one left.
        text = text.replace("workers: 2", "workers: 1")
        cls.gateway.write_configuration("limits: {store_answer: 1500ms, body_progress: 1500ms}\n" + text)
        cls.gateway.start()
        cls.follow_ups = 0
        cls.said = None

    @classmethod
    def serve(cls, connection):
        """Every connection of the store: the case's answer to its request, an echo to any other."""
        rest = b""
        while True:
            head, rest = read_head(connection, rest)
            start_line = head.split(b"\r\n")[0]
            length = len(BODY) if start_line.startswith(b"PUT ") else 0
            rest = read_body(connection, rest, length)[length:]
            if HOSTILE.encode() in start_line:
                if not cls.said(connection):
                    return
            else:
                connection.sendall(answer(200, "OK", b"", [("x-answers", start_line.decode())]))

    def ask(self, reader, connection, method, target):
        body = BODY if method == "PUT" else b""
        length = [("Content-Length", str(len(body)))] if body else []
        connection.send_head(method, target, self.signer.sign(method, target, connection.host) + length)
        connection.send(body)
        return reader.read(method)

    def check(self, answers):
        names = [each.name for each in answers]
        self.assertEqual(len(names), len(set(names)), "two answers of one name")
        for each in answers:
            with self.subTest(each.name):
                type(self).said = staticmethod(each.say)
                with self.connect(self.device) as connection:
                    reader = AnswerReader(connection.tls)
                    try:
                        got = self.ask(reader, connection, each.method, HOSTILE)
                    except BrokenAnswer as broken:
                        self.assertNotIn("stays open", str(broken))
                        got = None
                    getattr(self, f"expect_{type(each.expected).__name__.lower()}")(each, got)
                    if got and got.keeps_connection:
                        self.follow_up(connection, reader)
                with self.connect(self.device) as connection:
                    self.follow_up(connection, AnswerReader(connection.tls))

    def expect_refused(self, each, got):
        self.assertIsNotNone(got, "no answer")
        self.assertEqual((got.status, got.error_code()), (each.expected.status, "InternalError"))
        self.assertIsNotNone(got.field("x-amz-request-id"))

    def expect_broken(self, _each, got):
        if got is not None:
            self.assertIn((got.status, got.error_code()), ((502, "InternalError"), (504, "InternalError")))

    def expect_whole(self, each, got):
        self.assertIsNotNone(got, "no answer")
        self.assertEqual((got.status, got.body), (each.expected.status, each.expected.body))

    def follow_up(self, connection, reader):
        type(self).follow_ups += 1
        target = f"/fleet/AABBCCDD/next-{self.follow_ups}"
        got = self.ask(reader, connection, "GET", target)
        self.assertIsNotNone(got, "no answer to the next request")
        self.assertEqual((got.status, got.field("x-answers")), (200, f"GET {target} HTTP/1.1"))

    def test_heads(self):
        self.check(heads.ANSWERS)

    def test_bodies(self):
        self.check(bodies.ANSWERS)

    def test_second_answer_that_comes_late(self):
        """When the connection is back in the pool already."""
        first_was_read = threading.Event()
        second_was_sent = threading.Event()

        def say(connection):
            connection.sendall(answer(200, "OK", b"hello"))
            first_was_read.wait(10)
            connection.sendall(answer(200, "OK", b"", [("x-answers", "nobody")]))
            wait_until(lambda: unread_bytes(connection) > 0, "the second answer is with the gateway")
            second_was_sent.set()
            return True

        type(self).said = staticmethod(say)
        with self.connect(self.device) as connection:
            reader = AnswerReader(connection.tls)
            self.assertEqual(self.ask(reader, connection, "GET", HOSTILE).body, b"hello")
            first_was_read.set()
            self.assertTrue(second_was_sent.wait(10))
            self.follow_up(connection, reader)


if __name__ == "__main__":
    main()
