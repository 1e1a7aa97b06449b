"""A recording stand-in for the store on a plain TCP socket: it keeps every byte that arrives."""

import hashlib
import socket
import threading
from dataclasses import dataclass

from support.processes import wait_until


@dataclass
class Recorded:
    """One request as it came: the head with its empty line, and the body (not interpreted)."""

    head: bytes
    body: bytes = b""
    complete: bool = False

    @property
    def start_line(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def headers(self):
        """Names as they were spelled, in their order."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [tuple(line.split(":", 1)) for line in lines]

    def header(self, name):
        return next((value.strip() for key, value in self.headers() if key.lower() == name.lower()), None)


def answer(status, reason, body=b"", headers=()):
    lines = [
        f"HTTP/1.1 {status} {reason}",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class ImposterStore:
    """Listens on a free port of 127.0.0.1. `reply(request) -> bytes` makes the answers; by default the store
    keeps what is PUT and gives it back."""

    def __init__(self, reply=None):
        self.requests = []
        self.received = b""  # every byte of every connection, even without a request in it
        self.objects = {}
        self.reply = reply or self._store
        self._lock = threading.Lock()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        # A blocked accept() does not notice close().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                connection.close()

    def wait_for_requests(self, count, seconds=15):
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the imposter store", seconds)
        return self.requests

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        pending = b""
        try:
            while True:
                while b"\r\n\r\n" not in pending:
                    pending += self._receive(connection)
                head, pending = pending.split(b"\r\n\r\n", 1)
                request = Recorded(head + b"\r\n\r\n")
                self.requests.append(request)
                length = int(request.header("Content-Length") or 0)
                if (request.header("Expect") or "").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = bytearray(pending)
                while len(body) < length:
                    body += self._receive(connection)
                    request.body = bytes(body[:length]) if len(body) < (1 << 20) else request.body
                request.body, pending = bytes(body[:length]), bytes(body[length:])
                request.complete = True
                connection.sendall(self.reply(request))
        except (OSError, EOFError):
            connection.close()

    def _receive(self, connection):
        block = connection.recv(1 << 18)
        if not block:
            raise EOFError
        if len(self.received) < (4 << 20):  # enough for every look at single bytes
            with self._lock:
                self.received += block
        return block

    def _store(self, request):
        method, target, _ = request.start_line.split(" ")
        if method == "PUT":
            self.objects[target] = request.body
            return answer(200, "OK", headers=[("ETag", f'"{hashlib.md5(request.body).hexdigest()}"')])
        if target not in self.objects:
            return answer(
                404,
                "Not Found",
                b"" if method == "HEAD" else b"<Error><Code>NoSuchKey</Code></Error>",
                [("Content-Type", "application/xml")],
            )
        whole = answer(
            200, "OK", self.objects[target], [("ETag", f'"{hashlib.md5(self.objects[target]).hexdigest()}"')]
        )
        return whole.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n" if method == "HEAD" else whole
