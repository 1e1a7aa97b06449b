"""The systemd units are as tight as they say, and the gateway lives within them."""

import re
import shlex
import signal
import sys
from pathlib import Path

from support import confinement
from support.case import CHECKOUT, main
from support.fleet import FleetTest
from support.gateway import Gateway
from support.processes import program, run

UNITS = CHECKOUT / "docker" / "systemd"
SERVICE = UNITS / "sallyport-gateway.service"
MOST_EXPOSURE = 2.0
TARGET = "/fleet/AABBCCDD/device.json"


class Confined:
    """A manager that starts the gateway within the system calls of its unit."""

    def launch(self, command):
        return (sys.executable, "-B", confinement.__file__, SERVICE, *command), {}


class SystemdUnit(FleetTest):
    def test_exposure(self):
        for unit in ("sallyport-gateway.service", "sallyport-crl.service"):
            done = run("systemd-analyze", "--no-pager", "security", "--offline=true", UNITS / unit)
            exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)[1])
            print(f"    systemd-analyze security: {unit} {exposure}")
            self.assertLessEqual(exposure, MOST_EXPOSURE, done.stdout)

    def test_systemd_understands_them(self):
        folder = self.folder / "units"
        folder.mkdir()
        for unit in UNITS.glob("*.*"):
            text = unit.read_text()
            for name in ("sallyport-gateway", "sallyport-pki"):
                text = text.replace(f"/usr/bin/{name}", program(name))
            (folder / unit.name).write_text(text)
        units = [file for file in folder.iterdir() if file.suffix in (".service", ".socket", ".timer")]
        done = run("systemd-analyze", "verify", "--man=no", *units)
        said = [line for line in done.stderr.splitlines() if "sallyport" in line]
        self.assertEqual((done.returncode, said), (0, []), done.stderr)

    def test_they_agree_with_each_other(self):
        service = confinement.settings(SERVICE)
        command = shlex.split(service["ExecStart"][0])
        self.assertEqual(command[1:], ["run", "--config", "/etc/sallyport/gateway.yaml"])
        self.assertEqual(service["CapabilityBoundingSet"], [], "no capability at all")
        example = (CHECKOUT / "config" / "gateway.example.yaml").read_text()
        (drain,) = re.findall(r"^  drain: (\d+)s", example, re.MULTILINE)
        self.assertGreater(int(service["TimeoutStopSec"][0].removesuffix("s")), int(drain))
        (address,) = confinement.settings(UNITS / "sallyport-gateway.socket", "Socket")["ListenStream"]
        self.assertIn(f"    address: {address} ", example)
        low_ports = confinement.settings(UNITS / "low-ports.conf")
        self.assertEqual(low_ports["CapabilityBoundingSet"], ["CAP_NET_BIND_SERVICE"])

    def test_the_gateway_needs_no_other_system_call(self):
        folder = self.folder / "confined"
        folder.mkdir()
        gateway = Gateway(folder, self.pki, self.store.endpoint)
        gateway.manager = Confined()
        state = "state: state\n"
        gateway.write_configuration(state + gateway.configuration.read_text())
        self.addCleanup(gateway.stop)
        gateway.start()
        self.assertIn("Seccomp:\t2\n", Path(f"/proc/{gateway.process.pid}/status").read_text())
        self.gateway, everywhere = gateway, self.gateway
        try:
            connection = self.connect(self.device)
            for method, body in (("PUT", b"{}"), ("GET", b"")):
                self.assertEqual(connection.request(self.signer, method, TARGET, body).status, 200)
            gateway.reload()
            generation = gateway.generation()
            gateway.publish_crl(self.pki.crl())
            gateway.wait_for_generation_after(generation)
            self.assertEqual(connection.request(self.signer, "GET", TARGET).status, 200)
        finally:
            self.gateway = everywhere
        self.assertEqual(gateway.admin("/metrics")[0], 200)
        gateway.process.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(20), 0)
        self.assertTrue((folder / "state" / "crl").is_dir(), "its state was written")
        self.assertNotIn("not permitted", (folder / "gateway.log").read_text())
        faults = [event for event in gateway.events() if event.get("level") == "error"]
        self.assertEqual(faults, [])


if __name__ == "__main__":
    main()
