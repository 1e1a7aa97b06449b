"""W3C trace context: a valid traceparent is logged and reaches the store byte for byte; nothing is added or mended."""

from support.case import main
from support.fleet import DEVICE, FleetTest
from support.processes import wait_until
from support.store_side import TARGET, StoreSide

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"
STATE = ("TraceState", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
INVALID = (
    VALID.upper(),
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"ff-{TRACE}-{PARENT}-01",
    f"{VALID}-more",
    '","status":"200',
    "",
)


class PassThrough(FleetTest):
    def pass_on(self, headers, names=None):
        """What the store gets of the fields of trace context, in their order, and the line of the access log."""
        host = f"127.0.0.1:{self.gateway.port}"
        target = f"/fleet/{DEVICE}/trace"
        before = len(self.gateway.access_log())
        signed = self.signer.sign("PUT", target, host, headers, names=names) + [("Content-Length", 1)]
        answer, reached = self.exchange("PUT", target, signed, b"x")
        self.assertEqual(answer.status, 200)
        (request,) = reached
        line = wait_until(lambda: self.gateway.access_log()[before:], "its line")[-1]
        return [(name, value[1:]) for name, value in request.headers() if name.lower().startswith("trace")], line

    def test_arrives_as_it_came(self):
        for name in ("traceparent", "Traceparent", "TRACEPARENT"):
            fields = [(name, VALID), STATE]
            arrived, line = self.pass_on(fields)
            self.assertEqual(arrived, fields)
            self.assertEqual((line["trace_id"], line["parent_id"]), (TRACE, PARENT))

    def test_as_a_signed_field(self):
        fields = [("traceparent", VALID)]
        names = ("host", "x-amz-date", "x-amz-content-sha256", "traceparent")
        arrived, line = self.pass_on(fields, names)
        self.assertEqual((arrived, line["trace_id"]), (fields, TRACE))

    def test_what_is_not_valid_passes_and_is_not_logged(self):
        for value in INVALID:
            arrived, line = self.pass_on([("traceparent", value)])
            self.assertEqual(arrived, [("traceparent", value)])
            self.assertNotIn("trace_id", line, value)

    def test_two_are_none(self):
        fields = [("traceparent", VALID), ("traceparent", VALID.replace("4bf", "5bf"))]
        arrived, line = self.pass_on(fields)
        self.assertEqual(arrived, fields)
        self.assertNotIn("trace_id", line)

    def test_none_is_added(self):
        arrived, line = self.pass_on([])
        self.assertEqual(arrived, [])
        self.assertNotIn("trace_id", line)


class SignedAnew(StoreSide):
    def test_is_passed_on(self):
        fields = [("traceparent", VALID), STATE]
        request = self.assert_taken(self.signed(b"x", *fields), b"x")
        arrived = [(name.lower(), value.strip()) for name, value in request.headers() if name.lower().startswith("trace")]
        self.assertEqual(sorted(arrived), sorted((name.lower(), value) for name, value in fields))
        line = self.gateway.wait_for_access(trace_id=TRACE)
        self.assertEqual((line["parent_id"], line["key"]), (PARENT, TARGET.removeprefix("/fleet/")))

    def test_none_is_added(self):
        request = self.assert_taken(self.signed(b"x"), b"x")
        self.assertEqual([name for name, _ in request.headers() if name.lower().startswith("trace")], [])


if __name__ == "__main__":
    main()
