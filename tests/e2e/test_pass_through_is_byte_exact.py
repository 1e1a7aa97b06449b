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

    def test_hop_by_hop_headers_stay_on_their_hop(self):
        with self.connect(self.device) as connection:
            connection.send_head(
                "GET",
                TARGETS[0],
                self.signer.sign("GET", TARGETS[0], connection.host)
                + [
                    ("Connection", "keep-alive, X-Hop"),
                    ("X-Hop", "1"),
                    ("Keep-Alive", "timeout=5"),
                    ("Proxy-Connection", "keep-alive"),
                ],
            )
            connection.read_answer()
        names = {name.lower() for name, _ in self.store.requests[-1].headers()}
        self.assertFalse(names & {"x-hop", "keep-alive", "proxy-connection", "te", "upgrade"}, names)

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
