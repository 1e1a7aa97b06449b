"""Certificates that must not get in, each with its TLS alert (RFC 8446, section 6.2) and our reason."""

from support.openssl_pki import OpensslPki

REFUSALS = {
    "revoked": (44, "certificate revoked", "revoked"),
    "expired": (45, "certificate expired", "expired"),
    "foreign": (48, "unknown ca", "untrusted_issuer"),
    "self_signed": (48, "unknown ca", "untrusted_issuer"),
    "wrong_purpose": (43, "unsupported certificate", "wrong_purpose"),
    "missing": (40, "handshake failure", "no_certificate"),
}


class CertificateTests:
    """The tests. A subclass of this and FleetTest brings `attempt(identity, version) -> (let in, output)`."""

    @classmethod
    def prepare(cls):
        cls.identities = {
            "revoked": cls.pki.device("0BADCAFE"),
            "expired": cls.pki.expired_device("0DEADBAD"),
            "foreign": OpensslPki(cls.folder / "foreign").device("AABBCCDD"),  # the same names, other keys
            "self_signed": cls.pki.self_signed_device("AABBCCDD"),
            "wrong_purpose": cls.pki.device("AABBCCDD", "wrong-purpose", purpose="serverAuth"),
            "missing": None,
        }
        cls.pki.revoke(cls.identities["revoked"])

    def test_good_certificate_is_let_in(self):
        for version in ("1.2", "1.3"):
            let_in, output = self.attempt(self.device, version)
            self.assertTrue(let_in, f"TLS {version}: {output}")

    def check_refused(self, kind):
        number, words, reason = REFUSALS[kind]
        stored = len(self.store.requests)
        for version in ("1.2", "1.3"):
            if kind == "missing" and version == "1.3":
                number, words = 116, "certificate required"
            seen = len(self.gateway.events("handshake_failed"))
            let_in, output = self.attempt(self.identities[kind], version)
            self.assertFalse(let_in, f"TLS {version}: {output}")
            self.assertRegex(
                output, rf"alert number {number}\b|alert \[{number}\]|alert,? {words}", f"TLS {version}"
            )
            event = self.gateway.wait_for_event("handshake_failed", skip=seen)
            self.assertEqual(event["reason"], reason, event)
            self.assertEqual(event["listener"], "fleet")
            print(f"    TLS {version}: {kind}: alert {words} ({number}), logged as '{event['reason']}'")
        self.assertEqual(len(self.store.requests), stored, "a refused device reached the store")

    def test_revoked_certificate_is_refused(self):
        self.check_refused("revoked")

    def test_expired_certificate_is_refused(self):
        self.check_refused("expired")

    def test_certificate_of_a_foreign_ca_with_the_same_names_is_refused(self):
        self.check_refused("foreign")

    def test_self_signed_certificate_is_refused(self):
        self.check_refused("self_signed")

    def test_server_certificate_is_refused_as_a_device_certificate(self):
        self.check_refused("wrong_purpose")

    def test_missing_certificate_is_refused(self):
        self.check_refused("missing")
