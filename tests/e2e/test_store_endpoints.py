"""Several endpoints of one store: requests are spread, a dead one costs none of them, and checks lock nobody out."""

import json

from support.case import main
from support.fleet import FleetTest
from support.imposter import ImposterStore, answer
from support.processes import wait_until
from support.scripted_store import ScriptedStore, read_head

TARGET = "/fleet/AABBCCDD/device.json"
SIGNING = "  signing: passthrough"
UP = "sallyport_upstream_up"


class StoreEndpoints(FleetTest):
    def setUp(self):
        super().setUp()
        self.stores = [ImposterStore(self.reply), ImposterStore(self.reply)]
        self.addCleanup(lambda: [store.stop() for store in self.stores])
        self.sick = set()  # ports whose checks fail
        self.original = self.gateway.configuration.read_text()
        self.addCleanup(self.gateway.put_in_force, self.original)

    def reply(self, request):
        port = int(request.header("Host").split(":")[1])
        if request.start_line.startswith("GET /health"):
            return answer(503 if port in self.sick else 403, "Checked")
        return answer(200, "OK", b"" if request.start_line.startswith("HEAD") else b"{}")

    def use(self, *endpoints, more=""):
        """`more`: lines of section store."""
        listed = ", ".join(endpoints or (store.endpoint for store in self.stores))
        self.gateway.change_configuration(
            (self.store.endpoint, listed), (SIGNING, f"{more}\n{SIGNING}" if more else SIGNING)
        )

    def served(self):
        """How many requests of clients each store has seen."""
        return [
            sum(request.start_line.split()[1] == TARGET for request in store.requests)
            for store in self.stores
        ]

    def send(self, connection, count, method="PUT"):
        """All must succeed."""
        for _ in range(count):
            body = b"{}" if method == "PUT" else b""
            self.assertEqual(connection.request(self.signer, method, TARGET, body).status, 200)

    def up(self, store):
        return self.gateway.metric(UP, endpoint=store.endpoint)

    def restart(self, index):
        self.stores[index] = ImposterStore(self.reply, port=self.stores[index].port)

    def test_requests_are_spread_and_counted_for_each_endpoint(self):
        self.use()
        for connection in [self.connect(self.device) for _ in range(2)]:
            self.send(connection, 10)
        first, second = self.served()
        self.assertEqual(first + second, 20)
        self.assertGreaterEqual(min(first, second), 5)
        for store, count in zip(self.stores, (first, second)):
            counted = wait_until(
                lambda store=store: self.gateway.metric(
                    "sallyport_upstream_requests_total", endpoint=store.endpoint
                ),
                "requests are counted",
            )
            self.assertEqual(counted, count)

    def test_killed_store_costs_no_request(self):
        self.use(more="  health_check: {interval: 100ms}")
        connections = [self.connect(self.device) for _ in range(4)]
        for connection in connections:
            self.send(connection, 4)  # there are kept connections to both
        self.stores[1].stop()
        for connection in connections:
            self.send(connection, 5)
            self.send(connection, 5, "GET")
        self.gateway.wait_for_event("store_down", endpoint=self.stores[1].endpoint)
        wait_until(lambda: self.up(self.stores[1]) == 0, "the dead store is down")
        self.assertEqual(self.up(self.stores[0]), 1)

        self.restart(1)
        self.gateway.wait_for_event("store_up", endpoint=self.stores[1].endpoint)
        wait_until(lambda: self.up(self.stores[1]) == 1, "the store is up again")
        for connection in connections:
            self.send(connection, 5)
        self.assertGreater(self.served()[1], 0)

    def test_dead_from_the_start(self):
        dead = self.stores[1]
        dead.stop()
        self.use(more="  health_check: {interval: 1h}")
        self.send(self.connect(self.device), 10)
        self.assertEqual(self.served()[0], 10)
        self.assertEqual(self.up(dead), 0)
        shown = json.loads(self.gateway.admin("/status")[1])["store"]
        self.assertEqual(
            [(entry["endpoint"], entry["addresses"][0]["up"]) for entry in shown],
            [(self.stores[0].endpoint, True), (dead.endpoint, False)],
        )

    def test_all_down_is_a_503_and_the_first_that_is_back_serves(self):
        # The next check would be in an hour: requests alone find out.
        self.use(more="  health_check: {interval: 1h}")
        connection = self.connect(self.device)
        self.send(connection, 4)
        for store in self.stores:
            store.stop()
        refused = connection.request(self.signer, "PUT", TARGET, b"{}")
        self.assertEqual((refused.status, refused.error_code()), (503, "ServiceUnavailable"))
        self.assertEqual(self.gateway.wait_for_access(status=503)["reason"], "store_down")
        self.assertEqual([self.up(store) for store in self.stores], [0, 0])
        self.restart(1)
        self.send(connection, 3)
        self.assertEqual(self.served()[1], 3)
        self.assertEqual([self.up(store) for store in self.stores], [0, 1])

    def test_checks_by_path(self):
        self.sick.add(self.stores[0].port)
        self.use(more="  health_check: {interval: 100ms, path: '/health?live'}")
        event = self.gateway.wait_for_event("store_down", endpoint=self.stores[0].endpoint)
        self.assertIn("503", event["detail"])
        wait_until(lambda: self.up(self.stores[0]) == 0, "the sick store is down")
        connection = self.connect(self.device)
        self.send(connection, 6)
        self.assertEqual(self.served(), [0, 6])
        self.assertEqual(self.up(self.stores[0]), 0)

        # When no check passes all are tried: they may be wrong.
        self.sick.add(self.stores[1].port)
        wait_until(lambda: self.up(self.stores[1]) == 0, "both are down")
        self.send(connection, 6)
        self.assertEqual(sum(self.served()), 12)

        self.sick.clear()
        for store in self.stores:
            wait_until(lambda store=store: self.up(store) == 1, "the store is up again")

    def test_series_of_endpoints_that_are_gone_end(self):
        self.use()
        self.assertEqual(self.up(self.stores[1]), 1)
        self.gateway.change_configuration((f", {self.stores[1].endpoint}", ""))
        self.assertIsNone(self.up(self.stores[1]))
        self.send(self.connect(self.device), 3)
        self.assertEqual(self.served(), [3, 0])

    def test_unused_connections_are_closed(self):
        ends = []

        def script(connection):
            read_head(connection)
            connection.sendall(answer(200, "OK"))
            ends.append(connection.recv(1))

        idle = ScriptedStore()
        self.addCleanup(idle.stop)
        idle.script = script
        self.use(idle.endpoint)
        self.gateway.change_configuration(("workers: 2", "workers: 2\nlimits: {idle_store: 100ms}"))
        self.send(self.connect(self.device), 1, "GET")
        wait_until(lambda: ends, "the gateway closes the connection")
        self.assertEqual(ends, [b""])

    def test_connections_that_the_store_has_closed_are_not_used(self):
        def script(connection):
            read_head(connection)
            connection.sendall(answer(200, "OK"))  # and closes, though it did not say so

        closing = ScriptedStore()
        self.addCleanup(closing.stop)
        closing.script = script
        self.use(closing.endpoint)
        connection = self.connect(self.device)
        for method in ("GET", "HEAD") * 5:
            self.send(connection, 1, method)


if __name__ == "__main__":
    main()
