"""Answers every request with the same object of 1 KiB, over connections that are kept. Prints its port and
ends when its input does.

python3 tiny_store.py
"""

import selectors
import socket
import sys

BODY = b"x" * 1024
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"0\"\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
)


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                return
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ)
            elif not serve(key.fileobj):
                selector.unregister(key.fileobj)
                key.fileobj.close()


def serve(connection):
    """Heads are short and come in one piece."""
    try:
        heads = connection.recv(16384)
        connection.sendall(ANSWER * heads.count(b"\r\n\r\n"))
    except OSError:
        return False
    return bool(heads)


if __name__ == "__main__":
    main()
