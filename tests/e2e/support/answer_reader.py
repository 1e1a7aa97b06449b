"""Reads answers off a connection as strictly as the text of RFC 9112 allows: what is not whole is no answer."""

from dataclasses import dataclass


class BrokenAnswer(Exception):
    """The connection ended within an answer, or what came is none."""


@dataclass
class RawAnswer:
    head: bytes
    body: bytes

    @property
    def status(self):
        return int(self.head[9:12])

    @property
    def keeps_connection(self):
        return (self.field("Connection") or "").lower() != "close"

    def field(self, name):
        for line in self.head.decode("latin-1").split("\r\n")[1:-2]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def error_code(self):
        """The <Code> of an S3 error document."""
        return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


class AnswerReader:
    """Reads from `source.recv`. A limit of time is the source's own (socket.settimeout)."""

    def __init__(self, source):
        self._source = source
        self._pending = b""

    def _more(self):
        try:
            block = self._source.recv(65536)
        except (ConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise BrokenAnswer("nothing comes any more, and the connection stays open") from error
            block = b""
        self._pending += block
        return bool(block)

    def _until(self, end):
        while end not in self._pending:
            if not self._more():
                raise BrokenAnswer(f"the connection ended behind {self._pending[:200]!r}")
        found, self._pending = self._pending.split(end, 1)
        return found + end

    def _exactly(self, count):
        while len(self._pending) < count:
            if not self._more():
                raise BrokenAnswer(f"the body ended {count - len(self._pending)} bytes early")
        found, self._pending = self._pending[:count], self._pending[count:]
        return found

    def at_end(self):
        """Has the other side closed without another byte? Waits for one of both."""
        return not self._pending and not self._more()

    def read(self, method="GET"):
        """The next final answer; None when the connection ended before it."""
        while True:
            if not self._pending and not self._more():
                return None
            head = self._until(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 "):
                raise BrokenAnswer(f"no status line: {head[:80]!r}")
            answer = RawAnswer(head, b"")
            if answer.status >= 200:
                break
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if answer.field("Transfer-Encoding") == "chunked":
            while size := int(self._until(b"\r\n"), 16):
                answer.body += self._exactly(size)
                self._until(b"\r\n")
            self._until(b"\r\n")
        elif (length := answer.field("Content-Length")) is not None:
            answer.body = self._exactly(int(length))
        else:
            raise BrokenAnswer("a body without a framing of its own")
        return answer
