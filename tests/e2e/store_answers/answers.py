"""What a row of the tables is made of."""

import socket
import struct
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Broken:
    """The client hears a 502 or 504 of the gateway's own, or sees its connection end within the answer."""


@dataclass(frozen=True)
class Refused:
    """The client hears this status from the gateway."""

    status: int = 502


@dataclass(frozen=True)
class Whole:
    """The client has this answer, whole."""

    body: bytes = b"hello"
    status: int = 200


@dataclass(frozen=True)
class Answer:
    """`say(connection)` answers a request that the store has read to its end; True when the store goes on with
    the connection afterwards."""

    name: str
    say: object
    expected: object
    method: str = "GET"


def stay(data):
    """Sends and reads the next request: whoever takes this connection again has what is left over."""

    def say(connection):
        connection.sendall(data)
        return True

    return say


def leave(data):
    def say(connection):
        connection.sendall(data)
        return False

    return say


def reset(data):
    """Sends, and ends the connection by RST once that was taken."""

    def say(connection):
        connection.sendall(data)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return say


def hang(data):
    """Sends, and then says nothing until the gateway leaves."""

    def say(connection):
        connection.sendall(data)
        while connection.recv(65536):
            pass
        return False

    return say


def drip(data, pause):
    """Sends byte by byte."""

    def say(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        return True

    return say


def flood(data, again):
    """Sends `again` without end; the gateway must end it."""

    def say(connection):
        connection.sendall(data)
        while True:
            connection.sendall(again)

    return say


def head(*fields, start=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([start, *fields, b"", b""])


def sized(*fields, body=b"hello", start=b"HTTP/1.1 200 OK"):
    return head(*fields, b"Content-Length: %d" % len(body), start=start) + body


# A whole answer behind another one: it must never reach anybody.
EVIL = sized(b"x-answers: nobody", body=b"another client's secret")
