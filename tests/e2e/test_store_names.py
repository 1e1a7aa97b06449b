"""DNS names of stores: looked up in the background, all addresses used; one that is unknown stops nothing else."""

from support.case import main
from support.fleet import FleetTest
from support.processes import wait_until

TARGET = "/fleet/AABBCCDD/device.json"
UNKNOWN = "http://store.invalid:9000"  # RFC 6761 6.4: nobody has that name


class StoreNames(FleetTest):
    def setUp(self):
        super().setUp()
        self.by_name = f"http://localhost:{self.store.port}"
        self.original = self.gateway.configuration.read_text()
        self.addCleanup(self.gateway.put_in_force, self.original)

    def use(self, *endpoints):
        self.gateway.change_configuration((self.store.endpoint, ", ".join(endpoints)))

    def put(self):
        return self.connect(self.device).request(self.signer, "PUT", TARGET, b"{}")

    def test_name_is_looked_up_before_the_first_request(self):
        self.use(self.by_name)
        self.assertEqual(self.put().status, 200)
        found = self.gateway.wait_for_event("store_name", endpoint=self.by_name, result="found")
        self.assertIn(f"127.0.0.1:{self.store.port}", found["addresses"])
        self.assertEqual(self.gateway.metric("sallyport_upstream_up", endpoint=self.by_name), 1)
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.put().status, 200)

    def test_unknown_name_is_told_and_the_others_serve(self):
        self.use(UNKNOWN, self.by_name)
        self.gateway.wait_for_event("store_name", endpoint=UNKNOWN, result="failed", seconds=60)
        for _ in range(4):
            self.assertEqual(self.put().status, 200)
        self.assertEqual(self.gateway.metric("sallyport_upstream_up", endpoint=UNKNOWN), 0)

    def test_only_an_unknown_name_is_a_store_that_is_down(self):
        self.use(UNKNOWN)
        refused = wait_until(self.put, "an answer")
        self.assertEqual((refused.status, refused.error_code()), (503, "ServiceUnavailable"))
        refusal = self.gateway.wait_for_access(status=503)
        self.assertEqual(refusal["reason"], "store_down")
        self.assertIn("name", refusal["detail"])


if __name__ == "__main__":
    main()
