"""How long the requests of a device wait while the gateway takes in a CRL."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from setting import OTHER_DEVICE

TARGET = f"/fleet/{OTHER_DEVICE}/device.json"  # of another device: the gateway answers 403 itself


@dataclass
class Waits:
    """Milliseconds."""

    requests: int
    p99: float
    longest: float


@dataclass
class Stall:
    quiet: Waits
    during: Waits
    load_ms: float


def measure(gateway, pki, crl):
    """A quiet second, then a reload, both seen by a device in a process of its own."""
    gateway.settled()
    client = start_client(gateway, pki)
    time.sleep(1.5)
    generation = gateway.generation()
    begin = time.monotonic_ns()
    gateway.put_crl(crl)
    enforced = gateway.wait_for_enforced(generation + 1)
    end = begin + int((enforced["after_ms"] + 20) * 1e6)  # noticing a file takes a moment
    time.sleep(max(0, (end - time.monotonic_ns()) / 1e9))
    said, _ = client.communicate(b"\n", timeout=60)
    seen = list(zip(*json.loads(said).values()))
    return Stall(waits(seen, begin - 10**9, begin), waits(seen, begin, end), enforced["after_ms"])


def start_client(gateway, pki):
    command = [sys.executable, "-B", Path(__file__).with_name("stall_client.py"), gateway.port, pki.root]
    command += [pki.good.chain, pki.good.key, TARGET]
    client = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if client.stdout.readline() != b"ready\n":
        client.kill()
        raise AssertionError("the client did not get to its requests")
    return client


def waits(seen, begin, end):
    """Of the requests that were under way in this time."""
    took = sorted(took / 1e6 for start, took in seen if start < end and start + took > begin)
    return Waits(len(took), took[len(took) * 99 // 100], took[-1])
