"""A CRL ages: fresh, due, grace, closed. Devices are let in until it is closed, and again when a new one is there."""

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import wait_until

TARGET = "/fleet/AABBCCDD/device.json"


class CrlLadder(FleetTest):
    def enter(self):
        with Connection(self.gateway.port, self.context(self.device)) as connection:
            answer = connection.request(self.signer, "PUT", TARGET, b"{}")
            self.assertEqual(answer.status, 200)

    def wait_for_state(self, state):
        wait_until(lambda: self.gateway.metric("sallyport_crl_state", state=state) == 1, f"the CRL is {state}", 20)
        self.gateway.wait_for_event("crl", state=state)
        self.assertIn(f"crl {state}", self.gateway.admin("/readyz")[1])
        self.assertEqual(self.gateway.admin("/healthz")[0], 200, "liveness has nothing to do with it")

    def test_the_four_rungs(self):
        self.gateway.stop()
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text.replace("grace: 24h", "grace: 3s"))
        self.gateway.publish_crl(self.pki.crl("-crlsec", "6"))
        self.gateway.start()
        self.wait_for_state("fresh")
        self.enter()
        self.wait_for_state("due")
        self.enter()
        self.wait_for_state("grace")
        self.assertEqual(self.gateway.metric("sallyport_crl_stale"), 1)
        self.enter()
        idle = self.connect(self.device)
        self.assertEqual(idle.request(self.signer, "GET", TARGET).status, 200)
        self.wait_for_state("closed")
        self.assertIsNotNone(refused(self.enter), "a device was let in by a closed CRL")
        self.gateway.wait_for_event("handshake_failed", reason="crl_expired")
        self.gateway.wait_for_event("connection_cut", reason="crl_expired")
        idle.tls.settimeout(5)
        self.assertIsNotNone(refused(lambda: idle.request(self.signer, "GET", TARGET)))

        generation = self.gateway.generation()
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)
        self.enter()
        self.assertEqual(self.gateway.metric("sallyport_crl_stale"), 0)


if __name__ == "__main__":
    main()
