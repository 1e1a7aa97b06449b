"""A recording stand-in for the store on a plain TCP socket: it keeps every byte that arrives."""

import hashlib
import socket
import threading

from support.processes import wait_until
from support.raw_requests import MalformedRequest, RequestReader


def answer(status, reason, body=b"", headers=()):
    lines = [
        f"HTTP/1.1 {status} {reason}",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def hang_up(connection):
    """Ends it though another thread waits for it. That thread closes it: a descriptor that is closed here could
    be another file when the thread writes its last TLS record to it."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass  # closed already


class ImposterStore:
    """Listens on a free port of 127.0.0.1. `reply(request) -> bytes` makes the answers; by default the store
    keeps what is PUT and gives it back."""

    def __init__(self, reply=None, context=None, port=0):
        """`context`: an ssl.SSLContext with which it speaks TLS. `port`: that of one that has stopped."""
        self.requests = []
        self.received = b""  # every byte of every connection, even without a request in it
        self.faults = []  # what no gateway may send
        self.objects = {}
        self.reply = reply or self._store
        self._lock = threading.Lock()
        self._sockets = []
        self._context = context
        self.sessions_resumed = []  # of each TLS connection
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.endpoint = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        hang_up(self._listener)  # a blocked accept() does not notice close()
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                hang_up(connection)

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
        reader = RequestReader(lambda: self._receive(connection))
        request = None
        try:
            if self._context:
                connection = self._encrypted(connection)
            while True:
                request = reader.read_head()
                self.requests.append(request)
                if (request.header("Expect") or "").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                reader.read_body(request)
                connection.sendall(self.reply(request))
        except (OSError, EOFError, MalformedRequest) as error:
            if isinstance(error, MalformedRequest):
                self.faults.append(str(error))
            if request and not request.complete:
                request.cut = True
            connection.close()

    def _encrypted(self, connection):
        encrypted = self._context.wrap_socket(connection, server_side=True)
        with self._lock:
            self._sockets[self._sockets.index(connection)] = encrypted
            self.sessions_resumed.append(encrypted.session_reused)
        return encrypted

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
