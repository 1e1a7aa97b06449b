"""The admin listener: liveness, readiness, status and metrics, without one secret or one device in them."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import wait_until

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

    def test_status_tells_which_generation_every_connection_obeys(self):
        def obeyed():
            status = json.loads(self.gateway.admin("/status")[1])
            return status["enforced_generation"], status["generation"]

        self.assertEqual(*obeyed())
        generation = self.gateway.reload()
        self.assertGreaterEqual(obeyed()[0], generation)

    def test_answers_while_the_configuration_is_replaced(self):
        """What an answer stands on must outlive it: sanitizers see whether it does."""
        reloaded = threading.Event()

        def ask():
            asked = 0
            while not reloaded.is_set():
                self.assertEqual(self.gateway.admin("/status")[0], 200)
                asked += 1
            return asked

        with ThreadPoolExecutor(3) as threads:
            asking = [threads.submit(ask) for _ in range(3)]
            try:
                for _ in range(20):
                    self.gateway.reload()
            finally:
                reloaded.set()
            for each in asking:
                self.assertGreater(each.result(), 0)

    def test_views_of_devices_come_in_pages_and_as_csv(self):
        for identity in (self.device, self.other):
            with self.connect(identity) as connection:
                target = f"/fleet/{identity.id}/device.json"
                self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
        page = json.loads(self.gateway.admin("/status?view=devices&limit=1")[1])
        self.assertEqual([device["device"] for device in page["devices"]], ["11223344"])
        page = json.loads(self.gateway.admin(f"/status?view=devices&limit=1&after={page['next']}")[1])
        self.assertEqual([device["device"] for device in page["devices"]], ["AABBCCDD"])
        later = json.loads(self.gateway.admin(f"/status?view=devices&since={page['now'] + 60}")[1])
        self.assertEqual((later["devices"], later["known"]), ([], 2))
        rows = self.gateway.admin("/status?view=devices&format=csv")[1].split("\r\n")
        self.assertEqual([row.split(",")[0] for row in rows], ["device", "11223344", "AABBCCDD", ""])
        for target in ("/status?view=x", "/status?view=devices&limit=0", "/status?view=shadow&format=csv"):
            code, said = self.gateway.admin(target)
            self.assertEqual(code, 400, target)
            self.assertGreater(len(said), 20, "it says what is wrong")

    def test_a_page_of_elsewhere_reads_nothing_under_a_name_of_its_own(self):
        """DNS rebinding: the browser of whoever looks at that page asks 127.0.0.1, but names the page's host."""
        for host, status in (("attacker.test", 421), ("localhost", 200), (f"127.0.0.1:{self.gateway.admin_port}", 200)):
            for target in ("/status", "/status?view=devices", "/status?view=events"):
                self.assertEqual(self.ask_as(host, target), status, (host, target))
        for target in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.ask_as("gateway.test", target), 200, target)

    def ask_as(self, host, target):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.admin_port, timeout=5)
        self.addCleanup(connection.close)
        connection.request("GET", target, headers={"Host": host})
        return connection.getresponse().status

    def test_view_for_a_client_that_knows_no_chunks(self):
        """HTTP/1.0 (RFC 9112 6.1): the end of the connection is the end of the answer."""
        with socket.create_connection(("127.0.0.1", self.gateway.admin_port), timeout=5) as client:
            client.sendall(b"GET /status?view=devices HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head.lower())
        self.assertIn("devices", json.loads(body))

    def test_metrics_count_what_happened(self):
        series = {
            "tls_handshakes_total": {"listener": "fleet", "result": "ok"},
            "tls_handshake_failures_total": {"listener": "fleet", "reason": "no_certificate"},
            "http_requests_total": {"listener": "fleet", "s3_operation": "PutObject", "code": "200"},
            "http_requests_denied_total": {"reason": "wrong_prefix"},
        }

        def counts():
            return {name: self.gateway.metric(f"sallyport_{name}", **labels) or 0 for name, labels in series.items()}

        before = counts()
        with self.connect(self.device) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)
            self.assertEqual(connection.request(self.signer, "GET", "/fleet/11223344/x").status, 403)
        without = self.context(None)
        stranger = lambda: Connection(self.gateway.port, without).request(self.signer, "GET", TARGET)  # noqa: E731
        self.assertIsNotNone(refused(stranger))
        one_more = {name: count + 1 for name, count in before.items()}
        wait_until(lambda: counts() == one_more, f"each of {list(series)} counts one more")

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

    def test_series_of_an_issuer_leave_with_it(self):
        """Else the last thing that was known of its CRL would raise alarms until the next start."""
        families = ("number", "entries", "stale", "state", "next_update_timestamp_seconds", "info")
        values = lambda: {
            self.gateway.metric(f"sallyport_crl_{name}", issuer="CN=second") for name in families
        }  # noqa: E731
        trust = f"trust: [{self.pki.trust}"
        second = self.pki.authority("second")
        crl = self.gateway.folder / "crl" / "second.pem"
        crl.write_text(self.pki.crl(issuer="second"))
        self.gateway.change_configuration((trust, f"{trust}, {second}"))
        self.assertNotIn(None, values())
        crl.unlink()
        self.gateway.change_configuration((f"{trust}, {second}", trust))
        self.assertEqual(values(), {None})
        self.assertIsNotNone(self.gateway.metric("sallyport_crl_number"))

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
