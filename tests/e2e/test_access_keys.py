"""The access key that a request is signed with must be one of the device's (section `access_keys`)."""

from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.gateway import replace_file
from support.sigv4 import Signer

OWN_KEY = "KEYOFAABBCCDD"
FLEET_KEY = "FLEETKEY"


class AccessKeys(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = cls.folder / "keys.txt"
        cls.keys.write_text(f"# of devices\n{DEVICE} {OWN_KEY}\n")
        text = cls.gateway.configuration.read_text()
        section = f"access_keys: {{fleet: [{FLEET_KEY}], devices: keys.txt}}\n"
        cls.gateway.put_in_force(text + section)

    def write_keys(self, text):
        """Returns when they count."""
        generation = self.gateway.generation()
        replace_file(self.keys, text)
        self.gateway.wait_for_generation_after(generation)

    def put(self, identity, key):
        """The answer, and how many requests have reached the store by it."""
        before = len(self.store.requests)
        with self.connect(identity) as connection:
            answer = connection.request(Signer(key, "secret"), "PUT", f"/fleet/{identity.id}/x", b"x")
        return answer, len(self.store.requests) - before

    def assert_allowed(self, identity, key):
        answer, reached = self.put(identity, key)
        self.assertEqual((answer.status, reached), (200, 1))

    def assert_refused(self, identity, key):
        answer, reached = self.put(identity, key)
        self.assertEqual((answer.status, answer.error_code(), reached), (403, "InvalidAccessKeyId", 0))
        self.gateway.wait_for_access(device=identity.id, status=403, reason="access_key")

    def test_device_with_a_key_of_its_own(self):
        self.assert_allowed(self.device, OWN_KEY)
        self.assert_refused(self.device, FLEET_KEY)

    def test_device_with_the_fleets_key(self):
        self.assert_allowed(self.other, FLEET_KEY)
        self.assert_refused(self.other, OWN_KEY)
        self.assert_refused(self.other, "STRANGER")

    def test_unsigned(self):
        with self.connect(self.other) as connection:
            connection.send_head(
                "PUT", f"/fleet/{OTHER_DEVICE}/x", [("Host", connection.host), ("Content-Length", 0)]
            )
            answer = connection.read_answer("PUT")
        self.assertEqual((answer.status, answer.error_code()), (403, "AccessDenied"))

    def test_a_changed_file_counts_at_once(self):
        self.addCleanup(self.write_keys, self.keys.read_text())
        self.write_keys(f"{DEVICE} {OWN_KEY}\n{OTHER_DEVICE} NEWKEY\n")
        self.assert_allowed(self.other, "NEWKEY")
        self.assert_refused(self.other, FLEET_KEY)

    def test_a_file_that_is_cut_changes_nothing(self):
        before = self.keys.read_text()
        failures = len(self.gateway.events("reload", result="failed"))
        self.keys.write_text(before.removesuffix("\n")[:-1])
        event = self.gateway.wait_for_event("reload", skip=failures, result="failed")
        self.assertIn("keys.txt: does not end with a line feed", event["detail"])
        self.assert_allowed(self.device, OWN_KEY)
        self.write_keys(f"{before}# and nothing else\n")

    def test_a_faulty_file_changes_nothing(self):
        before = self.keys.read_text()
        failures = len(self.gateway.events("reload", result="failed"))
        replace_file(self.keys, f"{DEVICE} {OWN_KEY}\n{OTHER_DEVICE}\n")
        event = self.gateway.wait_for_event("reload", skip=failures, result="failed")
        self.assertIn(f"keys.txt:2: device {OTHER_DEVICE} has no access key", event["detail"])
        self.assert_allowed(self.device, OWN_KEY)
        self.write_keys(f"{before}# and nothing else\n")


if __name__ == "__main__":
    main()
