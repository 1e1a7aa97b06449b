"""One gateway, or the folder of one device, that is faulty or hostile: the others get what is theirs, and it is told."""

import json

from cryptography import x509
from support.case import EndToEndTest, main
from support.depot import Depot
from support.gateway import replace_secret_file
from support.imposter import ImposterStore, answer

PROFILE = """\
organization: Example
authorities:
  - {name: root, key: {algorithm: p-256}}
  - {name: device-ca, issuer: root, issues: devices, key: {algorithm: p-256}}
"""
DEVICES = ["00000001", "00000002", "00000003"]


class OneBadPeerStopsNobody(EndToEndTest):
    def setUp(self):
        super().setUp()
        work = self.folder / self.id().rsplit(".", 1)[1]
        work.mkdir()
        (work / "profile.yaml").write_text(PROFILE)
        self.depot = Depot(work / "pki")
        self.depot.do("init", "--profile", work / "profile.yaml")
        self.depot.do("issue", "devices", "--range", DEVICES[0], DEVICES[-1])

    def settings(self, text):
        with open(self.depot / "depot.yaml", "a") as settings:
            print(text, file=settings)

    def server(self, reply):
        server = ImposterStore(reply)
        self.addCleanup(server.stop)
        return server

    def gateway(self, number, metrics=b""):
        def reply(request):
            if not request.start_line.startswith("GET /status "):
                return answer(200, "OK", metrics)
            issuer = self.depot.certificate("device-ca.pem").subject.rfc4514_string()
            crl = {"issuer": issuer, "number": number()}
            return answer(200, "OK", json.dumps({"crls": [crl]}).encode())

        return self.server(reply).endpoint

    def newest_number(self):
        number = self.depot.crl("device-ca").extensions.get_extension_for_class(x509.CRLNumber)
        return str(number.value.crl_number)

    def fails(self, *arguments):
        done = self.depot.run(*arguments)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        return done

    def test_gateways(self):
        honest = self.gateway(self.newest_number)
        liars = {"huge": self.gateway(lambda: "9" * 60), "ahead": self.gateway(lambda: "9" * 20)}
        entries = [f"{{name: {name}, admin: '{url}'}}" for name, url in {"honest": honest, **liars}.items()]
        entries.append("{name: west, admin: 'https://127.0.0.1:1', ca: /nowhere/ca.pem}")
        self.settings(f"gateways: [{', '.join(entries)}]")
        done = self.fails("revoke", DEVICES[0], "--yes-revoke", "1", "--wait", "--patience", "1")
        self.assertIn(f"({DEVICES[0]})", done.stdout, "the revocation is done")
        self.assertIn("not in force: gateway west: /nowhere/ca.pem", done.stderr)
        self.assertIn("not in force: gateway ahead enforces number 9", done.stderr)
        self.assertIn("not in force: gateway huge cannot be asked", done.stderr)
        self.assertIn("gateway honest enforces number 2", done.stdout, "the others are asked")
        self.assertIn("revoked", self.depot.do("show", DEVICES[0]))

    def requests(self, reply):
        credentials = self.folder / "credentials"
        replace_secret_file(credentials, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
        store = self.server(reply)
        self.settings(
            f"requests: {{store: 's3://bucket/', endpoint: '{store.endpoint}', region: us-east-1,"
            f" credentials: {{file: '{credentials}'}}}}"
        )
        return store

    def test_object_that_the_store_does_not_give(self):
        def reply(request):
            if DEVICES[0] in request.start_line:
                return answer(400, "Bad", b"<Error><Code>No</Code><Message>\x1b[2J</Message></Error>")
            if DEVICES[1] in request.start_line:
                return b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + b"x" * 100_000
            return answer(404, "Not Found", b"<Error><Code>NoSuchKey</Code></Error>")

        store = self.requests(reply)
        done = self.fails("sign-requests")
        self.assertIn(f"NOT ANSWERED {DEVICES[0]}: ", done.stderr)
        self.assertNotIn("\x1b", done.stderr)
        self.assertIn(f"{DEVICES[1]}: not answered: its request is too large", done.stderr)
        self.assertIn(DEVICES[2], store.requests[-1].start_line)

    def test_store_that_is_away(self):
        self.requests(lambda request: b"").stop()
        done = self.fails("sign-requests")
        self.assertIn(f"NOT ANSWERED {DEVICES[0]}: ", done.stderr)
        self.assertNotIn(f"NOT ANSWERED {DEVICES[1]}", done.stderr)
        self.assertIn("2 more devices were not asked about", done.stderr)


if __name__ == "__main__":
    main()
