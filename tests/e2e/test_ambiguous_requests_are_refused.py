"""A request that two readers could frame or address differently (RFC 9112, sections 3, 5 and 6) is refused;
neither it nor what hides behind it reaches the store."""

import socket

from support.case import main
from support.fleet import FleetTest

TARGET = "/fleet/AABBCCDD/device.json"
SMUGGLED = b"GET /fleet/AABBCCDD/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n"


class AmbiguousRequests(FleetTest):
    def send(self, head, body=b""):
        """Sends raw bytes and returns the status of the first answer, 0 when there is none."""
        with self.connect(self.device) as connection:
            connection.tls.settimeout(5)
            connection.send(head + body + SMUGGLED.replace(b"{host}", connection.host.encode()))
            answer = b""
            try:
                while b"\r\n" not in answer:
                    block = connection.tls.recv(4096)
                    if not block:
                        break
                    answer += block
            except (ConnectionError, socket.timeout):
                pass
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0

    def head(self, *lines, method="PUT", target=TARGET, host=None, version="HTTP/1.1"):
        host = host or f"127.0.0.1:{self.gateway.port}"
        signed = self.signer.sign(method, target, host)
        everything = [
            f"{method} {target} {version}",
            *(f"{name}: {value}" for name, value in signed),
            *lines,
            "",
            "",
        ]
        return "\r\n".join(everything).encode("latin-1")

    def check_refused(self, cases):
        for name, head in cases.items():
            with self.subTest(name):
                before = self.store.received
                status = self.send(head, b"5\r\nhello\r\n0\r\n\r\n")
                self.assertTrue(status == 0 or 400 <= status < 600, f"answered {status}")
                self.assertEqual(self.store.received, before, "something reached the store")

    def test_the_same_request_without_ambiguity_passes(self):
        with self.connect(self.device) as connection:
            answer = connection.request(self.signer, "PUT", TARGET, b"hello")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.store.requests[-1].body, b"hello")

    def test_message_framing(self):
        self.check_refused(
            {
                "length and chunked": self.head("Content-Length: 5", "Transfer-Encoding: chunked"),
                "two lengths": self.head("Content-Length: 5", "Content-Length: 6"),
                "the same length twice": self.head("Content-Length: 5", "Content-Length: 5"),
                "a list of lengths": self.head("Content-Length: 5, 5"),
                "a signed length": self.head("Content-Length: +5"),
                "a negative length": self.head("Content-Length: -5"),
                "a hexadecimal length": self.head("Content-Length: 0x5"),
                "an enormous length": self.head("Content-Length: 18446744073709551621"),
                "chunked twice": self.head("Transfer-Encoding: chunked, chunked"),
                "an unknown coding": self.head("Transfer-Encoding: gzip, chunked"),
                "a disguised coding": self.head("Transfer-Encoding: xchunked"),
            }
        )

    def test_header_syntax(self):
        self.check_refused(
            {
                "a space before the colon": self.head("Content-Length : 5"),
                "a folded line": self.head("X-Meta: a", " b", "Content-Length: 5"),
                "a line without a colon": self.head("Content-Length 5"),
                "a bare carriage return": self.head("X-Meta: a\rContent-Length: 5"),
                "a bare line feed": self.head("X-Meta: a\nTransfer-Encoding: chunked", "Content-Length: 5"),
                "a null byte": self.head("X-Meta: a\0b", "Content-Length: 5"),
                "a name that is not a token": self.head("X(Meta): a", "Content-Length: 5"),
                "a head without end": self.head("X-Meta: " + "a" * 300_000),
            }
        )

    def test_request_line(self):
        self.check_refused(
            {
                "another protocol": self.head("Content-Length: 5", version="HTTP/2.0"),
                "no protocol": self.head("Content-Length: 5", version=""),
                "an unknown method": self.head("Content-Length: 5", method="PUTT"),
                "a method in lower case": self.head("Content-Length: 5", method="put"),
                "a space in the target": self.head("Content-Length: 5", target="/fleet/AABBCCDD/a b"),
                "a fragment": self.head("Content-Length: 5", target=TARGET + "#x"),
                "a tunnel": self.head(method="CONNECT", target="127.0.0.1:80"),
                "an address in the target": self.head("Content-Length: 5", target="http://other" + TARGET),
            }
        )

    def test_host(self):
        own = f"127.0.0.1:{self.gateway.port}"
        without = b"\r\n".join(
            line for line in self.head("Content-Length: 5").split(b"\r\n") if not line.startswith(b"Host:")
        )
        self.check_refused(
            {
                "no host": without,
                "two hosts": self.head(f"Host: {own}", "Content-Length: 5"),
                "a bucket as host": self.head("Content-Length: 5", host=f"11223344.{own}"),
                "a stranger as host": self.head("Content-Length: 5", host="store.example:9000"),
            }
        )


if __name__ == "__main__":
    main()
