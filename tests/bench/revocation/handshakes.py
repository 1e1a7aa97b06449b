"""What a full handshake costs the server, for servers that differ in their CRL only."""

import contextlib
import os
import random
import socket
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from setting import device_context, run_time_ns


@dataclass
class Server:
    name: str
    pid: int
    port: int


class Client:
    """`refused`: the server must not let this identity in."""

    def __init__(self, pki, identity, refused=False):
        self.context = device_context(pki, identity)
        self.refused = refused

    def shake_hands(self, port):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as tcp:
            try:
                with self.context.wrap_socket(tcp, server_hostname="127.0.0.1"):
                    let_in = True
            except OSError:  # ssl.SSLError is one
                let_in = False
        if let_in == self.refused:
            raise AssertionError(f"port {port}: {'let in' if let_in else 'refused'}")


def cpu_us(server, client, count):
    """Server CPU of one handshake in microseconds."""
    before = run_time_ns(server.pid)
    for _ in range(count):
        client.shake_hands(server.port)
    time.sleep(0.01)  # until the last connection is gone
    return (run_time_ns(server.pid) - before) / count / 1000


@contextlib.contextmanager
def cores_apart(servers):
    """All servers on one core and the client on the others: which core a server gets must not favour it."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for server in servers:
            for task in Path(f"/proc/{server.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), cores[:1])
        os.sched_setaffinity(0, cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def compare(servers, client, rounds, count):
    """For each server its medians: microseconds, and the ratio to the first server of the same round.

    In each round the servers come in another order, so that a machine that grows slower or faster favours nobody.
    """
    figures = [[] for _ in servers]
    order = list(range(len(servers)))
    with cores_apart(servers):
        for server in servers:
            cpu_us(server, client, count)
        for _ in range(rounds):
            random.shuffle(order)
            for at in order:
                figures[at].append(cpu_us(servers[at], client, count))
    lines = []
    for server, own in zip(servers, figures):
        ratios = sorted(mine / first for mine, first in zip(own, figures[0]))
        lines.append((server.name, statistics.median(own), statistics.median(ratios), quartiles(ratios)))
    return lines


def quartiles(ordered):
    return ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
