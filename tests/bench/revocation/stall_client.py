"""Sends one request after the other on one connection until its input ends, then prints when each began and how
long it took (ns of the machine's monotonic clock).

python3 stall_client.py PORT ROOT CHAIN KEY TARGET
"""

import array
import gc
import json
import select
import sys
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from setting import DEVICE, device_context  # noqa: E402
from support.https_client import Connection  # noqa: E402
from support.openssl_pki import Identity  # noqa: E402
from support.sigv4 import Signer  # noqa: E402


def main():
    port, root, chain, key, target = sys.argv[1:]
    context = device_context(SimpleNamespace(root=root), Identity(DEVICE, chain, key))
    connection = Connection(int(port), context)
    signer = Signer("FLEETKEY", "secret-of-the-fleet")
    answer = connection.request(signer, "GET", target)
    if answer.status != 403:
        raise AssertionError(f"not refused: {answer}")
    lines = [f"GET {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in signer.sign("GET", target, connection.host)]
    begins, took = exchange(connection.tls, "\r\n".join([*lines, "", ""]).encode())
    print(json.dumps({"begins": begins.tolist(), "took": took.tolist()}))


def exchange(tls, request):
    begins, took = array.array("q"), array.array("q")
    gc.disable()
    print("ready", flush=True)
    now = time.monotonic_ns
    while True:
        if len(begins) % 64 == 0 and select.select([sys.stdin], [], [], 0)[0]:
            return begins, took
        start = now()
        tls.sendall(request)
        read_answer(tls)
        took.append(now() - start)
        begins.append(start)


def read_answer(tls):
    data = tls.recv(16384)
    while b"\r\n\r\n" not in data:
        data += more(tls)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += more(tls)


def more(tls):
    data = tls.recv(16384)
    if not data:
        raise AssertionError("the gateway closed the connection")
    return data


if __name__ == "__main__":
    main()
