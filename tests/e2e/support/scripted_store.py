"""A store that does to each connection what a test's script says."""

import socket
import threading


class ScriptedStore:
    """Speaks each connection's script: a function of the socket."""

    def __init__(self, context=None):
        """`context`: an ssl.SSLContext with which it speaks TLS."""
        self.script = lambda connection: None  # health checks come before the first script
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"{'https' if context else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(20)
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            self.script(connection)
        except OSError:
            pass
        connection.close()

    def stop(self):
        self._listener.close()


def read_head(connection, data=b""):
    """The next head, and what was read behind it. `data` was read before."""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            raise OSError("closed")
        data += block
    head, rest = data.split(b"\r\n\r\n", 1)
    return head, rest


def read_body(connection, rest, length):
    """At least so many bytes of a body of which `rest` was read."""
    while len(rest) < length:
        block = connection.recv(65536)
        if not block:
            raise OSError("closed")
        rest += block
    return rest
