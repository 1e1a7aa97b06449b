"""What an attacker with a device's certificate, or a revoked one, would try beside the plain ways."""

import os
import socket
import threading
import time

from support.case import main
from support.fleet import FleetTest
from support.gateway import replace_file
from support.https_client import Connection, refused
from support.processes import wait_until

OWN, OTHER = "AABBCCDD", "11223344"
SPELLINGS = [
    f"/fleet/{OWN}/../{OTHER}/x",
    f"/fleet/{OWN}/%2e%2e/{OTHER}/x",
    f"/fleet/{OWN}/.%2E/{OTHER}/x",
    f"/fleet/{OWN}%2f..%2f{OTHER}/x",
    f"/fleet/{OWN}/%252e%252e/{OTHER}/x",
    f"/fleet/{OWN}/..;/{OTHER}/x",
    f"/fleet/{OWN}/..%00/{OTHER}/x",
    f"/fleet/{OWN}/%c0%ae%c0%ae/{OTHER}/x",
    f"/fleet/{OWN}\\..\\{OTHER}\\x",
    f"/fleet/{OWN}%5c..%5c{OTHER}/x",
    f"/fleet//{OTHER}/x",
    f"//fleet/{OTHER}/x",
    f"/fleet/./{OTHER}/x",
    f"/fleet/{OWN.lower()}/x",
    f"/fleet/{OWN}",
    f"/fleet/{OWN}x/y",
    f"/fleet%2f{OTHER}/x",
    f"/%66leet/{OTHER}/x",
    f"/fleet/%31%31223344/x",
    f"/fleet/{OTHER}/x?uploadId=u&partNumber=1",
    f"http://127.0.0.1/fleet/{OTHER}/x",
]


class Attacks(FleetTest):
    def test_no_spelling_leads_to_another_prefix(self):
        """Whatever passes stands below the own prefix, byte for byte; nothing else reaches the store."""
        for target in SPELLINGS:
            with self.subTest(target=target):
                reached = len(self.store.requests)
                with self.connect(self.device) as connection:
                    refusal = refused(lambda: self.check_answer(connection, target))
                    self.assertIsNone(refusal, "an answer, not a broken connection")
                for request in self.store.requests[reached:]:
                    arrived = request.start_line.split(" ")[1]
                    self.assertEqual(arrived, target)
                    self.assertTrue(arrived.startswith(f"/fleet/{OWN}/"), arrived)
                    self.assertNotIn("..", arrived.replace("%25", "%"))

    def check_answer(self, connection, target):
        answer = connection.request(self.signer, "PUT", target, b"{}")
        if not target.startswith(f"/fleet/{OWN}/"):
            self.assertIn(answer.status, (400, 403), "refused")

    def test_crl_that_is_written_slowly_in_place_lets_nobody_back_in(self):
        """A careless copy: the file is truncated and grows while the gateway reads it, again and again."""
        revoked = self.pki.device("0BADF00D")
        self.revoke(revoked)
        wait_until(lambda: refused(lambda: self.served(revoked)), "the revocation is in force")
        crl = self.pki.crl().encode()
        path = self.gateway.folder / "crl" / "device-ca.pem"
        stop = threading.Event()

        def rewrite():
            while not stop.is_set():
                with open(path, "wb", buffering=0) as file:
                    for at in range(0, len(crl), 97):
                        file.write(crl[at : at + 97])
                        time.sleep(0.002)

        writer = threading.Thread(target=rewrite)
        writer.start()
        try:
            for _ in range(20):
                self.assertIsNotNone(refused(lambda: self.served(revoked)), "half a list let a revoked device in")
                self.served(self.device)
        finally:
            stop.set()
            writer.join()
            replace_file(path, crl)
        self.assertIsNotNone(refused(lambda: self.served(revoked)))

    def served(self, identity):
        with Connection(self.gateway.port, self.context(identity)) as connection:
            answer = connection.request(self.signer, "PUT", f"/fleet/{identity.id}/device.json", b"{}")
            if answer.status != 200:
                raise ConnectionAbortedError(str(answer.status))

    def test_half_a_body_of_a_revoked_device_that_stalls(self):
        """It sends half, goes silent, is revoked, and then sends the rest: the store never gets a whole body."""
        identity = self.pki.device("0BADBEEF")
        target, size = f"/fleet/{identity.id}/00000001/00000001-5E0BE100.MF4", 1 << 20
        connection = self.connect(identity)
        connection.send_head(
            "PUT", target, self.signer.sign("PUT", target, connection.host) + [("Content-Length", size)]
        )
        connection.send(bytes(size // 2))
        self.revoke(identity)
        self.gateway.wait_for_event("connection_cut", device=identity.id, reason="revoked")
        self.assertIsNotNone(refused(lambda: self.send_rest(connection, size // 2)))
        self.gateway.wait_for_access(device=identity.id, reason="revoked")
        self.assertNotIn(target, self.store.objects)
        self.assertEqual([r.complete for r in self.store.requests if target in r.start_line], [False])

    def send_rest(self, connection, size):
        connection.send(bytes(size))
        if connection.read_answer("PUT").status != 200:
            raise ConnectionAbortedError

    def test_peers_that_stall_cost_others_nothing(self):
        """In the middle of a hello, of a head, and of a body."""
        hello = os.urandom(3)
        for _ in range(20):
            tcp = socket.create_connection(("127.0.0.1", self.gateway.port))
            self.addCleanup(tcp.close)
            tcp.sendall(b"\x16\x03\x01" + hello[:1])
        half_head, half_body = self.connect(self.device), self.connect(self.device)
        half_head.send(b"PUT /fleet/AABBCCDD/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-")
        half_body.send(b"PUT /fleet/AABBCCDD/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n12")
        started = time.monotonic()
        for _ in range(5):
            self.served(self.device)
        print(f"    five requests beside 22 stalled peers took {(time.monotonic() - started) * 1000:.0f} ms")
        self.assertNotIn("/fleet/AABBCCDD/x", self.store.objects)


if __name__ == "__main__":
    main()
