"""Low, Medium and High side by side: who gets in on which, with which suite, and nothing leaks between them."""

import ssl

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused, tls_context
from support.openssl_pki import OpensslPki
from support.processes import free_port

DEVICE_SUITES = [
    f"{exchange}{cipher}"
    for exchange in ("ECDHE-RSA-", "DHE-RSA-", "")
    for cipher in ("AES128-GCM-SHA256", "AES128-SHA256", "AES128-SHA")
]
TLS_1_3 = "TLS 1.3"
# Verdict on listener high: the reason of the refusal; None is let in.
VERDICTS = {
    "none": "no_certificate",
    "good": None,
    "revoked": "revoked",
    "expired": "expired",
    "foreign": "untrusted_issuer",
}
TARGET = "/fleet/AABBCCDD/device.json"


class ThreeModes(FleetTest):
    @classmethod
    def prepare(cls):
        cls.identities = {
            "none": None,
            "good": cls.device,
            "revoked": cls.pki.device("0BADCAFE"),
            "expired": cls.pki.expired_device("0DEADBAD"),
            "foreign": OpensslPki(cls.folder / "foreign").device("AABBCCDD"),
        }
        cls.pki.revoke(cls.identities["revoked"])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.ports = {"high": cls.gateway.port} | {
            name: free_port() for name in ("low", "medium", "forward-secret", "modern")
        }
        text = cls.gateway.configuration.read_text()
        certificates = next(line for line in text.splitlines() if "certificates:" in line).strip()
        listeners = [
            f"  - {{name: low, address: 127.0.0.1:{cls.ports['low']}, mode: low, insecure: true, "
            "hosts: [127.0.0.1]}",
        ] + [
            f"  - name: {name}\n    address: 127.0.0.1:{cls.ports[name]}\n    mode: medium\n"
            f"    tls: {{profile: {profile}}}\n    {certificates}"
            for name, profile in (
                ("medium", "canedge"),
                ("forward-secret", "canedge-forward-secret"),
                ("modern", "modern"),
            )
        ]
        text = text.replace("devices:\n", "\n".join(listeners) + "\ndevices:\n").replace(
            "authorization:\n",
            "authorization:\n  - {who: credentials, allow: [PutObject, GetObject], on: 'fleet/*'}\n",
        )
        cls.gateway.write_configuration(text)
        cls.gateway.start()

    def tls(self, identity, suite):
        version = ssl.TLSVersion.TLSv1_3 if suite == TLS_1_3 else ssl.TLSVersion.TLSv1_2
        context = tls_context(self.pki, identity, version=version)
        if suite != TLS_1_3:
            context.set_ciphers(suite)
        return context

    def put(self, listener, context, target=TARGET):
        with Connection(self.ports[listener], context) as connection:
            answer = connection.request(self.signer, "PUT", target, b"{}")
            return answer.status, context and connection.tls.cipher()[0]

    # ---- the matrix ----------------------------------------------------------------------------

    def test_high(self):
        for whose, reason in VERDICTS.items():
            for suite in [*DEVICE_SUITES, TLS_1_3]:
                with self.subTest(whose=whose, suite=suite):
                    attempt = lambda: self.put("high", self.tls(self.identities[whose], suite))  # noqa: E731
                    if reason is None:
                        status, cipher = attempt()
                        self.assertEqual(status, 200)
                        self.assertTrue(suite == TLS_1_3 or cipher == suite, cipher)
                        continue
                    failures = len(self.gateway.events("handshake_failed", reason=reason))
                    self.assertIsNotNone(refused(attempt))
                    self.gateway.wait_for_event("handshake_failed", skip=failures, reason=reason, listener="fleet")

    def test_medium_asks_for_no_certificate(self):
        """What a client would show is never seen, so it changes nothing."""
        for whose, identity in self.identities.items():
            for suite in [*DEVICE_SUITES, TLS_1_3]:
                with self.subTest(whose=whose, suite=suite):
                    status, cipher = self.put("medium", self.tls(identity, suite))
                    self.assertEqual(status, 200)
                    self.assertTrue(suite == TLS_1_3 or cipher == suite, cipher)
        entry = self.gateway.wait_for_access(listener="medium")
        self.assertEqual((entry["device"], entry["serial"]), ("", ""))

    def test_low_is_plain_http(self):
        self.assertEqual(self.put("low", None), (200, None))
        self.assertIsNotNone(refused(lambda: self.put("low", self.tls(None, TLS_1_3))), "TLS on a plain port")
        self.assertIsNotNone(refused(lambda: self.put("medium", None)), "plain HTTP on a TLS port")
        entry = self.gateway.wait_for_access(listener="low", status=200)
        self.assertEqual(entry["operation"], "PutObject")

    def test_profiles(self):
        offered = {
            "medium": set(DEVICE_SUITES),
            "forward-secret": {suite for suite in DEVICE_SUITES if "DHE" in suite},
            "modern": {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"},
        }
        for listener, suites in offered.items():
            for suite in {*DEVICE_SUITES, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}:
                with self.subTest(listener=listener, suite=suite):
                    error = refused(lambda: self.put(listener, self.tls(None, suite)))
                    self.assertEqual(error is None, suite in suites, error)

    # ---- nothing leaks -------------------------------------------------------------------------

    def test_rules_of_one_kind_of_client_are_not_the_others(self):
        other = "/fleet/11223344/device.json"
        self.assertEqual(self.put("high", self.tls(self.device, TLS_1_3), other)[0], 403)
        self.assertEqual(self.put("medium", self.tls(self.device, TLS_1_3), other)[0], 200)
        self.assertEqual(self.put("medium", self.tls(None, TLS_1_3), "/other/x")[0], 403)

    def test_session_of_one_listener_is_worth_nothing_on_another(self):
        for version, tickets in ((ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, True)):
            with self.subTest(version=version):
                context = tls_context(self.pki, version=version, tickets=tickets)
                with Connection(self.ports["medium"], context) as connection:
                    connection.request(self.signer, "PUT", TARGET, b"{}")
                    session = connection.tls.session
                with Connection(self.ports["medium"], context, session) as connection:
                    self.assertTrue(connection.tls.session_reused, "on its own listener it works")
                with Connection(self.ports["forward-secret"], context, session) as connection:
                    self.assertFalse(connection.tls.session_reused)
                error = refused(lambda: self.resume_on_high(context, session))
                self.assertIsNotNone(error, "a session without a device was let in on high")

    def resume_on_high(self, context, session):
        with Connection(self.ports["high"], context, session) as connection:
            connection.request(self.signer, "PUT", TARGET, b"{}")

    def test_mode_raised_by_a_reload_ends_what_is_open(self):
        context = self.tls(None, TLS_1_3)
        connection = Connection(self.ports["modern"], context)
        self.addCleanup(connection.close)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)
        text = self.gateway.configuration.read_text()
        generation = self.gateway.generation()
        head, _, tail = text.partition("name: modern")
        self.gateway.write_configuration(head + "name: modern" + tail.replace("mode: medium", "mode: high", 1))
        self.gateway.wait_for_generation_after(generation)
        error = refused(lambda: self.served(connection))
        self.assertIsNotNone(error, "a client without certificate was served on a listener of mode high")
        self.assertIsNotNone(refused(lambda: self.put("modern", context)))
        self.gateway.put_in_force(text)
        self.assertEqual(self.put("modern", context)[0], 200)

    def served(self, connection):
        if connection.request(self.signer, "PUT", TARGET, b"{}").status == 403:
            raise ConnectionAbortedError("403")

    def test_low_is_said_aloud(self):
        warnings = [event["detail"] for event in self.gateway.events("warning")]
        self.assertIn("listener low: mode low sends data and credentials in the clear", warnings)


if __name__ == "__main__":
    main()
