"""A proxy on a client's side of the gateway, or on the store's, that changes nothing and keeps what went up."""

import select
import socket
import ssl
import threading

from support.raw_requests import RequestReader


class Wiretap:
    """Listens on 127.0.0.1 and opens a connection to `port` for each that it accepts. With a context, that side
    speaks TLS; in between all is clear."""

    def __init__(self, port, accept_context=None, connect_context=None):
        self._target = port
        self._accept_context = accept_context
        self._connect_context = connect_context
        self._taken = []  # the bytes of each connection
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def requests(self):
        """All whole requests, connection by connection."""
        found = []
        for taken in self._taken:
            rest = [bytes(taken)]

            def receive(rest=rest):
                if not rest:
                    raise EOFError
                return rest.pop()

            reader = RequestReader(receive)
            try:
                while True:
                    found.append(reader.read())
            except EOFError:
                pass
        return found

    def forget(self):
        """What connections bring that are open already is kept from now on."""
        for taken in self._taken:
            taken.clear()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(connection,), daemon=True).start()

    def _relay(self, client):
        taken = bytearray()
        self._taken.append(taken)
        server = socket.create_connection(("127.0.0.1", self._target))
        try:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._accept_context:
                client = self._accept_context.wrap_socket(client, server_side=True)
            if self._connect_context:
                server = self._connect_context.wrap_socket(server, server_hostname="127.0.0.1")
            while True:
                up = self._pass_on(client, server, taken)
                down = self._pass_on(server, client, None)
                if up is None or down is None:
                    return
                if not up and not down:
                    select.select((client, server), (), ())
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    @staticmethod
    def _pass_on(source, target, taken):
        """What is there: its size, 0 when there is nothing, None at the end."""
        source.settimeout(0)
        try:
            block = source.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return 0
        if not block:
            return None
        if taken is not None:
            taken += block
        target.settimeout(30)
        target.sendall(block)
        return len(block)
