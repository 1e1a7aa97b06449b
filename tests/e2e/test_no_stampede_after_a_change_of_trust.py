"""A change that refuses every device at once ends their connections a few at a time; their requests at once."""

from support.case import main
from support.fleet import FleetTest
from support.https_client import refused
from support.processes import wait_until

CONNECTIONS = 45
TARGET = "/fleet/{}/device.json"


class NoStampede(FleetTest):
    def test_connections_end_one_after_the_other(self):
        connections = [self.connect(self.device) for _ in range(CONNECTIONS)]
        target = TARGET.format(self.device.id)
        for connection in connections:
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
        reached = len(self.store.requests)
        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text.replace("common_name: true", "common_name: false"))
        self.gateway.wait_for_generation_after(generation)

        event = self.gateway.wait_for_event("enforced", skip=len(self.gateway.events("enforced")) - 1)
        self.assertLess(event["connections_cut"], CONNECTIONS, "not all at once")
        for connection in connections:  # whether it is cut already or not
            error = refused(lambda: self.allowed(connection, target))
            self.assertIsNotNone(error, "a request of a refused device was served")
        self.assertEqual(len(self.store.requests), reached)
        wait_until(lambda: self.gateway.metric("sallyport_connections") == 0, "every connection is over")

    def allowed(self, connection, target):
        answer = connection.request(self.signer, "GET", target)
        if answer.status == 403:
            raise ConnectionAbortedError("403")

    def test_idle_connections_end_without_a_request(self):
        connections = [self.connect(self.other) for _ in range(CONNECTIONS)]
        target = TARGET.format(self.other.id)
        for connection in connections:
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
        cuts = len(self.gateway.events("connection_cut", device=self.other.id))
        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text.replace("{8}", "{6,8}"))
        self.gateway.wait_for_generation_after(generation)
        wait_until(
            lambda: len(self.gateway.events("connection_cut", device=self.other.id)) - cuts == CONNECTIONS,
            "each idle connection is cut",
        )
        with self.subTest("and may come again"):
            answer = self.connect(self.other).request(self.signer, "GET", target)
            self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    main()
