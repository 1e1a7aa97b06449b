"""A device that still sends an expired CA certificate gets in while a renewed one of the same CA is known."""

import datetime
import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import refused

TARGET = "/fleet/{}/device.json"
LIFETIME = 6


class RenewedIntermediate(FleetTest):
    @classmethod
    def prepare(cls):
        cls.seen, cls.unseen = cls.pki.device("AA000001"), cls.pki.device("AA000002")

    def enter(self, identity):
        answer = self.connect(identity).request(self.signer, "PUT", TARGET.format(identity.id), b"{}")
        if answer.status != 200:
            raise ConnectionAbortedError(answer.status)

    def test_whether_it_was_seen_before_or_not(self):
        generation = self.gateway.generation()
        text = self.gateway.configuration.read_text().replace("require: chain", "require: leaf")
        trust = f"trust: [{self.pki.root}]\n  intermediates: [{self.pki.device_ca}]"
        self.gateway.write_configuration(text.replace(f"trust: [{self.pki.trust}]", trust))
        self.gateway.wait_for_generation_after(generation)

        short_lived = self.pki.folder / "short-lived-ca.pem"
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LIFETIME)
        self.pki.renew_device_ca(short_lived, ("-enddate", end.strftime("%Y%m%d%H%M%SZ")))
        for identity in (self.seen, self.unseen):
            chain = identity.chain.read_text()
            identity.chain.write_text(chain.replace(self.pki.device_ca.read_text(), short_lived.read_text()))
        self.enter(self.seen)
        time.sleep(LIFETIME + 2)  # a certificate's end is a moment in time; there is no event to wait for
        self.assertIsNone(refused(lambda: self.enter(self.unseen)))
        self.assertIsNone(refused(lambda: self.enter(self.seen)), "what was verified before has aged since")


if __name__ == "__main__":
    main()
