"""A client for one TLS connection, with every byte of a request under the test's control."""

import http.client
import socket
import ssl
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def error_code(self):
        """The <Code> of an S3 error document."""
        return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def tls_context(pki, identity=None, version=None, tickets=True):
    """`version`: ssl.TLSVersion.TLSv1_2 or TLSv1_3. `tickets`: without, TLS 1.2 resumes by session id."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pki.root)
    if identity:
        context.load_cert_chain(identity.chain, identity.key)
    if version:
        context.minimum_version = context.maximum_version = version
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    return context


def server_context(identity, client_ca=None):
    """The other side: for stand-ins of the store. `client_ca`: they ask for a certificate, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.chain, identity.key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


class Connection:
    """An open TLS connection. A failed handshake and a cut connection are OSErrors (ssl.SSLError is one)."""

    def __init__(self, port, context, session=None, seconds=20):
        """Without a context there is no TLS; `tls` is then the plain socket."""
        self.host = f"127.0.0.1:{port}"
        tcp = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        try:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.tls = tcp
            if context:
                self.tls = context.wrap_socket(tcp, server_hostname="127.0.0.1", session=session)
        except BaseException:
            tcp.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.tls.close()

    def send(self, data):
        self.tls.sendall(data)

    def send_head(self, method, target, headers):
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.send("\r\n".join(lines).encode("latin-1"))

    def read_answer(self, method="GET"):
        with http.client.HTTPResponse(self.tls, method=method) as response:
            response.begin()
            return Answer(response.status, response.headers, response.read())

    def request(self, signer, method, target, body=b"", headers=()):
        """Signs, sends and reads one answer on this connection."""
        extra = [("Content-Length", str(len(body)))] if body or method in ("PUT", "POST") else []
        self.send_head(method, target, signer.sign(method, target, self.host, headers) + extra)
        if body:
            self.send(body)
        return self.read_answer(method)


class NamedConnection(Connection):
    """A connection that asks for `name` in its handshake and says `host` in its requests."""

    def __init__(self, port, context, name, host=None, session=None):
        self.host = host or f"{name}:{port}"
        tcp = socket.create_connection(("127.0.0.1", port), timeout=20)
        try:
            self.tls = context.wrap_socket(tcp, server_hostname=name, session=session)
        except BaseException:
            tcp.close()
            raise


def refused(attempt):
    """The exception with which an attempt to connect and to use the connection ends; None when it works.

    With TLS 1.3 the client has finished before the server has looked at its certificate: the refusal arrives
    with the first answer.
    """
    try:
        attempt()
    except (OSError, http.client.HTTPException) as error:  # ssl.SSLError is an OSError
        return error
    return None


def knock(port, context, signer):
    """The exception with which somebody is refused who asks for something; None when he is answered."""

    def attempt():
        with Connection(port, context) as connection:
            connection.request(signer, "GET", "/fleet/x")

    return refused(attempt)
