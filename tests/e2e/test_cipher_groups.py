"""A device gets the best suite of its cipher group; where a listener has none of them, it climbs."""

from support.card import Card
from support.case import main
from support.fleet import FleetTest
from support.processes import free_port

BEST_SUITES = {
    "1": "ECDHE-RSA-AES128-SHA",
    "2": "ECDHE-RSA-AES128-SHA256",
    "3": "ECDHE-RSA-AES128-GCM-SHA256",
}
# One listener for each device, so that the events of a listener are those of one device.
PROFILES = {f"canedge-{group}": "canedge" for group in BEST_SUITES} | {
    "modern-climbing": "modern",
    "modern-1": "modern",
}


class CipherGroups(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.ports = {listener: free_port() for listener in PROFILES}
        text = cls.gateway.configuration.read_text()
        start, end = text.index("  - name: fleet"), text.index("devices:\n")
        listeners = [
            text[start:end]
            .replace("name: fleet", f"name: {listener}")
            .replace(f"127.0.0.1:{cls.gateway.port}", f"127.0.0.1:{cls.ports[listener]}")
            .replace("profile: canedge", f"profile: {profile}")
            for listener, profile in PROFILES.items()
        ]
        cls.gateway.write_configuration(text[:start] + "".join(listeners) + text[end:])
        cls.gateway.start()

    def upload(self, listener, *options):
        """Its exit code, and whether the log file left the card."""
        card = Card(self.folder / listener, self.device, self.pki.root, self.ports[listener], self.signer)
        file = card.add_log_file(1, 1, 10_000)
        done = card.upload(*options)
        return done.returncode, not file.exists()

    def handshakes(self, listener, last):
        """What became of each one: its suite, or why it failed."""
        self.gateway.wait_for_event(last, listener=listener)
        return [
            event.get("cipher") or event["reason"]
            for event in self.gateway.events(listener=listener)
            if event["event"] in ("handshake", "handshake_failed")
        ]

    def test_best_suite_of_each_group(self):
        for group, suite in BEST_SUITES.items():
            with self.subTest(group=group):
                listener = f"canedge-{group}"
                self.assertEqual(self.upload(listener, "--cipher-group", group), (0, True))
                self.assertEqual(set(self.handshakes(listener, "handshake")), {suite})

    def test_climbs_to_what_a_modern_listener_takes(self):
        """Two failed handshakes at each start of a device are normal: nothing must come of them."""
        self.assertEqual(self.upload("modern-climbing"), (0, True))
        self.assertEqual(
            self.handshakes("modern-climbing", "handshake"),
            ["no_shared_cipher", "no_shared_cipher", BEST_SUITES["3"]],
        )

    def test_fixed_group_does_not_climb(self):
        self.assertEqual(self.upload("modern-1", "--cipher-group", "1"), (1, False))
        self.assertEqual(self.handshakes("modern-1", "handshake_failed"), ["no_shared_cipher"])


if __name__ == "__main__":
    main()
