"""An upload that breaks off or stands still is never completed in the store."""

import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import refused

MIB = 1 << 20


class HalfUpload(FleetTest):
    real_store = True

    def begin(self, key, identity=None):
        connection = self.connect(identity or self.device)
        target = f"/fleet/{key}"
        headers = self.signer.sign("PUT", target, connection.host) + [("Content-Length", 8 * MIB)]
        connection.send_head("PUT", target, headers)
        connection.send(bytes(4 * MIB))
        return connection

    def check_absent(self, key):
        entry = self.gateway.wait_for_access(key=key)
        self.assertNotEqual(entry["status"], 200)
        time.sleep(0.5)  # nor when the store has noticed that nothing comes any more
        self.assertFalse(self.store.has(key))
        print(f"    {key}: {entry.get('reason')}, {entry['bytes_in']} bytes had come")

    def test_device_that_vanishes(self):
        key = "AABBCCDD/00000001/00000001-5E0BE100.MF4"
        self.begin(key).close()
        self.check_absent(key)

    def test_device_that_stands_still(self):
        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text + "limits: {body_progress: 500ms}\n")
        self.gateway.wait_for_generation_after(generation)
        key = "AABBCCDD/00000001/00000002-5E0BE100.MF4"
        connection = self.begin(key)
        connection.tls.settimeout(10)
        started = time.monotonic()
        answer = []
        error = refused(lambda: answer.append(connection.read_answer("PUT")))
        self.assertLess(time.monotonic() - started, 5)
        self.assertTrue(error is not None or answer[0].status >= 400, answer)
        self.check_absent(key)


if __name__ == "__main__":
    main()
