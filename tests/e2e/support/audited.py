"""Gateways with an audit log, and a reader of it that is made from its description alone."""

import hashlib
import json

from support.gateway import Gateway
from support.processes import program, run

LOG = "log: {access: access.log"


def audited(folder, pki, store, audit="audit.log", access="access.log"):
    """A gateway that does not run yet; its files are in `folder`, which is made."""
    folder.mkdir(exist_ok=True)
    gateway = Gateway(folder, pki, store)
    text = gateway.configuration.read_text()
    assert LOG in text
    gateway.write_configuration(text.replace(LOG, f"log: {{audit: {audit}, access: {access}"))
    return gateway


def audit_lines(*files):
    """Every line of these files, the oldest first; fails unless each follows the one before it."""
    lines, number, head = [], 0, "0" * 64
    for file in files:
        for text in file.read_bytes().splitlines(keepends=True):
            if not text.endswith(b"\n"):
                break  # is being written
            try:
                line = json.loads(text)
            except ValueError:
                continue  # torn: the next one tells
            assert (line["seq"], line["prev"]) == (number + 1, head), f"{file}: {text}"
            number, head = line["seq"], hashlib.sha256(text[:-1]).hexdigest()
            lines.append(line)
    return lines


def audit_events(*files, **fields):
    return [line for line in audit_lines(*files) if fields.items() <= line.items()]


def verify(*files, head=None):
    """`sallyport-gateway audit verify`: its exit code and what it says."""
    options = ("--head", head) if head else ()
    done = run(program("sallyport-gateway"), "audit", "verify", *options, *files)
    return done.returncode, done.stdout + done.stderr
