"""Connections break, answers are lost or lie: the queue drains in the end, no file goes without its copy."""

import random
import socket
import threading

from support.card import Card
from support.case import EndToEndTest, main
from support.imposter import ImposterStore, answer
from support.openssl_pki import OpensslPki
from support.sigv4 import Signer

DEVICE = "AABBCCDD"


class CuttingProxy:
    """Passes bytes on to a port and ends each connection after `limits()` bytes towards the server."""

    def __init__(self, port, limits):
        self.target = port
        self.limits = limits
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        socket.socket.shutdown(self._listener, socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                device, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(device, self.limits()), daemon=True).start()

    def _serve(self, device, left):
        with device, socket.create_connection(("127.0.0.1", self.target)) as server:
            threading.Thread(target=self._back, args=(server, device), daemon=True).start()
            try:
                while left > 0:
                    block = device.recv(min(left, 65536))
                    if not block:
                        return
                    server.sendall(block)
                    left -= len(block)
                self.cuts += 1
            except OSError:
                pass
            finally:
                for end in (device, server):
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

    def _back(self, server, device):
        try:
            while block := server.recv(65536):
                device.sendall(block)
        except OSError:
            pass


class BadNetworks(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.device = cls.pki.device(DEVICE)

    def card(self, name, port, files):
        """And what its log files hold."""
        signer = Signer("FLEETKEY", "secret-of-the-fleet")
        card = Card(self.folder / name, self.device, self.pki.root, port, signer)
        card.use_plain_http()
        return card, [card.add_log_file(1, split, 3_000).read_bytes() for split in range(1, files + 1)]

    def assert_stored(self, store, contents):
        stored = [content for target, content in store.objects.items() if target.endswith(".MF4")]
        for content in contents:
            self.assertIn(content, stored)
        self.assertTrue(set(stored) <= set(contents), "nothing half")

    def drain(self, card, most):
        """As many starts as it takes."""
        for starts in range(1, most + 1):
            if card.upload().returncode == 0:
                return starts
        self.fail(f"the queue is not empty after {most} starts")

    def test_cut_further_on_each_time(self):
        """The connection of each attempt ends 1,000 bytes later than the last one's."""
        store = ImposterStore()
        self.addCleanup(store.stop)
        limits = iter(range(1_000, 10_000_000, 1_000))
        proxy = CuttingProxy(store.port, lambda: next(limits))
        self.addCleanup(proxy.stop)
        card, contents = self.card("cut", proxy.port, 4)
        starts = self.drain(card, 60)
        print(f"{starts} starts, {proxy.cuts} cuts", flush=True)
        self.assertGreater(proxy.cuts, 3)
        self.assert_stored(store, contents)

    def test_answers_are_lost(self):
        """The file is stored, the device does not know, and stores it again under another time."""
        for share, files, least in ((0.2, 20, 4), (0.01, 300, 2)):
            with self.subTest(share=share):
                self.lose_answers(share, files, least)

    def lose_answers(self, share, files, least):
        chance = random.Random(3)
        lost = []

        def reply(request):
            full = store._store(request)
            if chance.random() < share:
                lost.append(request.start_line)
                raise OSError("lost")  # the connection ends without an answer
            return full

        store = ImposterStore(reply)
        self.addCleanup(store.stop)
        card, contents = self.card(f"lost-{files}", store.port, files)
        self.drain(card, 60)
        self.assertGreaterEqual(len(lost), least)
        self.assert_stored(store, contents)
        self.assertEqual(list((card.folder / "LOG").rglob("*.MF4")), [])

    def test_answers_that_are_not_about_the_file(self):
        """A 200 with another ETag, a 200 that comes before the body: the file stays."""
        for name, reply in {
            "other-etag": lambda _: answer(200, "OK", headers=[("ETag", '"' + "0" * 32 + '"')]),
            "created": lambda _: answer(201, "Created"),
            "redirect": lambda _: answer(
                307, "Temporary Redirect", headers=[("Location", "http://127.0.0.1/")]
            ),
            "nonsense": lambda _: b"220 smtp ready\r\n",
            "endless-head": lambda _: b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000,
            "huge-body": lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
            + b"x" * 1_000_000,
        }.items():
            with self.subTest(name):
                store = ImposterStore(reply)
                self.addCleanup(store.stop)
                card, _ = self.card(name, store.port, 1)

                def no_updates(document):
                    document["connect"]["s3"]["sync"].update(ota=0, heartbeat=0)

                card.configure(no_updates)
                done = card.upload()
                self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                self.assertEqual(len(list((card.folder / "LOG").rglob("*.MF4"))), 1)


if __name__ == "__main__":
    main()
