"""A configuration that cannot be used at a reload changes nothing, and says so."""

from support.case import main
from support.fleet import FleetTest

TARGET = "/fleet/AABBCCDD/device.json"


class BadConfiguration(FleetTest):
    def check_kept(self, text):
        good = self.gateway.configuration.read_text()
        connection = self.connect(self.device)
        failed = len(self.gateway.events("reload", result="failed"))
        self.gateway.write_configuration(text)  # a changed file is a reload
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        print(f"    {event}")
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 0)
        self.assertEqual(
            connection.request(self.signer, "PUT", TARGET, b"{}").status, 200, "an open connection"
        )
        self.assertEqual(
            self.connect(self.device).request(self.signer, "GET", TARGET).status, 200, "a new one"
        )
        self.gateway.put_in_force(good)
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 1)

    def changed(self, old, new):
        text = self.gateway.configuration.read_text()
        self.assertIn(old, text)
        return text.replace(old, new)

    def test_not_yaml(self):
        self.check_kept("listeners: [")

    def test_empty_file(self):
        self.check_kept("")

    def test_unknown_key(self):
        self.check_kept(self.changed("require: chain", "requires: chain"))

    def test_missing_trust(self):
        self.check_kept(self.changed(str(self.pki.trust), "nowhere.pem"))

    def test_no_authorization_for_a_kept_listener(self):
        self.check_kept(self.changed("allow: [PutObject, GetObject, HeadObject]", "allow: [PutEverything]"))


if __name__ == "__main__":
    main()
