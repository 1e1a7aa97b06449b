"""An upload that runs while its device is revoked is cut, and the store never has the object."""

import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import refused
from support.processes import wait_until

MIB = 1 << 20
SIZE = 64 * MIB
KEY = "{}/00000001/00000001-5E0BE100.MF4"


class RevocationCutsUpload(FleetTest):
    real_store = True

    def upload_half(self, connection, target):
        connection.send_head(
            "PUT", target, self.signer.sign("PUT", target, connection.host) + [("Content-Length", SIZE)]
        )
        for _ in range(SIZE // MIB // 2):
            connection.send(bytes(MIB))

    def test_upload_is_cut_and_leaves_no_object(self):
        identity = self.pki.device("CCCC0001")
        key = KEY.format("CCCC0001")
        connection = self.connect(identity)
        self.upload_half(connection, f"/fleet/{key}")
        self.pki.revoke(identity)
        crl = self.pki.crl()
        started = time.monotonic()
        self.gateway.publish_crl(crl)

        def send_more():
            connection.send(bytes(1024))
            time.sleep(0.001)

        wait_until(lambda: refused(send_more), "the upload is cut")
        print(f"    upload cut {(time.monotonic() - started) * 1000:.0f} ms after the CRL appeared")
        event = self.gateway.wait_for_event("connection_cut", device="CCCC0001")
        self.assertEqual(event["reason"], "revoked")
        entry = self.gateway.wait_for_access(device="CCCC0001", method="PUT")
        self.assertEqual(entry["reason"], "revoked")
        self.assertFalse(self.store.has(key))
        time.sleep(0.5)  # nor later, when the store gives up waiting for the rest
        self.assertFalse(self.store.has(key))

    def test_upload_of_another_device_goes_on(self):
        key = KEY.format(self.other.id)
        connection = self.connect(self.other)
        self.upload_half(connection, f"/fleet/{key}")
        generation = self.gateway.generation()
        self.revoke(self.pki.device("CCCC0002"))
        self.gateway.wait_for_generation_after(generation)
        for _ in range(SIZE // MIB // 2):
            connection.send(bytes(MIB))
        self.assertEqual(connection.read_answer("PUT").status, 200)
        self.assertTrue(self.store.has(key))


if __name__ == "__main__":
    main()
