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
        self.assertEqual((first["result"], second["result"]), ("ok", "ok"))
        self.assertEqual(second["generation"], first["generation"] + 1)
        self.assertEqual(connection.request(self.signer, "GET", TARGET).status, 200)
        self.assertEqual(self.gateway.access_log()[-1]["generation"], second["generation"])

    def test_changed_configuration_is_loaded_unasked(self):
        connection = self.connect(self.device)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)
        text = self.gateway.configuration.read_text()
        seen = len(self.gateway.events("reload"))
        started = time.monotonic()
        self.gateway.write_configuration(text.replace(*READ_ONLY))
        self.gateway.wait_for_event("reload", skip=seen, result="ok")
        print(f"    new configuration in force after {(time.monotonic() - started) * 1000:.0f} ms")
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 403)
        self.assertEqual(connection.request(self.signer, "GET", TARGET).status, 200)
        self.gateway.write_configuration(text)
        self.gateway.wait_for_event("reload", skip=seen + 1, result="ok")
        self.assertEqual(connection.request(self.signer, "PUT", TARGET, b"{}").status, 200)

    def test_changed_crl_is_loaded_unasked(self):
        seen = len(self.gateway.events("reload"))
        started = time.monotonic()
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_event("reload", skip=seen, result="ok")
        print(f"    new CRL in force after {(time.monotonic() - started) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
