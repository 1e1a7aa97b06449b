"""Who may write where CRLs are published, or where devices put their requests, gets nothing by it."""

import json
import os
import socket
import threading
import time

from support.case import EndToEndTest, main
from support.distinct_keys import DistinctKeys
from support.gateway import Gateway, replace_file, replace_secret_file
from support.https_client import Connection, tls_context
from support.openssl_pki import OpensslPki
from support.processes import program, run
from support.sallyport_pki import SallyportPki
from support.sigv4 import Signer
from support.store import BUCKET, not_with, start_store

DEVICE, OTHER, REVOKED, HELD = "AABBCCDD", "11223344", "00C0FFEE", "0BADCAFE"
SPELLINGS = (
    f"{DEVICE}/../{OTHER}/device.csr",
    f"{DEVICE}/%2e%2e/{OTHER}/device.csr",
    f"{DEVICE}/%2E./{OTHER}/device.csr",
    f"{DEVICE}%2f..%2f{OTHER}%2fdevice.csr",
    f"{DEVICE}//../{OTHER}/device.csr",
    f"./{OTHER}/device.csr",
    f"/{OTHER}/device.csr",
    f"{OTHER}%2Fdevice.csr",
    f"%31{OTHER[1:]}/device.csr",
    f"{OTHER}/device.csr;{DEVICE}",
    f"{OTHER}/device.csr?{DEVICE}/",
    f"{DEVICE}\\..\\{OTHER}\\device.csr",
    f"{DEVICE}/..;/{OTHER}/device.csr",
    f"{DEVICE}%00/../{OTHER}/device.csr",
    f"{DEVICE}/%252e%252e/{OTHER}/device.csr",
    f"{DEVICE}/%c0%ae%c0%ae%c0%af{OTHER}/device.csr",
    f"{DEVICE}/..%ef%bc%8f{OTHER}/device.csr",
    f"{OTHER}%ef%bc%8fdevice.csr",
    f"{DEVICE}/..\t/{OTHER}/device.csr",
    f"%EF%BB%BF{OTHER}/device.csr",
)


@not_with("swift", "its access keys have a colon, which no configuration of a device takes")
class AttacksOnThePkiTool(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = start_store(cls)
        cls.signer = Signer(cls.store.access_key, cls.store.secret_key)
        cls.pki = SallyportPki(cls.folder / "pki")
        cls.place = cls.folder / "gateway" / "crl"
        cls.place.parent.mkdir()
        cls.gateway = Gateway(cls.place.parent, cls.pki, cls.store.endpoint, crl=None)
        credentials = cls.folder / "credentials"
        keys = f"aws_access_key_id = {cls.store.access_key}\naws_secret_access_key = {cls.store.secret_key}\n"
        replace_secret_file(credentials, "[default]\n" + keys)
        with open(cls.pki.depot / "depot.yaml", "a") as settings:
            print(
                f"publish: [{{folder: '{cls.place}', authorities: [device-ca]}}]\n"
                f"gateways: [{{name: g, admin: 'http://127.0.0.1:{cls.gateway.admin_port}'}}]\n"
                f"requests: {{store: 's3://{BUCKET}/', endpoint: '{cls.store.endpoint}', region: us-east-1,"
                f" credentials: {{file: '{credentials}'}}}}",
                file=settings,
            )
        cls.devices = {device: cls.pki.device(device) for device in (DEVICE, OTHER, REVOKED, HELD)}
        cls.pki.command("publish")
        cls.gateway.start()
        cls.addClassCleanup(cls.gateway.stop)
        cls.pki.command("revoke", REVOKED, "--wait")
        cls.pki.command("hold", HELD, "--wait")
        cls.keys = DistinctKeys()

    def setUp(self):
        super().setUp()
        for key in self.store.keys():
            self.store.client.delete_object(Bucket=BUCKET, Key=key)

    def tool(self, *arguments):
        return run(program("sallyport-pki"), *arguments, "--depot", self.pki.depot)

    def certificates(self, device):
        return len(json.loads(self.pki.command("show", device, "--json")))

    def put(self, device, target, body):
        """The status, or None when the connection was refused or cut."""
        try:
            with Connection(self.gateway.port, tls_context(self.pki, self.devices[device])) as connection:
                return connection.request(self.signer, "PUT", target, body).status
        except (OSError, EOFError):
            return None

    # ---- requests ------------------------------------------------------------------------------

    def test_request_in_the_folder_of_another_device(self):
        csr, _ = self.keys.request()
        for spelling in SPELLINGS:
            with self.subTest(spelling):
                self.put(DEVICE, f"/{BUCKET}/{spelling}", csr)
                self.assertEqual([key for key in self.store.keys() if not key.startswith(f"{DEVICE}/")], [])
        said = json.loads(self.pki.command("sign-requests", OTHER, "--json"))
        self.assertEqual((said["issued"], self.certificates(OTHER)), ([], 1))

    def test_request_of_a_revoked_and_of_a_held_device(self):
        for device in (REVOKED, HELD):
            with self.subTest(device):
                csr, _ = self.keys.request()
                self.assertIsNone(self.put(device, f"/{BUCKET}/{device}/device.csr", csr))
                # Even where somebody with the store's own keys has put it.
                self.store.client.put_object(Bucket=BUCKET, Key=f"{device}/device.csr", Body=csr)
                said = json.loads(self.pki.command("sign-requests", device, "--json"))
                self.assertEqual((said["issued"], self.certificates(device)), ([], 1))

    def test_half_a_request(self):
        """Cut in the middle it is no object, and half of one in the store is no request."""
        csr, _ = self.keys.request()
        target = f"/{BUCKET}/{DEVICE}/device.csr"
        with Connection(self.gateway.port, tls_context(self.pki, self.devices[DEVICE])) as connection:
            headers = self.signer.sign("PUT", target, connection.host, payload_hash="UNSIGNED-PAYLOAD")
            connection.send_head("PUT", target, [*headers, ("Content-Length", len(csr))])
            connection.send(csr[: len(csr) // 2])
        time.sleep(0.5)
        self.assertEqual(self.store.keys(), [])
        for half in (csr[: len(csr) // 2], csr[len(csr) // 2 :], csr + csr, b"", b"\0" * 100_000):
            self.store.client.put_object(Bucket=BUCKET, Key=f"{DEVICE}/device.csr", Body=half)
            said = json.loads(self.pki.command("sign-requests", DEVICE, "--json"))
            self.assertEqual([refused["device"] for refused in said["refused"]], [DEVICE], half[:20])
        self.assertEqual(self.certificates(DEVICE), 1)

    # ---- places --------------------------------------------------------------------------------

    def lists_of_the_place(self):
        return (self.place / "device-ca.crl").read_bytes()

    def test_place_whose_file_is_replaced(self):
        """Whatever stands there, the next publication puts the list there, or says that it is not in place."""
        good = self.lists_of_the_place()
        index = (self.pki.depot / "index.sqlite").read_bytes()
        target = self.place / "device-ca.crl"

        def link():
            target.unlink()
            target.symlink_to(self.pki.depot / "index.sqlite")

        def fifo():
            target.unlink()
            os.mkfifo(target)

        def folder():
            target.unlink()
            target.mkdir()

        foreign = OpensslPki(self.folder / "foreign")
        cases = {
            "garbage": lambda: replace_file(target, b"\0" * 1000),
            "cut": lambda: replace_file(target, good[:-20]),
            "empty": lambda: replace_file(target, b""),
            "forged": lambda: replace_file(target, foreign.crl()),
            "gone": target.unlink,
            "link to the index": link,
            "fifo": fifo,
            "folder": folder,
        }
        for name, change in cases.items():
            with self.subTest(name):
                change()
                done = self.tool("publish")
                if done.returncode == 0:
                    self.assertEqual(self.lists_of_the_place(), good)
                    self.assertFalse(target.is_symlink())
                else:
                    self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                    self.assertIn("not in place", done.stderr)
                if target.is_dir():
                    target.rmdir()
                elif target.exists() or target.is_symlink():
                    target.unlink()
                self.assertEqual(self.tool("publish").returncode, 0)
                self.assertEqual(self.lists_of_the_place(), good)
        self.assertIsNone(self.put(REVOKED, f"/{BUCKET}/{REVOKED}/device.json", b"{}"), "still out")
        self.assertEqual(len((self.pki.depot / "index.sqlite").read_bytes()), len(index), "nothing went through the link")

    def test_file_that_is_replaced_while_it_is_published(self):
        """Somebody fights for the file: the command ends, and says the truth about what it has read back."""
        good = self.lists_of_the_place()
        stop = threading.Event()

        def fight():
            while not stop.is_set():
                replace_file(self.place / "device-ca.crl", b"mine")

        thread = threading.Thread(target=fight)
        thread.start()
        try:
            results = [self.tool("publish") for _ in range(10)]
        finally:
            stop.set()
            thread.join()
        for done in results:
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertEqual("not in place" in done.stderr, done.returncode == 3)
        self.assertEqual(self.tool("publish").returncode, 0)
        self.assertEqual(self.lists_of_the_place(), good)

    # ---- the depot's own list ------------------------------------------------------------------

    def test_list_in_the_depot_that_was_exchanged(self):
        """For an older one of its own: the next command makes a new one, with a new number."""
        path = self.pki.depot / "crl" / "device-ca.crl.pem"
        older = path.read_bytes()
        self.pki.command("crl", "--ca", "device-ca")
        newest = path.read_bytes()
        replace_file(path, older)
        done = self.tool("publish")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("completed after an interruption", done.stderr)
        self.assertNotIn(path.read_bytes(), (older, newest))
        self.assertIsNone(self.put(REVOKED, f"/{BUCKET}/{REVOKED}/device.json", b"{}"), "still out")

    # ---- gateways ------------------------------------------------------------------------------

    def test_gateway_that_stalls(self):
        """It is not said to obey, and the others are heard all the same."""
        deaf = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(deaf.close)
        settings = self.pki.depot / "depot.yaml"
        text = settings.read_text()
        self.addCleanup(settings.write_text, text)
        admin = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        settings.write_text(text.replace("gateways: [", f"gateways: [{{name: deaf, admin: '{admin}'}}, "))
        done = self.tool("crl", "--ca", "device-ca", "--wait", "--patience", "3")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("gateway g enforces number", done.stdout)
        self.assertIn("not in force: gateway deaf", done.stderr)


if __name__ == "__main__":
    main()
