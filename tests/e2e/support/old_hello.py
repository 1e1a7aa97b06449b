"""The TLS 1.2 client of an old device: its ClientHello has no signature_algorithms.

By RFC 5246, 7.4.1.4.1, such a client takes SHA-1 in the ServerKeyExchange. To leave an extension out, and to sign
with a hash of the test's choice, every byte of the handshake is made here; only the primitives come from
python3-cryptography. Whether the server's certificate is trusted is not looked at; that its key signed the key
exchange is.
"""

import hashlib
import hmac
import io
import os
import socket
import ssl
import struct
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from support.https_client import Connection

TLS_1_2 = b"\x03\x03"
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE = 1, 2, 11, 12
CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED = 13, 14, 15, 16, 20
SUPPORTED_GROUPS, EC_POINT_FORMATS = 10, 11
P256 = 23
RENEGOTIATION_INFO_SCSV = 0x00FF
HASHES = {2: ("sha1", hashes.SHA1()), 4: ("sha256", hashes.SHA256())}
HASH_CODES = {name: code for code, (name, _) in HASHES.items()}
RSA = 1
RECORD_LIMIT = 1 << 14


@dataclass(frozen=True)
class Suite:
    code: int
    ephemeral: bool
    gcm: bool


SUITES = {
    "AES128-SHA": Suite(0x002F, False, False),
    "AES128-GCM-SHA256": Suite(0x009C, False, True),
    "ECDHE-RSA-AES128-SHA": Suite(0xC013, True, False),
    "ECDHE-RSA-AES128-GCM-SHA256": Suite(0xC02F, True, True),
}


class Alert(ConnectionError):
    """The server ended the handshake or the connection; `number` is the alert's (RFC 5246, 7.2)."""

    def __init__(self, number):
        super().__init__(f"alert number {number}")
        self.number = number


def connect(port, suites, identity=None, signature_hash=None, seconds=20):
    """An open connection. `suites`: OpenSSL's names, best first. `identity`: shown if the server asks for one.

    `signature_hash`: of the CertificateVerify, whatever the server's CertificateRequest lists; without, it is
    SHA-256, which must be listed. A refusal is an OSError, as those of a `Connection` are.
    """
    return OldConnection(port, suites, identity, signature_hash, seconds)


class OldConnection(Connection):
    """`suite`: what was negotiated. `server_signature_hash`: of the ServerKeyExchange, None with static RSA.
    `client_signature_hashes`: what the CertificateRequest offered for RSA keys, None when there was none."""

    def __init__(self, port, suites, identity, signature_hash, seconds):
        self.host = f"127.0.0.1:{port}"
        tcp = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        try:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.tls = _Tls(tcp)
            handshake = _Handshake(self.tls, suites, identity, signature_hash)
            handshake.run()
        except BaseException:
            tcp.close()
            raise
        self.suite = handshake.name
        self.server_signature_hash = handshake.server_signature_hash
        self.client_signature_hashes = handshake.client_signature_hashes


# ---- records -----------------------------------------------------------------------------------


class _CbcSha1:
    """AES-128-CBC with HMAC-SHA1 (RFC 5246, 6.2.3.2). `mac_key` and `key` are those of one direction."""

    def __init__(self, mac_key, key, _iv):
        self.mac_key = mac_key
        self.key = key

    def _mac(self, header, data):
        text = header + struct.pack("!H", len(data)) + data
        return hmac.new(self.mac_key, text, hashlib.sha1).digest()

    def seal(self, header, data):
        plain = data + self._mac(header, data)
        pad = 15 - len(plain) % 16
        iv = os.urandom(16)
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(iv)).encryptor()
        return iv + cipher.update(plain + bytes([pad] * (pad + 1))) + cipher.finalize()

    def open(self, header, sealed):
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(sealed[:16])).decryptor()
        plain = cipher.update(sealed[16:]) + cipher.finalize()
        plain = plain[: len(plain) - plain[-1] - 1]
        data, mac = plain[:-20], plain[-20:]
        _require(mac == self._mac(header, data), "the record's MAC")
        return data


class _Gcm:
    """AES-128-GCM (RFC 5288)."""

    def __init__(self, _mac_key, key, iv):
        self.cipher = AESGCM(key)
        self.iv = iv

    def seal(self, header, data):
        explicit = header[:8]
        return explicit + self.cipher.encrypt(
            self.iv + explicit, data, header + struct.pack("!H", len(data))
        )

    def open(self, header, sealed):
        length = len(sealed) - 8 - 16
        return self.cipher.decrypt(self.iv + sealed[:8], sealed[8:], header + struct.pack("!H", length))


class _Tls:
    """The record layer over a socket; as much of a socket itself as `Connection` needs."""

    def __init__(self, tcp):
        self.tcp = tcp
        self.file = tcp.makefile("rb")
        self.sealing = self.opening = None
        self.sent = self.received = 0

    def send_record(self, kind, data):
        if self.sealing:
            data = self.sealing.seal(struct.pack("!QB", self.sent, kind) + TLS_1_2, data)
            self.sent += 1
        self.tcp.sendall(bytes([kind]) + TLS_1_2 + struct.pack("!H", len(data)) + data)

    def receive_record(self):
        """Kind and content of the next record. An alert is an exception, the end of the stream too."""
        kind, _, length = struct.unpack("!B2sH", self._exactly(5))
        data = self._exactly(length)
        if self.opening:
            data = self.opening.open(struct.pack("!QB", self.received, kind) + TLS_1_2, data)
            self.received += 1
        if kind == ALERT:
            raise Alert(data[1])
        return kind, data

    def _exactly(self, count):
        data = self.file.read(count)
        if len(data) != count:
            raise ConnectionResetError("the server closed the connection")
        return data

    def sendall(self, data):
        for at in range(0, len(data), RECORD_LIMIT):
            self.send_record(APPLICATION_DATA, data[at : at + RECORD_LIMIT])

    def makefile(self, _mode):
        return io.BufferedReader(_Incoming(self))

    def close(self):
        self.file.close()
        self.tcp.close()


class _Incoming(io.RawIOBase):
    def __init__(self, tls):
        self.tls = tls
        self.pending = b""

    def readable(self):
        return True

    def readinto(self, into):
        while not self.pending:
            try:
                kind, self.pending = self.tls.receive_record()
            except Alert as alert:
                if alert.number == 0:  # close_notify
                    return 0
                raise
            _require(kind == APPLICATION_DATA, "application data")
        count = min(len(into), len(self.pending))
        into[:count] = self.pending[:count]
        self.pending = self.pending[count:]
        return count


# ---- handshake ---------------------------------------------------------------------------------


def _require(condition, what):
    if not condition:
        raise AssertionError(f"not as TLS 1.2 has it: {what}")


def _vector(size, data):
    """Opaque data with its length in `size` bytes before it."""
    return len(data).to_bytes(size, "big") + data


def _take(data, size):
    """The vector at the start of the data, and what follows."""
    end = size + int.from_bytes(data[:size], "big")
    _require(end <= len(data), "a vector is as long as it says")
    return data[size:end], data[end:]


def _prf(secret, label, seed, count):
    seed = label + seed
    out, a = b"", seed
    while len(out) < count:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        out += hmac.new(secret, a + seed, hashlib.sha256).digest()
    return out[:count]


def _certificates(chain):
    """The DER of each certificate of a PEM file."""
    end = "-----END CERTIFICATE-----"
    return [ssl.PEM_cert_to_DER_cert(block.strip() + end) for block in chain.read_text().split(end)[:-1]]


class _Handshake:
    def __init__(self, tls, suites, identity, signature_hash):
        self.tls = tls
        self.suites = suites
        self.identity = identity
        self.signature_hash = signature_hash
        self.transcript = b""
        self.pending = b""
        self.random = os.urandom(32)
        self.server_point = None
        self.server_signature_hash = None
        self.client_signature_hashes = None

    def run(self):
        self.send(CLIENT_HELLO, self.client_hello())
        self.receive_server_flight()
        if self.client_signature_hashes is not None:
            chain = _certificates(self.identity.chain) if self.identity else []
            self.send(CERTIFICATE, _vector(3, b"".join(_vector(3, der) for der in chain)))
        premaster = self.send_key_exchange()
        self.master = _prf(premaster, b"master secret", self.random + self.server_random, 48)
        if self.client_signature_hashes is not None and self.identity:
            self.send(CERTIFICATE_VERIFY, self.certificate_verify())
        self.finish()

    # ---- messages

    def send(self, kind, body):
        message = bytes([kind]) + _vector(3, body)
        self.transcript += message
        self.tls.send_record(HANDSHAKE, message)

    def receive(self):
        """Type and body of the next message; it may share its record with others, or need several."""
        while len(self.pending) < 4 or len(self.pending) < 4 + int.from_bytes(self.pending[1:4], "big"):
            kind, data = self.tls.receive_record()
            _require(kind == HANDSHAKE, "a handshake message")
            self.pending += data
        kind = self.pending[0]
        body, rest = _take(self.pending[1:], 3)
        self.transcript += self.pending[: 4 + len(body)]
        self.pending = rest
        return kind, body

    def client_hello(self):
        codes = [*(SUITES[name].code for name in self.suites), RENEGOTIATION_INFO_SCSV]
        extensions = {
            SUPPORTED_GROUPS: _vector(2, struct.pack("!H", P256)),
            EC_POINT_FORMATS: _vector(1, b"\x00"),
        }
        return (
            TLS_1_2
            + self.random
            + _vector(1, b"")  # no session
            + _vector(2, b"".join(struct.pack("!H", code) for code in codes))
            + _vector(1, b"\x00")  # no compression
            + _vector(2, b"".join(struct.pack("!H", kind) + _vector(2, e) for kind, e in extensions.items()))
        )

    def receive_server_flight(self):
        readers = {
            SERVER_HELLO: self.server_hello,
            CERTIFICATE: self.server_certificate,
            SERVER_KEY_EXCHANGE: self.server_key_exchange,
            CERTIFICATE_REQUEST: self.certificate_request,
        }
        while True:
            kind, body = self.receive()
            if kind == SERVER_HELLO_DONE:
                return
            readers[kind](body)

    def server_hello(self, body):
        _require(body[:2] == TLS_1_2, "version 1.2")
        self.server_random = body[2:34]
        _, rest = _take(body[34:], 1)
        (code,) = struct.unpack("!H", rest[:2])
        self.name = next(name for name in self.suites if SUITES[name].code == code)
        self.suite = SUITES[self.name]

    def server_certificate(self, body):
        chain, _ = _take(body, 3)
        leaf, _ = _take(chain, 3)
        self.server_key = x509.load_der_x509_certificate(leaf).public_key()

    def server_key_exchange(self, body):
        _require(body[:3] == struct.pack("!BH", 3, P256), "a named curve, P-256")
        self.server_point, rest = _take(body[3:], 1)
        parameters = body[: len(body) - len(rest)]
        hash_code, key_kind = rest[:2]
        _require(key_kind == RSA, "a signature by RSA")
        signature, _ = _take(rest[2:], 2)
        self.server_signature_hash, algorithm = HASHES[hash_code]
        text = self.random + self.server_random + parameters
        self.server_key.verify(signature, text, padding.PKCS1v15(), algorithm)

    def certificate_request(self, body):
        _, rest = _take(body, 1)
        pairs, _ = _take(rest, 2)
        self.client_signature_hashes = [
            HASHES[code][0]
            for code, key_kind in zip(pairs[::2], pairs[1::2])
            if key_kind == RSA and code in HASHES
        ]

    def send_key_exchange(self):
        """Returns the premaster secret."""
        if not self.suite.ephemeral:
            premaster = TLS_1_2 + os.urandom(46)
            sealed = self.server_key.encrypt(premaster, padding.PKCS1v15())
            self.send(CLIENT_KEY_EXCHANGE, _vector(2, sealed))
            return premaster
        curve = ec.SECP256R1()
        own = ec.generate_private_key(curve)
        point = own.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.send(CLIENT_KEY_EXCHANGE, _vector(1, point))
        return own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, self.server_point))

    def certificate_verify(self):
        if self.signature_hash is None:
            _require("sha256" in self.client_signature_hashes, "a CertificateRequest with SHA-256")
        code = HASH_CODES[self.signature_hash or "sha256"]
        key = serialization.load_pem_private_key(self.identity.key.read_bytes(), None)
        signature = key.sign(self.transcript, padding.PKCS1v15(), HASHES[code][1])
        return bytes([code, RSA]) + _vector(2, signature)

    # ---- keys

    def finish(self):
        own, servers = self.directions()
        self.tls.send_record(CHANGE_CIPHER_SPEC, b"\x01")
        self.tls.sealing = own
        self.send(FINISHED, self.verify_data(b"client finished"))
        expected = self.verify_data(b"server finished")
        kind, _ = self.tls.receive_record()
        _require(kind == CHANGE_CIPHER_SPEC, "change_cipher_spec")
        self.tls.opening = servers
        _require(self.receive() == (FINISHED, expected), "the server's Finished")

    def verify_data(self, label):
        return _prf(self.master, label, hashlib.sha256(self.transcript).digest(), 12)

    def directions(self):
        """The ciphers of what the client and of what the server sends (RFC 5246, 6.3)."""
        protection, mac_size, iv_size = (_Gcm, 0, 4) if self.suite.gcm else (_CbcSha1, 20, 0)
        sizes = [mac_size, mac_size, 16, 16, iv_size, iv_size]
        block = _prf(self.master, b"key expansion", self.server_random + self.random, sum(sizes))
        parts = []
        for size in sizes:
            parts.append(block[:size])
            block = block[size:]
        return protection(*parts[0::2]), protection(*parts[1::2])
