"""What a list once said is not forgotten: not by a restart without its source, not by a newer list that lacks it,
unless an operator accepts that list."""

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import program, run, wait_until

TARGET = "/fleet/{}/device.json"


class CrlIsRemembered(FleetTest):
    @classmethod
    def prepare(cls):
        cls.revoked = cls.pki.device("DDDD0001")
        cls.pki.revoke(cls.revoked)

    def setUp(self):
        super().setUp()
        text = self.gateway.configuration.read_text()
        if "state:" not in text:
            self.gateway.stop()
            self.gateway.write_configuration("state: state\n" + text)
            self.gateway.start()

    def enter(self, identity):
        with Connection(self.gateway.port, self.context(identity)) as connection:
            answer = connection.request(self.signer, "PUT", TARGET.format(identity.id), b"{}")
            self.assertEqual(answer.status, 200)

    def check_who_gets_in(self):
        self.enter(self.device)
        self.assertIsNotNone(refused(lambda: self.enter(self.revoked)), "a revoked device was let in")

    def test_restart_without_the_source(self):
        self.check_who_gets_in()
        self.gateway.stop()
        source = self.gateway.folder / "crl"
        source.rename(self.gateway.folder / "lost")
        try:
            self.gateway.start()
            self.check_who_gets_in()
            event = self.gateway.events("reload", result="failed")[-1]
            self.assertEqual(event["trigger"], "start")
            self.assertIn("crl", event["detail"])
        finally:
            (self.gateway.folder / "lost").rename(source)

    def test_folder_that_a_reload_brings(self):
        """What is in force at that time is remembered, too."""
        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text.replace("state: state", "state: another"))
        self.gateway.wait_for_generation_after(generation)
        kept = self.gateway.folder / "another" / "crl"
        wait_until(lambda: len(list(kept.glob("*.crl"))) == 1, "the CRL in force is in the new folder")
        self.gateway.stop()
        source = self.gateway.folder / "crl"
        source.rename(self.gateway.folder / "lost")
        try:
            self.gateway.start()
            self.check_who_gets_in()
        finally:
            (self.gateway.folder / "lost").rename(source)

    def test_shrinking_list_needs_an_operator(self):
        forgetful = self.pki.forgetful_crl()
        failed = len(self.gateway.events("reload", result="failed"))
        self.gateway.publish_crl(forgetful)
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        self.assertIn("un-revoke 1", event["detail"])
        self.assertGreater(self.gateway.metric("sallyport_crl_loads_total", result="shrink"), 0)
        self.check_who_gets_in()

        file = self.folder / "accepted.pem"
        file.write_text(forgetful)
        generation = self.gateway.generation()
        done = run(program("sallyport-gateway"), "accept-crl", "--config", self.gateway.configuration, "--crl", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.gateway.wait_for_generation_after(generation)
        self.enter(self.revoked)
        self.gateway.wait_for_event("crl_shrink_accepted")


if __name__ == "__main__":
    main()
