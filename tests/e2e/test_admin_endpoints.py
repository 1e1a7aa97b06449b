"""The admin listener: liveness, readiness, status and metrics, without one secret or one device in them."""

import json

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused

TARGET = "/fleet/AABBCCDD/device.json"


class AdminEndpoints(FleetTest):
    def test_health_and_readiness(self):
        self.assertEqual(self.gateway.admin("/healthz")[0], 200)
        self.assertEqual(self.gateway.admin("/readyz")[0], 200)
        self.assertEqual(self.gateway.admin("/nowhere")[0], 404)

    def test_status_is_json(self):
        code, body = self.gateway.admin("/status")
        self.assertEqual(code, 200)
        self.assertIsInstance(json.loads(body), dict)
        print(f"    {body.strip()[:500]}")

    def test_metrics_count_what_happened(self):
        count = lambda name, **labels: self.gateway.metric(f"sallyport_{name}", **labels) or 0  # noqa: E731
        handshakes = count("tls_handshakes_total", listener="fleet", result="ok")
        puts = count("http_requests_total", listener="fleet", s3_operation="PutObject", code="200")
        denied = count("http_requests_denied_total", reason="wrong_prefix")
        failed = count("tls_handshake_failures_total", listener="fleet", reason="no_certificate")
        with self.connect(self.device) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)
            self.assertEqual(connection.request(self.signer, "GET", "/fleet/11223344/x").status, 403)
        self.assertIsNotNone(
            refused(
                lambda: Connection(self.gateway.port, self.context(None)).request(self.signer, "GET", TARGET)
            )
        )
        self.gateway.wait_for_event("handshake_failed")
        self.assertEqual(count("tls_handshakes_total", listener="fleet", result="ok"), handshakes + 1)
        self.assertEqual(
            count("http_requests_total", listener="fleet", s3_operation="PutObject", code="200"), puts + 1
        )
        self.assertEqual(count("http_requests_denied_total", reason="wrong_prefix"), denied + 1)
        self.assertEqual(
            count("tls_handshake_failures_total", listener="fleet", reason="no_certificate"), failed + 1
        )

    def test_metrics_of_the_crl_and_the_certificates(self):
        for name in (
            "crl_number",
            "crl_entries",
            "crl_this_update_timestamp_seconds",
            "crl_next_update_timestamp_seconds",
            "certificate_not_after_timestamp_seconds",
            "config_last_reload_successful",
            "build_info",
        ):
            self.assertIsNotNone(self.gateway.metric(f"sallyport_{name}"), name)

    def test_nothing_names_a_device_or_a_secret(self):
        with self.connect(self.device) as connection:
            connection.request(self.signer, "PUT", TARGET, b"{}")
        everything = self.gateway.admin("/metrics")[1] + self.gateway.admin("/status")[1]
        for word in ("AABBCCDD", "device.json", "FLEETKEY", "secret-of-the-fleet"):
            self.assertNotIn(word, everything)
        logs = "".join(path.read_text() for path in self.folder.glob("*.log"))
        self.assertNotIn("Signature=", logs)
        self.assertNotIn("secret-of-the-fleet", logs)


if __name__ == "__main__":
    main()
