"""Servers that take turns, so that whatever else the machine does hits all of them."""

import contextlib
import os
import random
import statistics
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Server:
    name: str
    pid: int
    port: int


@contextlib.contextmanager
def cores_apart(servers, companions=()):
    """All servers on one core and the client on the others: which core a server gets must not favour it.

    `companions`: processes that run already and belong to the client's side.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for server in servers:
            pin(server.pid, cores[:1])
        for pid in companions:
            pin(pid, cores[1:])
        os.sched_setaffinity(0, cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def pin(pid, cores):
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


def compare(servers, cost, rounds, companions=()):
    """For each server its medians: `cost(server)`, and the ratio to the first server of the same round.

    In each round the servers come in another order, so that a machine that grows slower or faster favours nobody.
    """
    figures = [[] for _ in servers]
    order = list(range(len(servers)))
    with cores_apart(servers, companions):
        for server in servers:
            cost(server)
        for _ in range(rounds):
            random.shuffle(order)
            for at in order:
                figures[at].append(cost(servers[at]))
    lines = []
    for server, own in zip(servers, figures):
        ratios = sorted(mine / first for mine, first in zip(own, figures[0]))
        lines.append((server.name, statistics.median(own), statistics.median(ratios), quartiles(ratios)))
    return lines


def quartiles(ordered):
    return ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
