"""Requests as they stand on the wire, with nothing interpreted but their framing."""

import re
from dataclasses import dataclass


class MalformedRequest(Exception):
    """What came is not framed as a careful client or gateway frames it."""


@dataclass
class Recorded:
    """One request as it came: the head with its empty line, and the body, of which only the framing is taken
    away."""

    head: bytes
    body: bytes = b""
    complete: bool = False
    cut: bool = False  # the connection ended before the request did

    @property
    def start_line(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def headers(self):
        """Names as they were spelled, in their order."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [tuple(line.split(":", 1)) for line in lines]

    def header(self, name):
        return next((value.strip() for key, value in self.headers() if key.lower() == name.lower()), None)


class RequestReader:
    """Reads one request after another from `receive() -> bytes`, whose EOFError ends it."""

    def __init__(self, receive):
        self._receive = receive
        self._pending = bytearray()

    def read(self):
        request = self.read_head()
        self.read_body(request)
        return request

    def read_head(self):
        return Recorded(self._until(b"\r\n\r\n"))

    def read_body(self, request):
        """Fills `request.body` as it comes, but for large ones, which come at once."""
        if request.header("Transfer-Encoding"):
            self._read_chunks(request)
        else:
            length = int(request.header("Content-Length") or 0)
            while len(self._pending) < length:
                self._pending += self._receive()
                if len(self._pending) < (1 << 20):
                    request.body = bytes(self._pending[:length])
            request.body = self._take(length)
        request.complete = True

    def _read_chunks(self, request):
        length = None
        while length != 0:
            size = self._until(b"\r\n")
            if not re.fullmatch(rb"[0-9a-fA-F]+\r\n", size):
                raise MalformedRequest(f"a chunk of size {size!r}")
            length = int(size, 16)
            while len(self._pending) < length + 2:
                self._pending += self._receive()
            request.body += self._take(length)
            if self._take(2) != b"\r\n":
                raise MalformedRequest("a chunk without end, or a trailer")

    def _until(self, end):
        while end not in self._pending:
            self._pending += self._receive()
        return self._take(self._pending.index(end) + len(end))

    def _take(self, count):
        taken = bytes(self._pending[:count])
        del self._pending[:count]
        return taken
