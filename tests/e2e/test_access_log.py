"""The access log has what happened to each request, and foreign bytes in it are text and nothing else."""

import json
import re
from urllib.parse import quote

from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.imposter import answer
from support.processes import wait_until

PHASES = ("judged_ms", "connected_ms", "sent_ms", "answered_ms", "duration_ms")


class AccessLog(FleetTest):
    def setUp(self):
        super().setUp()
        self.store.reply = lambda request: answer(
            200, "OK", b"body", [("x-amz-request-id", "tx000001-0065-store")]
        )
        self.addCleanup(setattr, self.store, "reply", self.store._store)

    def ask(self, method, target, body=b"", headers=()):
        """Its line in the log."""
        before = len(self.gateway.access_log())
        connection = self.connect(self.device)
        connection.request(self.signer, method, target, body, headers)
        return wait_until(lambda: self.gateway.access_log()[before:], "its line")[-1]

    def test_every_field(self):
        line = self.ask("PUT", f"/fleet/{DEVICE}/a/b.MF4?x-id=PutObject", b"12345")
        self.assertRegex(line["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertRegex(line["request_id"], r"^[0-9A-Za-z]{8,}$")
        self.assertRegex(line["serial"], r"^[0-9A-Fa-f]+$")
        self.assertRegex(line["peer"], r"^127\.0\.0\.1:\d+$")
        self.assertRegex(line["suite"], r"^(TLS_)?[A-Z0-9-]+")
        self.assertIn(self.store.endpoint.removeprefix("http://"), line["upstream"])
        expected = {
            "device": DEVICE,
            "listener": "fleet",
            "operation": "PutObject",
            "method": "PUT",
            "bucket": "fleet",
            "key": f"{DEVICE}/a/b.MF4",
            "status": 200,
            "bytes_in": 5,
            "bytes_out": 4,
            "upstream_status": 200,
            "store_request_id": "tx000001-0065-store",
        }
        self.assertEqual({name: line[name] for name in expected}, expected)
        self.assertNotIn("reason", line)
        times = [line[name] for name in PHASES]
        self.assertEqual(times, sorted(times), "each phase comes after the one before it")
        self.assertGreater(times[0], 0)
        self.assertNotIn("x-id", json.dumps(line), "no query")

    def test_of_a_refusal(self):
        line = self.ask("GET", f"/fleet/{OTHER_DEVICE}/x")
        self.assertEqual((line["status"], line["reason"], line["device"]), (403, "wrong_prefix", DEVICE))
        for name in (*PHASES[:-1], "store_request_id", "upstream", "trace_id"):
            self.assertNotIn(name, line)

    def test_of_a_store_without_a_name_for_it(self):
        self.store.reply = lambda request: answer(200, "OK")
        self.assertNotIn("store_request_id", self.ask("GET", f"/fleet/{DEVICE}/x"))

    def test_foreign_bytes_are_text(self):
        """Keys are what clients make them. Python's reader of JSON sees the same text."""
        for key in (
            'a"b',
            '","status":200,"x":"',
            "\u00e9\u4e2d\U0001f697",
            "a\u2028b\u2029c",
            "a\u202egpj.exe",
            "a\u0085b\u009bc",
            "\ufeffa",
        ):
            line = self.ask("GET", f"/fleet/{DEVICE}/{quote(key)}")
            self.assertEqual(line["key"], f"{DEVICE}/{key}")
        text = (self.gateway.folder / "access.log").read_text(errors="strict")
        self.assertEqual(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]", text), [])
        for line in text.splitlines():  # of Unicode: U+2028 would end one
            json.loads(line)

    def test_store_that_says_something_else(self):
        for said, logged in (
            ('a"},{"b', 'a"},{"b'),
            ("x" * 4000, "x" * 128),
            ("\x85\xff\xc3", "\ufffd\ufffd\ufffd"),
        ):
            self.store.reply = lambda request: answer(200, "OK", b"", [("x-amz-request-id", said)])
            self.assertEqual(self.ask("GET", f"/fleet/{DEVICE}/x")["store_request_id"], logged)

    def test_no_secret_is_in_it(self):
        secret = "Secret0123456789"
        line = self.ask(
            "GET",
            f"/fleet/{DEVICE}/x?response-content-type={secret}",
            headers=[("x-amz-meta-a", secret), ("Cookie", secret), ("x-amz-security-token", secret)],
        )
        self.assertNotIn(secret, json.dumps(line))
        for name in ("access.log", "events.log"):
            self.assertNotIn(secret, (self.gateway.folder / name).read_text())


if __name__ == "__main__":
    main()
