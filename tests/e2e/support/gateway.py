"""The gateway under test: its configuration, its process, and what it says about itself."""

import datetime
import http.client
import json
import os
import re
import signal
import time

from support.processes import Program, free_port, program, wait_until

CONFIGURATION = """\
workers: 2
listeners:
  - name: fleet
    address: 127.0.0.1:{port}
    mode: high
    tls: {{profile: canedge}}
    certificates: [{{chain: {server.chain}, key: {server.key}}}]
devices:
  trust: [{trust}]
  identity: {{san_uri: 'urn:canedge:device:{{id}}', common_name: true, pattern: '[0-9A-F]{{8}}'}}
revocation:
  require: chain
  sources: [{{path: crl/}}]
  grace: 24h
authorization:
  - {{who: device, allow: [PutObject, GetObject, HeadObject], on: 'fleet/{{device}}/*'}}
store:
  endpoints: [{store}]
  signing: passthrough
admin: {{address: 127.0.0.1:{admin_port}}}
log: {{access: access.log, events: events.log, level: info}}
"""


class Gateway:
    """A gateway with one listener of mode high, its CRL in the folder `crl`."""

    def __init__(self, folder, pki, store, server=None, crl="device-ca.pem"):
        """`crl`: the file's name; None leaves the folder to the test."""
        self.folder = folder
        self.port = free_port()
        self.admin_port = free_port()
        self.configuration = folder / "gateway.yaml"
        (folder / "crl").mkdir(exist_ok=True)
        self.write_configuration(
            CONFIGURATION.format(
                port=self.port,
                admin_port=self.admin_port,
                server=server or pki.server(),
                trust=pki.trust,
                store=store,
            )
        )
        if crl:
            self.publish_crl(pki.crl(), crl)
        self.process = None
        self.manager = None  # a ServiceManager that starts it

    # ---- files ---------------------------------------------------------------------------------

    def write_configuration(self, text):
        replace_file(self.configuration, text)

    def change_configuration(self, *replacements):
        """Replaces texts of the running configuration, each (old, new), and waits until that is in force."""
        text = self.configuration.read_text()
        for old, new in replacements:
            assert old in text, f"not in the configuration: {old}"
            text = text.replace(old, new)
        self.put_in_force(text)

    def put_in_force(self, text):
        """Waits until the gateway obeys this configuration."""
        if text == self.configuration.read_text():
            return
        moment = time.time()
        self.write_configuration(text)
        self.wait_for_load_since(moment)

    def publish_crl(self, content, name="device-ca.pem"):
        """Puts a CRL in place in one step, as a careful operator does. Returns when (time.monotonic)."""
        return replace_file(self.folder / "crl" / name, content)

    # ---- process -------------------------------------------------------------------------------

    def start(self):
        starts = len(self.events("ready"))
        command = (program("sallyport-gateway"), "run", "--config", self.configuration)
        options = {}
        if self.manager:
            command, options = self.manager.launch(command)
        self.process = Program(self.folder / "gateway.log", *command, **options)
        wait_until(lambda: self.ready() or not self.process.running(), "the gateway is ready", 30)
        if not self.process.running():
            raise AssertionError(
                f"the gateway ended with {self.process.wait()}: {(self.folder / 'gateway.log').read_text()}"
            )
        self.wait_for_event("ready", skip=starts)
        return self

    def stop(self):
        """Ends it. Whatever it was put through, it must end soundly (a sanitizer's finding is an exit code, too)."""
        if not self.process or not self.process.running():
            return
        code = self.process.stop()
        if code != 0:
            raise AssertionError(f"the gateway ended with {code}: {(self.folder / 'gateway.log').read_text()}")

    def reload(self):
        """SIGHUP; returns the generation that it makes once that is in force (a changed file makes its own)."""
        asked_for = {"trigger": "SIGHUP", "result": "ok"}
        before = len(self.events("reload", **asked_for))
        self.process.signal(signal.SIGHUP)
        generation = self.wait_for_event("reload", skip=before, **asked_for)["generation"]
        self.wait_for_generation_after(generation - 1)
        return generation

    def peak_memory_kib(self):
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))

    # ---- what it says --------------------------------------------------------------------------

    def admin(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def ready(self):
        try:
            return self.admin("/readyz")[0] == 200
        except OSError:
            return False

    def metric(self, name, **labels):
        """The sum of all series of this name whose labels include the given ones; None when there is none."""
        found = None
        for line in self.admin("/metrics")[1].splitlines():
            match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? ([^ ]+)", line)
            if match and match.group(1) == name:
                has = dict(re.findall(r'([a-z0-9_]+)="([^"]*)"', match.group(2) or ""))
                if labels.items() <= has.items():
                    found = (found or 0.0) + float(match.group(3))
        return found

    def _lines(self, name):
        file = self.folder / name
        if not file.exists():
            return []
        return [
            json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")
        ]

    def events(self, event=None, **fields):
        return [
            entry
            for entry in self._lines("events.log")
            if event in (None, entry["event"]) and fields.items() <= entry.items()
        ]

    def wait_for_event(self, event, skip=0, seconds=15, **fields):
        """The next event of this kind after the first `skip` ones."""
        what = f"event {event} {fields or ''}"
        return wait_until(lambda: self.events(event, **fields)[skip:], what, seconds)[0]

    def generation(self):
        """The number of the newest snapshot that every connection obeys. A start counts from 1 again. What the log, which
        comes a little later, says of that snapshot is there, too."""
        wait_until(lambda: self.events("ready"), "the gateway is ready")

        def logged():
            said = [entry for entry in self.events() if entry["event"] in ("ready", "enforced")]
            start = max(i for i, entry in enumerate(said) if entry["event"] == "ready")
            return max(entry["generation"] for entry in said[start:])

        enforced = self._enforced_generation()
        wait_until(lambda: logged() >= enforced, f"the log knows of generation {enforced}")
        return logged()

    def _enforced_generation(self):
        """0: the gateway has ended, or tells only who holds its token."""
        try:
            code, body = self.admin("/status")
        except (OSError, http.client.HTTPException):
            return 0
        return json.loads(body)["enforced_generation"] if code == 200 else 0

    def wait_for_generation_after(self, generation, seconds=15):
        wait_until(
            lambda: self.generation() > generation, f"a generation after {generation} is in force", seconds
        )
        return self.generation()

    def wait_for_load_since(self, moment):
        """Waits until what was loaded after `moment` (time.time) is in force. Other files may have changed just before:
        then the next generation need not be the one that knows of the last change."""

        def loads():
            done = [load for load in self.events("reload") if load["result"] != "failed"]
            return [load for load in done if begin(load) >= moment]

        def begin(load):
            return datetime.datetime.fromisoformat(load["time"]).timestamp() - load["load_ms"] / 1000

        (first, *_) = wait_until(loads, "a load of what has changed")
        self.wait_for_generation_after(first["generation"] - 1)

    def wait_for_access(self, **fields):
        """The last access-log line with these fields; it is written after the answer was sent."""
        return wait_until(lambda: self.access_log(**fields), f"an access-log line with {fields}")[-1]

    def access_log(self, **fields):
        return [entry for entry in self._lines("access.log") if fields.items() <= entry.items()]


def replace_secret_file(file, text):
    """Puts a file in place in one step, which nobody else may read."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o600)
    fresh.replace(file)


def replace_file(path, content):
    data = content if isinstance(content, bytes) else content.encode()
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(data)
    replaced = time.monotonic()
    os.replace(unfinished, path)
    return replaced


def start_gateway(test_class, pki, store, **options):
    """The gateway of a test class, ended after its last test."""
    gateway = Gateway(test_class.folder, pki, store, **options)
    test_class.addClassCleanup(gateway.stop)
    return gateway.start()
