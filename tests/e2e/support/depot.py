"""A depot of sallyport-pki in a test: running the tool, and seeing whether anything in the depot changed."""

import hashlib
import os
import re
import subprocess

from cryptography import x509
from support.processes import program

PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")

# For init --profile; `format` it with the settings of the device authority's CRLs. Its keys are made at once.
PROFILE = """\
organization: Example
authorities:
  - {{name: root, key: {{algorithm: p-256}}}}
  - name: device-ca
    issuer: root
    issues: devices
    key: {{algorithm: p-256}}
    crl: {{{crl}}}
revoke: {{ask_above_percent: 100}}
"""


class Depot:
    def __init__(self, path, env=None):
        self.path = path
        self.env = {**os.environ, **(env or {})}

    def __truediv__(self, name):
        return self.path / name

    def run(self, *arguments, env=None, **options):
        """The finished command, whatever came of it."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            env={**self.env, **(env or {})},
            **options,
        )

    def command(self, *arguments):
        return [program("sallyport-pki"), *map(str, arguments), "--depot", str(self.path)]

    def do(self, *arguments, **options):
        """What the command printed; it must succeed."""
        done = self.run(*arguments, **options)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *arguments, **options):
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
            **options,
        )

    def state(self):
        """Name, mode and digest of every file but the lock, which keeps the last writer's process ID."""
        state = {}
        for path in sorted(self.path.rglob("*")):
            if path == self.path / "lock":
                continue
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            state[str(path.relative_to(self.path))] = (oct(path.stat().st_mode), content)
        return state

    def certificate(self, name):
        """The first certificate of a file in the depot."""
        return x509.load_pem_x509_certificate((self.path / name).read_bytes())

    def crl(self, name):
        return x509.load_pem_x509_crl((self.path / "crl" / f"{name}.crl.pem").read_bytes())
