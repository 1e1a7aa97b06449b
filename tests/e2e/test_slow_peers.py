"""Peers that are slow but sound are served: what counts is that bytes flow, not how long a body takes."""

import socket
import threading
import time

from support.case import main
from support.fleet import DEVICE, FleetTest
from support.https_client import NamedConnection

RATE = 32_000  # bytes in a second, as a poor cellular link has
SLICE = 800
BODY = bytes(96_000)
# A TLS record of 16 KiB takes longer than this on such a link.
LIMITS = "limits: {body_progress: 300ms, head: 2s, store_answer: 2s}\n"
TARGET = f"/fleet/{DEVICE}/slow"


class SlowLink:
    """Forwards one connection in both directions at RATE, with small buffers of its own."""

    def __init__(self, port):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._gateway = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        self._gateway.close()

    def _accept(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        with client:
            threading.Thread(target=self._forward, args=(client, self._gateway), daemon=True).start()
            self._forward(self._gateway, client)

    def _forward(self, source, sink):
        try:
            while data := source.recv(SLICE):
                sink.sendall(data)
                time.sleep(len(data) / RATE)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one end has closed


class SlowPeers(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.put_in_force(cls.gateway.configuration.read_text() + LIMITS)

    def connect_slowly(self):
        link = SlowLink(self.gateway.port)
        self.addCleanup(link.close)
        host = f"127.0.0.1:{self.gateway.port}"
        connection = NamedConnection(link.port, self.context(self.device), "127.0.0.1", host)
        self.addCleanup(connection.close)
        return connection

    def test_up(self):
        answer = self.connect_slowly().request(self.signer, "PUT", TARGET, BODY)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.store.objects[TARGET], BODY)

    def test_down(self):
        self.store.objects[TARGET] = BODY
        answer = self.connect_slowly().request(self.signer, "GET", TARGET)
        self.assertEqual((answer.status, answer.body), (200, BODY))

    def test_who_stands_still_is_cut(self):
        before = self.gateway.metric("sallyport_deadlines_exceeded_total", deadline="body")
        with self.connect(self.device) as connection:
            headers = self.signer.sign("PUT", TARGET, connection.host)
            connection.send_head("PUT", TARGET, headers + [("Content-Length", len(BODY))])
            connection.send(BODY[:1000])
            with self.assertRaises(OSError):
                if connection.tls.recv(1) == b"":
                    raise ConnectionResetError
        self.gateway.wait_for_access(device=DEVICE, reason="timeout")
        after = self.gateway.metric("sallyport_deadlines_exceeded_total", deadline="body")
        self.assertEqual(after, before + 1)


if __name__ == "__main__":
    main()
