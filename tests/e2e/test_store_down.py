"""A store that is down: 503 with Retry-After, and the device keeps its file until it can be stored."""

import hashlib

from support.card import Card
from support.case import main
from support.fleet import FleetTest
from support.store import not_with

TARGET = "/fleet/AABBCCDD/device.json"


class StoreDown(FleetTest):
    real_store = True

    @not_with("swift", "its access keys have a colon, which no configuration of a device takes")
    def test_device_keeps_its_file_and_succeeds_later(self):
        card = Card(self.folder / "card", self.device, self.pki.root, self.gateway.port, self.store)
        file = card.add_log_file(1, 1, 300_000)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self.store.stop()

        with self.connect(self.device) as connection:
            answer = connection.request(self.signer, "PUT", TARGET, b"{}")
            self.assertEqual((answer.status, answer.error_code()), (503, "ServiceUnavailable"))
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual(self.gateway.wait_for_access(status=503)["reason"], "store_down")
        self.assertEqual(self.gateway.metric("sallyport_upstream_up"), 0)

        done = card.upload()
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertTrue(file.exists(), "the device lost its file")

        self.store.start()
        done = card.upload()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertFalse(file.exists(), "the device keeps a stored file")
        (key,) = [key for key in self.store.keys() if key.startswith("AABBCCDD/00000001/")]
        self.assertEqual(self.store.sha256(key), digest)
        self.assertEqual(self.gateway.metric("sallyport_upstream_up"), 1)


if __name__ == "__main__":
    main()
