"""One request in, at most one request out, and that is the one that was judged: what the literature on request
smuggling tries (`smuggling/`), each on a mutual TLS connection before a store that keeps every byte."""

import re
import socket

from smuggling import (
    bodies_and_neighbours,
    chunked_bodies,
    field_syntax,
    hosts_and_hops,
    message_framing,
    request_lines,
)
from smuggling.cases import Cut, Passes, Unfinished
from support.answer_reader import AnswerReader
from support.case import main
from support.fleet import FleetTest
from support.imposter import answer
from support.processes import wait_until

FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\t\x20-\x7e\x80-\xff]*")
FRAMING = re.compile(rb"^(content.length|transfer.encoding) *:", re.I)


def echo(request):
    """Says which request it answers."""
    body = b"" if request.start_line.startswith("HEAD ") else request.start_line.encode("latin-1")
    return answer(200, "OK", body, [("x-answers", request.start_line)])


def requests_of(expected):
    """How many, whole or not, reach the store."""
    if isinstance(expected, Passes):
        return len(expected.seen)
    return int(isinstance(expected, Cut) or (isinstance(expected, Unfinished) and expected.reaches_store))


class Smuggling(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store.reply = echo
        cls.gateway.stop()
        text = cls.gateway.configuration.read_text()
        cls.gateway.write_configuration(
            text.replace("    mode: high\n", "    mode: high\n    hosts: [gw.test]\n")
        )
        cls.gateway.start()
        cls.follow_ups = 0

    def check(self, cases):
        names = [case.name for case in cases]
        self.assertEqual(len(names), len(set(names)), "two cases of one name")
        first = len(self.store.requests)
        for case in cases:
            with self.subTest(case.name):
                before = (len(self.store.requests), len(self.store.received))
                with self.connect(self.device) as connection:
                    connection.tls.settimeout(10)
                    reader = AnswerReader(connection.tls)
                    try:
                        connection.send(case.raw)
                    except OSError:
                        pass  # refused before the end
                    kept = getattr(self, f"expect_{type(case.expected).__name__.lower()}")(
                        case, connection, reader, before
                    )
                    self.check_what_the_store_saw(before[0])
                    if kept:
                        self.follow_up(connection, reader)
                if not kept:
                    with self.connect(self.device) as connection:
                        self.follow_up(connection, AnswerReader(connection.tls))
        self.check_what_the_store_saw(first)
        expected = sum(requests_of(case.expected) + 1 for case in cases)
        self.assertEqual(len(self.store.requests) - first, expected, "something came late")

    # ---- what is expected: each returns whether the connection goes on -----------------------------

    def expect_refused(self, case, _connection, reader, before):
        self.assertEqual(self.answered(case, reader), case.expected.status)
        self.assertTrue(reader.at_end(), "the connection goes on")
        self.assertEqual(
            (len(self.store.requests), len(self.store.received)), before, "something reached the store"
        )
        return False

    def expect_denied(self, case, _connection, reader, before):
        self.assertEqual(self.answered(case, reader), case.expected.status)
        self.assertEqual(
            (len(self.store.requests), len(self.store.received)), before, "something reached the store"
        )
        return True

    def expect_cut(self, case, _connection, reader, before):
        self.assertEqual(self.answered(case, reader), case.expected.status)
        self.assertTrue(reader.at_end(), "the connection goes on")
        self.check_cut(before)
        return False

    def expect_unfinished(self, case, connection, reader, before):
        if case.expected.reaches_store:
            self.store.wait_for_requests(before[0] + 1)
        connection.tls.shutdown(socket.SHUT_RDWR)
        if case.expected.reaches_store:
            self.check_cut(before)
        else:
            self.assertEqual(len(self.store.received), before[1], "something reached the store")
        return False

    def expect_passes(self, case, _connection, reader, before):
        for seen in case.expected.seen:
            start_line = seen.head.split(b"\r\n")[0]
            got = reader.read(start_line.split(b" ")[0].decode())
            self.assertIsNotNone(got, "no answer")
            self.assertEqual((got.status, got.field("x-answers")), (200, start_line.decode()))
        requests = self.store.requests[before[0] :]
        self.assertEqual(
            [(each.head, each.body) for each in requests],
            [(each.head, each.body) for each in case.expected.seen],
        )
        return case.expected.keeps

    def answered(self, case, reader):
        method = "HEAD" if case.raw.startswith(b"HEAD ") else "GET"
        got = reader.read(method)
        self.assertIsNotNone(got, "no answer")
        if method != "HEAD":
            self.assertNotEqual(got.error_code(), "", "no error of S3's")
        return got.status

    def check_cut(self, before):
        requests = self.store.wait_for_requests(before[0] + 1)[before[0] :]
        self.assertEqual(len(requests), 1, [each.start_line for each in requests])
        wait_until(lambda: requests[0].cut or requests[0].complete, "the end of the connection to the store")
        self.assertFalse(requests[0].complete, "the store saw a whole request")

    # ---- whatever is expected ---------------------------------------------------------------------

    def check_what_the_store_saw(self, first):
        """Requests that no two readers could take for different ones."""
        self.assertEqual(self.store.faults, [])
        for request in self.store.requests[first:]:
            self.assertNotIn("smuggled", request.start_line)
            self.assertRegex(request.start_line, r"\A(GET|HEAD|PUT) /fleet/AABBCCDD/[!-~]* HTTP/1\.1\Z")
            fields = request.head.split(b"\r\n")[1:-2]
            for field in fields:
                self.assertIsNotNone(FIELD.fullmatch(field), field)
            self.assertLessEqual(sum(FRAMING.match(field) is not None for field in fields), 1, request.head)

    def follow_up(self, connection, reader):
        """The next request has its own answer, on this connection and from the store."""
        type(self).follow_ups += 1
        target = f"/fleet/AABBCCDD/next-{self.follow_ups}"
        connection.send(f"GET {target} HTTP/1.1\r\nHost: gw.test\r\n\r\n".encode())
        got = reader.read()
        self.assertIsNotNone(got, "no answer to the next request")
        self.assertEqual((got.status, got.field("x-answers")), (200, f"GET {target} HTTP/1.1"))

    # ---- the families -------------------------------------------------------------------------------

    def test_message_framing(self):
        self.check(message_framing.CASES)

    def test_chunked_bodies(self):
        self.check(chunked_bodies.CASES)

    def test_field_syntax(self):
        self.check(field_syntax.CASES)

    def test_request_lines(self):
        self.check(request_lines.CASES)

    def test_hosts_and_hops(self):
        self.check(hosts_and_hops.CASES)

    def test_bodies_and_neighbours(self):
        self.check(bodies_and_neighbours.CASES)


if __name__ == "__main__":
    main()
