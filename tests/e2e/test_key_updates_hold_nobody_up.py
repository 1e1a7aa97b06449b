"""A device that floods its connection with key updates of TLS 1.3, each of which OpenSSL answers by itself, keeps no
other device from being served by the same thread, nor a revocation from taking effect."""

import ctypes
import ctypes.util
import socket
import threading

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused

TARGET = "/fleet/11223344/device.json"
UPDATE_REQUESTED = 1


class Flood:
    """By libssl itself: Python's ssl cannot update keys. What the gateway answers is dropped unread."""

    def __init__(self, port, identity):
        self.ssl = ctypes.CDLL(ctypes.util.find_library("ssl"))
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(self.ssl, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.ssl.SSL_CTX_new(ctypes.c_void_p(self.ssl.TLS_client_method())))
        chain, key = (str(path).encode() for path in (identity.chain, identity.key))
        assert self.ssl.SSL_CTX_use_certificate_chain_file(self.context, chain) == 1
        assert self.ssl.SSL_CTX_use_PrivateKey_file(self.context, key, 1) == 1
        self.tcp = socket.create_connection(("127.0.0.1", port))
        self.connection = ctypes.c_void_p(self.ssl.SSL_new(self.context))
        self.ssl.SSL_set_fd(self.connection, self.tcp.fileno())
        assert self.ssl.SSL_connect(self.connection) == 1
        self.sent = 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self.update, self.drop)]
        for thread in self.threads:
            thread.start()

    def update(self):
        while not self.stopped.is_set():
            if self.ssl.SSL_key_update(self.connection, UPDATE_REQUESTED) != 1:
                return
            if self.ssl.SSL_do_handshake(self.connection) != 1:
                return
            self.sent += 1

    def drop(self):
        try:
            while self.tcp.recv(1 << 16):
                pass
        except OSError:
            pass

    def stop(self):
        self.stopped.set()
        self.threads[0].join(10)
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.threads[1].join(10)
        self.tcp.close()


class KeyUpdates(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = cls.gateway.configuration.read_text()
        cls.gateway.stop()
        cls.gateway.write_configuration(text.replace("workers: 2", "workers: 1"))
        cls.gateway.start()

    def test_others_are_served_and_revoked_meanwhile(self):
        victim = self.pki.device("EEEE0001")
        held = Connection(self.gateway.port, self.context(victim))
        self.addCleanup(held.close)
        self.assertEqual(held.request(self.signer, "PUT", "/fleet/EEEE0001/x", b"x").status, 200)
        flood = Flood(self.gateway.port, self.device)
        self.addCleanup(flood.stop)
        for _ in range(20):
            before = flood.sent
            with self.connect(self.other) as connection:
                self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)
            self.assertTrue(flood.threads[0].is_alive() or flood.sent > before, "the flood goes on")
        self.revoke(victim)
        self.gateway.wait_for_event("connection_cut", device=victim.id, reason="revoked")
        self.assertIsNotNone(refused(lambda: held.request(self.signer, "GET", "/fleet/EEEE0001/x")))
        print(f"{flood.sent} key updates ... ", end="", flush=True)
        self.assertGreater(flood.sent, 500)


if __name__ == "__main__":
    main()
