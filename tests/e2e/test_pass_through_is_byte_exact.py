"""Pass-through signing: what the device signed arrives byte for byte, and the answer comes back so."""

import os

from support.case import main
from support.fleet import FleetTest
from support.imposter import answer

METADATA = [
    ("X-Amz-Meta-Fw", "01.09.01"),
    ("x-amz-meta-Ssid", 'depot  "north";=ap'),
    ("X-AMZ-META-PUT-INDEX", "17"),
]
TARGETS = (
    "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MF4",
    "/fleet/AABBCCDD/a%20b%2Bc~d%28e%29",  # escapes stay as they were written
    "/fleet/AABBCCDD/%C3%A4.json",
)


class PassThrough(FleetTest):
    def test_request_arrives_as_it_was_signed(self):
        for target in TARGETS:
            with self.subTest(target=target):
                body = os.urandom(100_000)
                with self.connect(self.device) as connection:
                    sent = self.signer.sign("PUT", target, connection.host, METADATA)
                    connection.send_head(
                        "PUT",
                        target,
                        sent + [("Content-Length", len(body)), ("Content-Type", "application/x-mdf")],
                    )
                    connection.send(body)
                    self.assertEqual(connection.read_answer("PUT").status, 200)
                request = self.store.requests[-1]
                self.assertEqual(request.start_line, f"PUT {target} HTTP/1.1")
                self.assertEqual(request.body, body)
                arrived = request.headers()
                for name, value in sent:
                    matching = [line for line in arrived if line[0].lower() == name.lower()]
                    self.assertEqual(len(matching), 1, f"{name} arrived {len(matching)} times")
                    self.assertEqual(matching[0][1].removeprefix(" "), value, name)
                self.assertEqual(request.header("Content-Type"), "application/x-mdf")
                self.assertEqual(request.header("Content-Length"), str(len(body)))

    def get(self, headers=()):
        """One GET with these headers besides the signed ones, and what of it arrived (None: nothing)."""
        arrived = len(self.store.requests)
        with self.connect(self.device) as connection:
            signed = self.signer.sign("GET", TARGETS[0], connection.host)
            connection.send_head("GET", TARGETS[0], signed + list(headers))
            answer = connection.read_answer()
        return answer, self.store.requests[-1] if len(self.store.requests) > arrived else None

    def test_hop_by_hop_headers_of_a_request_stay_on_their_hop(self):
        for headers in (
            [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")],
            [("Connection", "close")],
        ):
            with self.subTest(headers=headers):
                _, request = self.get(headers)
                names = {name.lower() for name, _ in request.headers()}
                self.assertNotIn("keep-alive", names)
                self.assertNotEqual(
                    (request.header("Connection") or "").lower(), "close", "the store's own hop"
                )

    def test_a_header_named_by_connection_never_passes(self):
        answer, request = self.get([("Connection", "keep-alive, X-Hop"), ("X-Hop", "1")])
        if request is None:
            self.assertEqual(answer.status, 400)
        else:
            self.assertIsNone(request.header("X-Hop"))

    def test_hop_by_hop_headers_of_an_answer_stay_on_their_hop(self):
        headers = [
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Authenticate", "Basic"),
            ("Upgrade", "h2c"),
            ("ETag", '"1"'),
        ]
        self.store.reply = lambda _: answer(200, "OK", b"x", headers)
        self.addCleanup(setattr, self.store, "reply", self.store._store)
        got, _ = self.get()
        self.assertEqual((got.status, got.body, got.headers["ETag"]), (200, b"x", '"1"'))
        for name in ("Keep-Alive", "Proxy-Authenticate", "Upgrade"):
            self.assertNotIn(name, got.headers)

    def test_answer_comes_back_as_the_store_gave_it(self):
        body = os.urandom(70_000)
        headers = [
            ("ETag", '"0123-abc"'),
            ("x-amz-meta-timestamp", "20200101T000000Z"),
            ("x-amz-request-id", "tx-0001"),
            ("Last-Modified", "Wed, 01 Jan 2020 00:00:00 GMT"),
            ("Content-Type", "application/x-mdf"),
        ]
        for status, reason in (
            (200, "OK"),
            (206, "Partial Content"),
            (404, "Not Found"),
            (412, "Precondition Failed"),
        ):
            with self.subTest(status=status):
                self.store.reply = lambda _: answer(status, reason, body, headers)
                self.addCleanup(setattr, self.store, "reply", self.store._store)
                with self.connect(self.device) as connection:
                    got = connection.request(self.signer, "GET", TARGETS[0])
                self.assertEqual((got.status, got.body), (status, body))
                for name, value in headers:
                    self.assertEqual(got.headers.get_all(name), [value])

    def test_wrong_signature_is_the_stores_to_judge(self):
        """The gateway has no secret key in this mode; it must not alter what the store will check."""
        with self.connect(self.device) as connection:
            sent = [
                (name, value[:-4] + "0000" if name == "Authorization" else value)
                for name, value in self.signer.sign("GET", TARGETS[0], connection.host)
            ]
            connection.send_head("GET", TARGETS[0], sent)
            connection.read_answer()
        self.assertTrue(self.store.requests[-1].header("Authorization").endswith("0000"))


if __name__ == "__main__":
    main()
