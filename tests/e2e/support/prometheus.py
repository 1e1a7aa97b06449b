"""A real Prometheus on loopback, with our rules, and what it knows."""

import json
import math
import shutil
import urllib.parse
import urllib.request

import yaml

from support.case import CHECKOUT
from support.processes import Program, free_port, wait_until

CONFIG = CHECKOUT / "config" / "prometheus"


class Prometheus:
    """Of the example configuration, but with an interval of one second and alerts that wait no longer than that."""

    def __init__(self, folder, gateways, canary_target, exporter_port):
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        configuration = yaml.safe_load((CONFIG / "prometheus.example.yaml").read_text())
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        scraped, canary = configuration["scrape_configs"]
        scraped["static_configs"] = [{"targets": gateways}]
        canary["static_configs"] = [{"targets": [canary_target]}]
        canary["relabel_configs"][-1]["replacement"] = f"127.0.0.1:{exporter_port}"
        self._write("prometheus.yaml", configuration)
        shutil.copy(CONFIG / "recording.yaml", folder)
        alerts = yaml.safe_load((CONFIG / "alerts.yaml").read_text())
        for group in alerts["groups"]:
            for rule in group["rules"]:
                rule["for"] = "1s"
        self._write("alerts.yaml", alerts)
        self._program = None

    def _write(self, name, content):
        (self.folder / name).write_text(yaml.safe_dump(content))

    def start(self):
        self._program = Program(
            self.folder / "prometheus.log",
            "prometheus",
            f"--config.file={self.folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            cwd=self.folder,
        )
        wait_until(self._ready, f"Prometheus is ready: {self.folder / 'prometheus.log'}", 30)
        return self

    def stop(self):
        self._program.stop()

    def _ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expression):
        """The series now, each its labels and its number; without those that are no number."""
        found = self.ask("query", query=expression)["result"]
        series = [(entry["metric"], float(entry["value"][1])) for entry in found]
        return [(labels, value) for labels, value in series if not math.isnan(value)]

    def firing(self):
        """The alerts that fire: name, and labels."""
        alerts = self.ask("alerts")["alerts"]
        return [(alert["labels"]["alertname"], alert) for alert in alerts if alert["state"] == "firing"]
