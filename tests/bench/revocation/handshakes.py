"""What a full handshake costs the server, for servers that differ in their CRL only."""

import socket
import time

from setting import device_context, run_time_ns


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
