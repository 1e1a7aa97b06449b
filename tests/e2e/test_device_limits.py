"""What one device may use (`limits.device`, `body_bytes` of a rule) is bounded; others do not notice."""

from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest

OWN = f"/fleet/{DEVICE}/x"
OTHERS = f"/fleet/{OTHER_DEVICE}/x"


class DeviceLimits(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.configuration = cls.gateway.configuration.read_text()

    def limit(self, limits):
        self.gateway.put_in_force(self.configuration + f"limits: {{device: {{{limits}}}}}\n")

    def put(self, connection, body, target=OWN, headers=()):
        return connection.request(self.signer, "PUT", target, body, headers)

    def assert_slowed_down(self, answer, least=1, most=1):
        self.assertEqual((answer.status, answer.error_code()), (503, "SlowDown"))
        self.assertIn(int(answer.headers["Retry-After"]), range(least, most + 1))

    def test_connections(self):
        self.limit("connections: 2")
        first, second = self.connect(self.device), self.connect(self.device)
        third = self.connect(self.device)
        refused = self.put(third, b"x")
        self.assert_slowed_down(refused, most=5)
        self.assertEqual(refused.headers["Connection"], "close")
        self.gateway.wait_for_access(device=DEVICE, status=503, reason="limit")
        with self.connect(self.other) as connection:
            self.assertEqual(self.put(connection, b"x", OTHERS).status, 200)
        for connection in (first, second):
            self.assertEqual(self.put(connection, b"x").status, 200)

    def test_connections_are_given_back(self):
        self.limit("connections: 1")
        for _ in range(5):
            with self.connect(self.device) as connection:
                self.assertEqual(self.put(connection, b"x").status, 200)
                connection.tls.unwrap()  # returns when the gateway has closed, too

    def test_requests(self):
        self.limit("requests_per_second: 1, request_burst: 3")
        before = len(self.store.requests)
        with self.connect(self.device) as connection:
            answers = [self.put(connection, b"x") for _ in range(6)]
        served = [answer.status for answer in answers].count(200)
        self.assertIn(served, (3, 4))  # a second may have passed
        self.assertEqual(len(self.store.requests) - before, served)
        self.assert_slowed_down(answers[3] if answers[3].status == 503 else answers[4])
        self.gateway.wait_for_access(device=DEVICE, status=503, reason="rate_limit")
        with self.connect(self.other) as connection:
            self.assertEqual(self.put(connection, b"x", OTHERS).status, 200)

    def test_bytes_of_a_day(self):
        self.limit("bytes_per_day: 1KiB")
        with self.connect(self.other) as connection:
            self.assertEqual(self.put(connection, bytes(1000), OTHERS).status, 200)
            refused = self.put(connection, bytes(1000), OTHERS)
            self.assert_slowed_down(refused, most=24 * 3600)
            small = self.put(connection, bytes(8), OTHERS)
            self.assertEqual(small.status, 200, "what is left is left")

    def test_body_of_a_rule(self):
        rule = "  - {who: device, allow: [PutObject, GetObject, HeadObject], on: 'fleet/{device}/*'}\n"
        assert rule in self.configuration
        text = self.configuration.replace(rule, rule.replace("}\n", ", body_bytes: 1KiB}\n"))
        self.gateway.put_in_force(text)
        with self.connect(self.device) as connection:
            self.assertEqual(self.put(connection, bytes(1024)).status, 200)
            before = len(self.store.requests)
            refused = self.put(connection, bytes(1025))
            self.assertEqual((refused.status, refused.error_code()), (400, "EntityTooLarge"))
            self.assertEqual(len(self.store.requests), before)

    def test_body_whose_length_shows_only_on_the_way(self):
        self.gateway.put_in_force(self.configuration + "limits: {body_bytes: 1KiB}\n")
        answer = self.store.reply
        self.addCleanup(setattr, self.store, "reply", answer)
        self.store.reply = lambda _: b""  # it waits for the whole body
        with self.connect(self.device) as connection:
            headers = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]
            signed = self.signer.sign("PUT", OWN, connection.host, headers)
            connection.send_head("PUT", OWN, signed + [("Transfer-Encoding", "chunked")])
            connection.send(b"400\r\n" + bytes(1024) + b"\r\n1\r\nx\r\n0\r\n\r\n")
            refused = connection.read_answer("PUT")
            self.assertEqual((refused.status, refused.error_code()), (400, "EntityTooLarge"))
        self.assertNotIn(b"\r\n0\r\n\r\n", self.store.received, "no end of a body was sent to the store")


if __name__ == "__main__":
    main()
