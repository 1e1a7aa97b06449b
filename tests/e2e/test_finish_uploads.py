"""With `finish_uploads` an upload that had begun may end although its device was revoked; nothing else may."""

import contextlib
import http.client

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.imposter import answer

MIB = 1 << 20
SIZE = 16 * MIB
KEY = "{}/00000001/00000001-5E0BE100.MF4"


class FinishUploads(FleetTest):
    real_store = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = cls.gateway.configuration.read_text()
        cls.gateway.put_in_force(text.replace("grace: 24h", "grace: 24h\n  finish_uploads: true"))

    def send_half(self, connection, target):
        signed = self.signer.sign("PUT", target, connection.host)
        connection.send_head("PUT", target, signed + [("Content-Length", SIZE)])
        for _ in range(SIZE // MIB // 2):
            connection.send(bytes(MIB))

    def test_upload_ends_and_then_the_connection(self):
        identity = self.pki.device("CCCC0011")
        key = KEY.format(identity.id)
        uploading, idle = self.connect(identity), self.connect(identity)
        self.assertEqual(idle.request(self.signer, "GET", f"/fleet/{identity.id}/none").status, 404)
        self.send_half(uploading, f"/fleet/{key}")
        generation = self.gateway.generation()
        self.revoke(identity)
        self.gateway.wait_for_generation_after(generation)
        self.gateway.wait_for_event("connection_cut", device=identity.id, reason="revoked")
        self.assertIsNotNone(refused(lambda: idle.request(self.signer, "GET", f"/fleet/{identity.id}/none")))

        for _ in range(SIZE // MIB // 2):
            uploading.send(bytes(MIB))
        self.assertEqual(uploading.read_answer("PUT").status, 200)
        self.assertTrue(self.store.has(key))
        error = refused(lambda: uploading.request(self.signer, "GET", f"/fleet/{key}"))
        self.assertIsNotNone(error, "the connection outlived its upload")
        error = refused(
            lambda: Connection(self.gateway.port, self.context(identity)).request(
                self.signer, "GET", f"/fleet/{key}"
            )
        )
        self.assertIsNotNone(error, "a new connection was let in")


class DownloadsDoNotFinish(FleetTest):
    """A request that has a body and is no upload: SelectObjectContent."""

    @classmethod
    def prepare(cls):
        cls.store.reply = lambda request: answer(200, "OK", bytes(4 * SIZE))

    def test_answer_is_cut(self):
        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text()
        text = text.replace("HeadObject]", "HeadObject, SelectObjectContent]")
        self.gateway.write_configuration(text.replace("grace: 24h", "grace: 24h\n  finish_uploads: true"))
        self.gateway.wait_for_generation_after(generation)
        connection = self.connect(self.device)
        target = f"/fleet/{self.device.id}/log.csv?select&select-type=2"
        signed = self.signer.sign("POST", target, connection.host)
        connection.send_head("POST", target, signed + [("Content-Length", 2)])
        connection.send(b"{}")
        with http.client.HTTPResponse(connection.tls, method="POST") as response:
            response.begin()
            self.assertEqual(response.status, 200)
            got = len(response.read(1 << 16))
            generation = self.gateway.generation()
            self.revoke(self.device)
            self.gateway.wait_for_generation_after(generation)
            with contextlib.suppress(OSError, http.client.HTTPException):
                while block := response.read(1 << 16):
                    got += len(block)
        self.assertLess(got, 4 * SIZE, "a revoked device got the whole answer")


if __name__ == "__main__":
    main()
