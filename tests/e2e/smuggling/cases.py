"""What a row of the tables is made of. Requests are written as their bytes; the listener's name is gw.test."""

from dataclasses import dataclass

TARGET = b"/fleet/AABBCCDD/a"
START = b"PUT " + TARGET + b" HTTP/1.1"
HOST = b"Host: gw.test"
# The device's own prefix: whoever takes this for a request forwards it, so that it cannot hide behind a 403.
SMUGGLED = b"GET /fleet/AABBCCDD/smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Seen:
    """A request as the store must see it, to the byte; of a chunked body without its framing."""

    head: bytes
    body: bytes = b""


@dataclass(frozen=True)
class Refused:
    """Nothing reaches the store, the answer has this status, and then the connection ends."""

    status: int


@dataclass(frozen=True)
class Denied:
    """Nothing reaches the store, the answer has this status, and the connection goes on."""

    status: int


@dataclass(frozen=True)
class Cut:
    """A fault within the body: the store never sees the request's end, and both connections end."""

    status: int = 400


@dataclass(frozen=True)
class Unfinished:
    """The client leaves within its request: no answer, and the store never sees the request's end."""

    reaches_store: bool = True


@dataclass(frozen=True)
class Passes:
    """Exactly these requests reach the store, each has its own answer, and the connection goes on or not."""

    seen: tuple
    keeps: bool = True


@dataclass(frozen=True)
class Case:
    name: str
    raw: bytes
    expected: object


def lines(*parts):
    """A head: the lines and its empty one."""
    return b"\r\n".join([*parts, b"", b""])


def put(*fields, body=b"", start=START):
    return lines(start, HOST, *fields) + body


def get(*fields, target=TARGET):
    return lines(b"GET " + target + b" HTTP/1.1", HOST, *fields)


def sized(*fields, body=b"hello", start=START):
    """An upload whose length the gateway has written, as it does behind all other fields."""
    return Seen(lines(start, HOST, *fields, b"Content-Length: %d" % len(body)), body)


def chunked(*fields, body=b"hello", start=START):
    return Seen(lines(start, HOST, *fields, b"Transfer-Encoding: chunked"), body)


def refused(name, raw, status=400):
    """With a whole request behind it, which is no request either."""
    return Case(name, raw + SMUGGLED, Refused(status))


def passes(name, raw, *seen, keeps=True):
    return Case(name, raw, Passes(seen or (Seen(raw),), keeps))
