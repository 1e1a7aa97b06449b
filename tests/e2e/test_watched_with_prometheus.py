"""What operators watch: /metrics as the design has it and as promtool likes it, rules that promtool has tested, and
nothing in rules or dashboard that no gateway exposes."""

import json
import re

import yaml
from support.case import CHECKOUT, main
from support.fleet import FleetTest
from support.https_client import Connection, knock
from support.processes import wait_until
from support.promql import families, metric_names, promtool, sample_names

RULES = CHECKOUT / "config" / "prometheus"
CASES = sorted((CHECKOUT / "tests" / "prometheus").glob("*.yaml"))
DASHBOARD = CHECKOUT / "config" / "grafana" / "sallyport.json"

# Design, section 9, and what came later. A family and its labels, of every series.
CONTRACT = """\
build_info version
tls_handshakes_total listener result resumed
tls_handshake_failures_total listener reason
tls_handshake_duration_seconds
tls_negotiated_total version cipher
connections listener
connections_closed_total reason
http_requests_total listener s3_operation code
http_request_duration_seconds s3_operation
http_requests_denied_total reason
bytes_total direction
upstream_up endpoint
upstream_requests_total endpoint code
upstream_request_duration_seconds endpoint
crl_number issuer
crl_entries issuer
crl_stale issuer
crl_this_update_timestamp_seconds issuer
crl_next_update_timestamp_seconds issuer
crl_state issuer state
crl_loads_total issuer result
crl_info issuer sha256
certificate_not_after_timestamp_seconds usage
revocation_enforced_seconds
shadow_would_deny_total reason
config_last_reload_successful
config_last_reload_success_timestamp_seconds
known_devices version cipher key_bits
log_failing log
log_lines_dropped_total log
deadlines_exceeded_total deadline
"""
OF_PROMETHEUS = {"up", "ALERTS", "probe_success"}  # probe_success: of the blackbox exporter
LABELS_OF_PROMETHEUS = {"job", "instance", "le"}
SELECTOR = re.compile(r"(sallyport_\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


def rules(name):
    groups = yaml.safe_load((RULES / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


class WatchedWithPrometheus(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.live()
        cls.metrics = cls.gateway.admin("/metrics")[1]

    @classmethod
    def live(cls):
        """A day of a gateway: served and denied, let in and refused, reloads, a CRL that is taken and one that is not."""
        gateway, prefix = cls.gateway, "/fleet/AABBCCDD"
        with Connection(gateway.port, cls.context(cls, cls.device)) as connection:
            connection.request(cls.signer, "PUT", f"{prefix}/x", b"{}")
            connection.request(cls.signer, "GET", f"{prefix}/x")
            connection.request(cls.signer, "GET", "/fleet/11223344/x")
        knock(gateway.port, cls.context(cls, None), cls.signer)
        gateway.reload()
        generation = gateway.generation()
        cls.pki.revoke(cls.other)
        gateway.publish_crl(cls.pki.crl())
        gateway.wait_for_generation_after(generation)
        knock(gateway.port, cls.context(cls, cls.other), cls.signer)
        gateway.publish_crl(cls.pki.forgetful_crl())
        wait_until(lambda: gateway.metric("sallyport_crl_loads_total", result="shrink") > 0, "the CRL is refused")
        for reason in ("no_certificate", "revoked"):
            counted = lambda: gateway.metric("sallyport_tls_handshake_failures_total", reason=reason)  # noqa: E731
            wait_until(lambda: counted() > 0, f"a handshake failed with {reason}")
        wait_until(lambda: gateway.metric("sallyport_http_requests_total") == 3, "three requests are counted")

    def test_promtool_likes_the_metrics(self):
        self.assertEqual(promtool("check", "metrics", input=self.metrics), (0, ""))

    def test_families_are_those_of_the_design(self):
        expected = {}
        for line in CONTRACT.splitlines():
            name, *labels = line.split()
            expected[f"sallyport_{name}"] = {frozenset(labels)}
        self.assertEqual(families(self.metrics), expected)

    def test_rules_and_configuration_are_sound(self):
        for command, files in (
            ("rules", (RULES / "recording.yaml", RULES / "alerts.yaml")),
            ("config", (RULES / "prometheus.example.yaml",)),
        ):
            code, said = promtool("check", command, "--lint-fatal", *files)
            self.assertEqual(code, 0, said)

    def test_rules_do_as_their_cases_say(self):
        code, said = promtool("test", "rules", *CASES)
        self.assertEqual(code, 0, said)

    def test_each_alert_has_a_case_that_fires_and_one_that_does_not(self):
        fires, keeps_quiet = set(), set()
        for case in CASES:
            for test in yaml.safe_load(case.read_text())["tests"]:
                for look in test["alert_rule_test"]:
                    (fires if look.get("exp_alerts") else keeps_quiet).add(look["alertname"])
        alerts = {rule["alert"] for rule in rules("alerts.yaml")}
        self.assertEqual(fires, alerts)
        self.assertEqual(keeps_quiet, alerts)

    def test_each_alert_tells_what_it_is_and_what_to_do(self):
        runbook = (CHECKOUT / "README.md").read_text().partition("### When an alert fires\n")[2].partition("\n## ")[0]
        for rule in rules("alerts.yaml"):
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                said = rule["annotations"]
                self.assertEqual(said.keys(), {"summary", "description", "runbook"})
                self.assertIn("$value", said["description"])
                self.assertEqual(said["runbook"], "README.md#when-an-alert-fires")
                self.assertIn(f"**{rule['alert']}**", runbook)

    def test_reasons_of_handshakes_are_in_the_runbook(self):
        readme = (CHECKOUT / "README.md").read_text()
        for reason in re.findall(r'handshake_failures_total\{listener="fleet",reason="(\w+)"\}', self.metrics):
            self.assertRegex(readme, rf"\n\|[^|]*`{reason}`[^|]*\|")

    def test_nothing_is_asked_for_that_is_not_exposed(self):
        recorded = {rule["record"] for rule in rules("recording.yaml")}
        known = sample_names(self.metrics) | recorded | OF_PROMETHEUS
        for expression in self.expressions():
            with self.subTest(expression):
                self.assertLessEqual(metric_names(expression), known)
                self.check_selectors(expression)

    def expressions(self):
        for name in ("recording.yaml", "alerts.yaml"):
            yield from (rule["expr"] for rule in rules(name))
        for panel in panels():
            yield from (target["expr"] for target in panel.get("targets", ()))
        for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
            yield from re.findall(r"^label_values\((.*), \w+\)$", variable["query"].get("query", "")) if isinstance(
                variable["query"], dict
            ) else ()

    def check_selectors(self, expression):
        """Labels are labels of that family, and values that are spelt out are there."""
        for name, matchers in SELECTOR.findall(expression):
            for label, operator, value in MATCHER.findall(matchers):
                if label in LABELS_OF_PROMETHEUS:
                    continue
                spelt_out = f'{value}"' if operator in ("=", "!=") else ""
                exposed = re.search(rf'\n{name}\{{[^\n]*\b{label}="{spelt_out}', self.metrics)
                self.assertTrue(exposed, f'no {name}{{{label}="{spelt_out}')

    def test_dashboard_can_be_imported(self):
        dashboard = json.loads(DASHBOARD.read_text())
        self.assertEqual(
            [variable["name"] for variable in dashboard["templating"]["list"]], ["datasource", "job", "instance"]
        )
        ids = [panel["id"] for panel in panels()]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for panel in panels():
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} lies over another")
            self.assertTrue(all(x < 24 for x, _ in cells), panel["title"])
            taken |= cells
            for target in panel.get("targets", ()):
                self.assertEqual(target["datasource"]["uid"], "${datasource}", panel["title"])
                self.assertIn('job="$job"', target["expr"].replace("ALERTS", 'job="$job"'), panel["title"])


if __name__ == "__main__":
    main()
