"""Reload by SIGHUP and by a changed file; a new policy counts for the next request of an open connection."""

import time

from support.case import main
from support.fleet import FleetTest

TARGET = "/fleet/AABBCCDD/device.json"
READ_ONLY = ("allow: [PutObject, GetObject, HeadObject]", "allow: [GetObject, HeadObject]")


class Reload(FleetTest):
    def test_sighup_makes_a_new_generation(self):
        connection = self.connect(self.device)
        connection.request(self.signer, "PUT", TARGET, b"{}")
        first = self.gateway.reload()
        second = self.gateway.reload()
        self.assertEqual(second, first + 1)
        self.assertEqual(connection.request(self.signer, "GET", TARGET).status, 200)
        self.gateway.wait_for_access(method="GET", generation=second)

    def test_changed_configuration_is_loaded_unasked(self):
        connection = self.connect(self.device)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)
        text = self.gateway.configuration.read_text()
        generation = self.gateway.generation()
        started = time.monotonic()
        self.gateway.write_configuration(text.replace(*READ_ONLY))
        generation = self.gateway.wait_for_generation_after(generation)
        print(f"    new configuration in force after {(time.monotonic() - started) * 1000:.0f} ms")
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 403)
        self.assertEqual(connection.request(self.signer, "GET", TARGET).status, 200)
        self.gateway.write_configuration(text)
        self.gateway.wait_for_generation_after(generation)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)

    def test_changed_crl_is_loaded_unasked(self):
        generation = self.gateway.generation()
        started = time.monotonic()
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        print(f"    new CRL in force after {(time.monotonic() - started) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
