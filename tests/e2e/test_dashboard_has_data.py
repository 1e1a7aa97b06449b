"""A real Prometheus watches two gateways that serve a fleet: each query of the dashboard has data, each rule can be
evaluated, and alerts fire for what is done to the fleet.

Only in `./test --long`, which installs the blackbox exporter for the canary.
"""

import json
import shutil
import threading
import unittest

from support.case import CHECKOUT, main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.gateway import Gateway
from support.https_client import Connection, knock
from support.processes import Program, free_port, listens, wait_until
from support.prometheus import CONFIG, Prometheus

DASHBOARD = CHECKOUT / "config" / "grafana" / "sallyport.json"
CANARY = "CA9A7100"
VARIABLES = {"$job": "sallyport", "$instance": ".*", "$__rate_interval": "10s", "$__range": "1m"}


def queries():
    """Title and expression of each, with Grafana's variables filled in."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            assert "$" not in expression, expression
            yield panel["title"], expression


@unittest.skipUnless(
    shutil.which("prometheus") and shutil.which("prometheus-blackbox-exporter"),
    "./test --long installs the packages prometheus and prometheus-blackbox-exporter",
)
class DashboardHasData(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        replica = cls.folder / "replica"
        replica.mkdir()
        cls.replica = Gateway(replica, cls.pki, cls.store.endpoint)
        cls.replica.publish_crl((cls.gateway.folder / "crl" / "device-ca.pem").read_bytes())
        cls.addClassCleanup(cls.replica.stop)
        cls.replica.start()
        cls.gateways = [cls.gateway, cls.replica]
        cls.start_canary()
        cls.prometheus = Prometheus(
            cls.folder / "prometheus",
            [f"127.0.0.1:{gateway.admin_port}" for gateway in cls.gateways],
            f"https://127.0.0.1:{cls.gateway.port}{cls.canary_object}",
            cls.exporter_port,
        ).start()
        cls.addClassCleanup(cls.prometheus.stop)
        cls.start_traffic()

    @classmethod
    def start_canary(cls):
        """As config/prometheus/blackbox.yaml has it: its certificate and the root lie where the exporter runs."""
        cls.canary = cls.pki.device(CANARY)
        folder = cls.folder / "exporter"
        (folder / "canary").mkdir(parents=True)
        shutil.copy(cls.canary.chain, folder / "canary" / "certs_device.pem")
        shutil.copy(cls.canary.key, folder / "canary" / "certs_device.key")
        shutil.copy(cls.pki.root, folder / "root.pem")
        cls.canary_object = f"/fleet/{CANARY}/canary.txt"
        cls.store.objects[cls.canary_object] = b"sallyport canary\n"
        cls.exporter_port = free_port()
        exporter = Program(
            cls.folder / "exporter.log",
            "prometheus-blackbox-exporter",
            f"--config.file={CONFIG / 'blackbox.yaml'}",
            f"--web.listen-address=127.0.0.1:{cls.exporter_port}",
            cwd=folder,
        )
        cls.addClassCleanup(exporter.stop)
        wait_until(lambda: listens(cls.exporter_port), "the exporter listens")

    @classmethod
    def start_traffic(cls):
        """Until the last test has ended: on each gateway a device at work, one that reaches too far, a stranger."""
        cls.over = threading.Event()

        def work(gateway):
            context, stranger = cls.context(cls, cls.device), cls.context(cls, None)
            while not cls.over.wait(0.2):
                with Connection(gateway.port, context) as connection:
                    for method, target in (("PUT", DEVICE), ("HEAD", DEVICE), ("GET", DEVICE), ("GET", OTHER_DEVICE)):
                        connection.request(
                            cls.signer, method, f"/fleet/{target}/device.json", b"{}" * (method == "PUT")
                        )
                knock(gateway.port, stranger, cls.signer)

        cls.threads = [threading.Thread(target=work, args=(gateway,)) for gateway in cls.gateways]
        for thread in cls.threads:
            thread.start()
        cls.addClassCleanup(cls.end_traffic)

    @classmethod
    def end_traffic(cls):
        cls.over.set()
        for thread in cls.threads:
            thread.join()

    def wait_for_alert(self, name, **labels):
        fires = lambda: [  # noqa: E731
            alert
            for fired, alert in self.prometheus.firing()
            if fired == name and labels.items() <= alert["labels"].items()
        ]
        (alert, *_) = wait_until(fires, f"{name} fires", 60)
        print(f"    {name}: {alert['annotations']['description']}")
        return alert

    def test_1_each_query_of_the_dashboard_has_data(self):
        wait_until(lambda: len(self.prometheus.query("up{job='sallyport'} == 1")) == 2, "both replicas are scraped")
        for gateway in self.gateways:  # counted in what a revocation took
            gateway.reload()
        for title, expression in queries():
            with self.subTest(title):
                wait_until(lambda: self.prometheus.query(expression), f"{title}: data of {expression}", 40)

    def test_2_both_replicas_are_seen_and_no_alert_fires(self):
        numbers = self.prometheus.query("sallyport_crl_number")
        self.assertEqual(len(numbers), 2, numbers)
        self.assertEqual(len({value for _, value in numbers}), 1)
        wait_until(lambda: [1.0] == [v for _, v in self.prometheus.query("probe_success")], "the canary is served", 40)
        # Half of the handshakes are a stranger's here, and the CA's certificate is of 30 days.
        expected = {"SallyportHandshakeFailuresHigh", "SallyportCertificateRenewal", "SallyportCertificateExpiration"}
        self.assertLessEqual({name for name, _ in self.prometheus.firing()}, expected)

    def test_3_alerts_fire_for_what_is_done_to_the_fleet(self):
        generation = self.gateway.generation()
        self.pki.revoke(self.other)
        self.pki.revoke(self.canary)
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        self.wait_for_alert("SallyportCRLDiverged")
        self.assertIsNotNone(knock(self.gateway.port, self.context(self.other), self.signer))
        self.wait_for_alert("SallyportRevokedDeviceKnocking", listener="fleet")
        self.wait_for_alert("SallyportCanaryRefused")
        self.gateway.publish_crl(self.pki.forgetful_crl())
        self.wait_for_alert("SallyportCRLLoadRejected", result="shrink", severity="critical")
        self.wait_for_alert("SallyportReloadFailed")
        self.end_traffic()
        self.replica.stop()
        self.wait_for_alert("SallyportDown", instance=f"127.0.0.1:{self.replica.admin_port}")

    def test_4_each_rule_can_be_evaluated(self):
        for group in self.prometheus.ask("rules")["groups"]:
            for rule in group["rules"]:
                self.assertEqual(rule["health"], "ok", rule)


if __name__ == "__main__":
    main()
