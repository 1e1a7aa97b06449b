"""Publishing CRLs by the code of the PKI tool: a test program of ours stands in for its command line."""

import json
import os
import subprocess

from support.processes import program, run

CRL = "device-ca.crl"


class Publisher:
    """Publishes into the places of one configuration, with the environment of `env` added."""

    def __init__(self, folder, pki, places, env=None, gateways=()):
        self.pki = pki
        self.env = os.environ | (env or {})
        self.configuration = folder / "publication.yaml"
        lists = {"publish": places, "gateways": gateways}
        lines = [
            f"{key}:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)
            for key, entries in lists.items()
            if entries
        ]
        self.configuration.write_text("".join(lines))

    def run(self, *files, issuer=None):
        """`files`: (name, path). The program as it ended."""
        named = [f"{name}={path}" for name, path in files]
        return run(
            program("publication_probe"),
            "publish",
            self.configuration,
            issuer or self.pki.device_ca,
            *named,
            env=self.env,
            seconds=120,
        )

    def publish(self, file, name=CRL, issuer=None):
        """What became of each place."""
        done = self.run((name, file), issuer=issuer)
        outcomes = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode not in (0, 1) or done.stderr:
            raise AssertionError(f"the publication ended with {done.returncode}: {done.stderr}")
        return outcomes

    def publish_one(self, file, name=CRL, issuer=None):
        """What became of the one file in the one place: (placement, detail)."""
        (outcome,) = self.publish(file, name, issuer)
        (placed,) = outcome["files"]
        return placed["placement"], placed["detail"]


class Waiting:
    """Waits for gateways; `published` is called when it has asked them what they had refused before."""

    def __init__(self, publisher, issuer, number, patience_ms, published=lambda: None):
        command = [program("publication_probe"), "wait", publisher.configuration, issuer, number, patience_ms]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=publisher.env,
        )
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(self.process.communicate()[1])
        published()
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answers(self, seconds=60):
        """By gateway: the answers that were told in their course, and the last one."""
        output, errors = self.process.communicate(timeout=seconds)
        if errors:
            raise AssertionError(errors)
        told = {}
        for line in output.splitlines():
            answer = json.loads(line)
            told.setdefault(answer["gateway"], []).append(answer)
        return {gateway: (answers[:-1], answers[-1]) for gateway, answers in told.items()}


def der_crl(folder, pki, name="crl.der", *options):
    """The next CRL of the device CA as a file in DER."""
    return to_der(folder, pki.crl(*options), name)


def to_der(folder, pem, name="crl.der"):
    source, target = folder / f"{name}.pem", folder / name
    source.write_text(pem)
    done = run("openssl", "crl", "-in", source, "-outform", "DER", "-out", target)
    assert done.returncode == 0, done.stderr
    return target


def crl_number(file):
    done = run("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-crlnumber")
    return int(done.stdout.strip().split("=")[1], 16)
