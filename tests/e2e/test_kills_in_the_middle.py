"""Client, gateway or store is killed (kill -9) in the middle of PUT and GET: nothing half passes for whole.

Each is killed SALLYPORT_CUTS times (default 10; 100 in `./test --long`), at a random place of the body.
"""

import errno
import http.client
import os
import random
import signal

from support.case import main
from support.fleet import DEVICE, FleetTest
from support.folder_store import FolderStore
from support.gateway import start_gateway
from support.https_client import Connection
from support.openssl_pki import OpensslPki
from support.processes import wait_until
from support.sigv4 import Signer
from support.store import start_store

CUTS = int(os.environ.get("SALLYPORT_CUTS", "10"))
BLOCK = 1 << 16
BLOCKS = 512  # 32 MiB: more than the kernel's buffers take on the way
WHOLE = 0
FAILED = 1  # an error, or an answer that is not 200
WRONG = 2  # a 200 with another body than the object's
CONTENT = random.Random(4).randbytes(BLOCK)


class Transfer:
    """A PUT or GET in a process of its own, which stands still after some blocks until it is told to go on."""

    def __init__(self, run, blocks):
        self.blocks = blocks
        ready, self._ready = os.pipe()
        self._go, go = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = WRONG
            try:
                code = run(self)
            except (OSError, http.client.HTTPException):
                code = FAILED
            finally:
                os._exit(code)
        os.close(self._ready)
        os.close(self._go)
        self._tell = go
        os.read(ready, 1)  # at the place, or over
        os.close(ready)

    def passed(self, block):
        """In the process: called before each block."""
        if block == self.blocks:
            os.write(self._ready, b"x")
            os.read(self._go, 1)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.end()

    def end(self):
        """Lets it go on and returns how it ended."""
        try:
            os.write(self._tell, b"x")
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
        os.close(self._tell)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


class Kills(FleetTest):
    """Set-up and the transfers; the tests stand below."""

    @classmethod
    def set_up_before(cls, store, signer):
        cls.store, cls.signer = store, signer
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.device = cls.pki.device(DEVICE)
        cls.gateway = start_gateway(cls, cls.pki, store.endpoint)
        cls.tls = cls.context(cls, cls.device)
        cls.random = random.Random(7)

    def key(self, name):
        return f"{DEVICE}/{name}"

    def put(self, key, blocks):
        """A transfer that stands still before its block of that number."""
        target = f"/fleet/{key}"

        def run(transfer):
            with Connection(self.gateway.port, self.tls) as connection:
                headers = self.signer.sign("PUT", target, connection.host)
                connection.send_head("PUT", target, headers + [("Content-Length", BLOCK * BLOCKS)])
                for block in range(BLOCKS):
                    transfer.passed(block)
                    connection.send(CONTENT)
                return WHOLE if connection.read_answer("PUT").status == 200 else FAILED

        return Transfer(run, blocks)

    def get(self, key, blocks):
        target = f"/fleet/{key}"

        def run(transfer):
            with Connection(self.gateway.port, self.tls) as connection:
                connection.send_head("GET", target, self.signer.sign("GET", target, connection.host))
                with http.client.HTTPResponse(connection.tls, method="GET") as response:
                    response.begin()
                    if response.status != 200:
                        return FAILED
                    for block in range(BLOCKS):
                        transfer.passed(block)
                        got = response.read(BLOCK)
                        if len(got) < BLOCK:
                            return FAILED  # a client sees that it is short
                        if got != CONTENT:
                            return WRONG
                    return WHOLE if response.read() == b"" else WRONG

        return Transfer(run, blocks)

    def somewhere(self, most=BLOCKS - 1):
        return self.random.randrange(most)

    def store_whole_object(self, key):
        transfer = self.put(key, BLOCKS)
        self.assertEqual(transfer.end(), WHOLE)

    def open_files(self):
        """Those of the gateway, by what they are; kept connections to the store are no leak."""
        folder = f"/proc/{self.gateway.process.pid}/fd"
        return len(os.listdir(folder))

    def assert_nothing_leaks(self, files_before):
        wait_until(
            lambda: self.gateway.metric("sallyport_connections") == 0,
            "no connection of a device is open",
            60,
        )
        kept = 8  # idle connections to the store, at most this many transfers at once in this test
        wait_until(lambda: self.open_files() <= files_before + kept, "no descriptor is left open", 30)


class KillsBeforeARealStore(Kills):
    @classmethod
    def setUpClass(cls):
        super(FleetTest, cls).setUpClass()
        store = start_store(cls)
        cls.set_up_before(store, Signer(store.access_key, store.secret_key))

    def assert_absent(self, keys):
        self.assertEqual(set(self.store.keys()) & set(keys), set(), "a half object under its final key")

    def test_client_killed_in_put(self):
        files = self.open_files()
        keys = [self.key(f"client/{number}") for number in range(CUTS)]
        for key in keys:
            self.put(key, self.somewhere()).kill()
        self.assert_nothing_leaks(files)
        self.assert_absent(keys)

    def test_client_killed_in_get(self):
        key = self.key("whole")
        self.store_whole_object(key)
        files = self.open_files()
        for _ in range(CUTS):
            self.get(key, self.somewhere()).kill()
        self.assert_nothing_leaks(files)
        self.assertEqual(self.get(key, BLOCKS).end(), WHOLE, "others are served as before")

    def test_gateway_killed_in_put(self):
        keys = [self.key(f"gateway/{number}") for number in range(CUTS)]
        for key in keys:
            transfer = self.put(key, self.somewhere())
            self.gateway.process.kill()
            self.assertEqual(transfer.end(), FAILED)
            self.gateway.start()
        self.assert_absent(keys)
        self.store_whole_object(keys[0])

    def test_gateway_killed_in_get(self):
        key = self.key("whole-for-the-gateway")
        self.store_whole_object(key)
        failed = 0
        for _ in range(CUTS):
            transfer = self.get(key, self.somewhere(BLOCKS // 8))
            self.gateway.process.kill()
            ended = transfer.end()
            self.assertIn(ended, (FAILED, WHOLE))  # whole: the kernel had it already
            failed += ended == FAILED
            self.gateway.start()
        self.assertGreater(failed, CUTS // 2)


class KillsOfTheStore(Kills):
    @classmethod
    def setUpClass(cls):
        super(FleetTest, cls).setUpClass()
        store = FolderStore(cls.folder / "store")
        cls.addClassCleanup(store.kill)
        store.start()
        cls.set_up_before(store, Signer("FLEETKEY", "secret-of-the-fleet"))

    def test_store_killed_in_put(self):
        files = self.open_files()
        for number in range(CUTS):
            key = self.key(f"store/{number}")
            transfer = self.put(key, self.somewhere())
            self.store.kill()
            self.assertEqual(transfer.end(), FAILED)
            self.assertIsNone(self.store.read(f"/fleet/{key}"))
            self.store.start()
        self.assert_nothing_leaks(files)
        self.store_whole_object(self.key("store/0"))

    def test_store_killed_in_get(self):
        key = self.key("whole")
        self.store_whole_object(key)
        files = self.open_files()
        failed = 0
        for _ in range(CUTS):
            transfer = self.get(key, self.somewhere(BLOCKS // 8))
            self.store.kill()
            ended = transfer.end()
            self.assertIn(ended, (FAILED, WHOLE))
            failed += ended == FAILED
            self.store.start()
        self.assertGreater(failed, CUTS // 2)
        self.assert_nothing_leaks(files)
        self.assertEqual(self.get(key, BLOCKS).end(), WHOLE, "others are served as before")


if __name__ == "__main__":
    main()
