"""What a full handshake costs the server, for servers that differ in their CRL only."""

import socket
import statistics
import time
from dataclasses import dataclass

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


def compare(servers, client, rounds, count):
    """For each server its medians: microseconds, and the ratio to the first server of the same round.

    The order turns from round to round, so that a machine that grows slower or faster favours nobody.
    """
    for server in servers:
        cpu_us(server, client, count)
    figures = [[] for _ in servers]
    for turn in range(rounds):
        for i in range(len(servers)):
            at = (turn + i) % len(servers)
            figures[at].append(cpu_us(servers[at], client, count))
    lines = []
    for server, own in zip(servers, figures):
        ratios = sorted(mine / first for mine, first in zip(own, figures[0]))
        lines.append((server.name, statistics.median(own), statistics.median(ratios), quartiles(ratios)))
    return lines


def quartiles(ordered):
    return ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
