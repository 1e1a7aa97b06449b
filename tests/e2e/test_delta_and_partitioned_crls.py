"""Delta CRLs revoke at once and are never passed over; partitioned CRLs speak about their own certificates."""

from support.case import main
from support.fleet import FleetTest
from support.gateway import Gateway
from support.https_client import Connection, refused

TARGET = "/fleet/{}/device.json"
POINT = "http://crl.test/{}"


class DeltaAndPartitionedCrls(FleetTest):
    @classmethod
    def prepare(cls):
        cls.in_partition = {
            number: cls.pki.device(f"F0F0000{number}", more=f"crlDistributionPoints = URI:{POINT.format(number)}")
            for number in (1, 2)
        }

    def setUp(self):
        super().setUp()
        generation = self.gateway.generation()
        for file in (self.gateway.folder / "crl").iterdir():
            file.unlink()
        self.gateway.publish_crl(self.pki.crl())
        self.gateway.wait_for_generation_after(generation)

    def publish(self, content, name):
        generation = self.gateway.generation()
        self.gateway.publish_crl(content, name)
        return self.gateway.wait_for_generation_after(generation)

    def enter(self, identity):
        with Connection(self.gateway.port, self.context(identity)) as connection:
            answer = connection.request(self.signer, "PUT", TARGET.format(identity.id), b"{}")
            self.assertEqual(answer.status, 200)

    def number_in_force(self):
        return int(self.gateway.metric("sallyport_crl_number"))

    def test_delta_revokes_and_is_remembered(self):
        victim = self.pki.device("ABCD0001")
        connection = self.connect(victim)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET.format(victim.id), b"{}").status, 200)
        base = self.number_in_force()
        self.pki.revoke(victim)
        self.publish(self.pki.delta_crl(base), "delta.pem")
        self.gateway.wait_for_event("connection_cut", device=victim.id, reason="revoked")
        self.assertIsNotNone(refused(lambda: self.enter(victim)))
        self.enter(self.other)
        self.assertEqual(self.number_in_force(), base + 1)

        (self.gateway.folder / "crl" / "delta.pem").unlink()
        self.gateway.reload()
        self.assertIsNotNone(refused(lambda: self.enter(victim)), "a lost file must not un-revoke")

    def test_delta_without_its_base_is_an_alarm(self):
        victim = self.pki.device("ABCD0002")
        self.pki.revoke(victim)
        base = self.number_in_force() + 100
        failed = len(self.gateway.events("reload", result="failed"))
        scope = self.gateway.metric("sallyport_crl_loads_total", result="scope") or 0
        self.gateway.publish_crl(self.pki.delta_crl(base), "delta.pem")
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        self.assertIn(f"needs the complete CRL number {base}", event["detail"])
        self.assertGreater(self.gateway.metric("sallyport_crl_loads_total", result="scope"), scope)
        self.assertEqual(self.gateway.metric("sallyport_config_last_reload_successful"), 0)
        self.enter(self.other)

    def partitions_only(self, *numbers):
        """A gateway of its own, whose only CRLs are those of these partitions."""
        folder = self.folder / f"partitions-{'-'.join(map(str, numbers))}"
        folder.mkdir()
        gateway = Gateway(folder, self.pki, self.store.endpoint)
        for file in (folder / "crl").iterdir():
            file.unlink()
        for number in numbers:
            gateway.publish_crl(self.pki.partitioned_crl(POINT.format(number)), f"{number}.pem")
        self.addCleanup(gateway.stop)
        return gateway.start()

    def knock(self, gateway, identity):
        with Connection(gateway.port, self.context(identity)) as connection:
            return connection.request(self.signer, "PUT", TARGET.format(identity.id), b"{}").status

    def test_partition_speaks_for_its_own(self):
        gateway = self.partitions_only(1)
        self.assertEqual(self.knock(gateway, self.in_partition[1]), 200)
        for stranger in (self.in_partition[2], self.device):
            self.assertIsNotNone(refused(lambda: self.knock(gateway, stranger)))
            gateway.wait_for_event("handshake_failed", device=stranger.id, reason="crl_scope")
        generation = gateway.generation()
        gateway.publish_crl(self.pki.partitioned_crl(POINT.format(2)), "2.pem")
        gateway.wait_for_generation_after(generation)
        self.assertEqual(self.knock(gateway, self.in_partition[2]), 200)
        self.assertIsNotNone(refused(lambda: self.knock(gateway, self.device)), "it names no partition")
        self.assertEqual(gateway.admin("/readyz")[1].count("distribution point"), 2)

    def test_partition_revokes(self):
        gateway = self.partitions_only(1, 2)
        victim = self.pki.device("F0F00003", more=f"crlDistributionPoints = URI:{POINT.format(2)}")
        self.assertEqual(self.knock(gateway, victim), 200)
        self.pki.revoke(victim)
        generation = gateway.generation()
        gateway.publish_crl(self.pki.partitioned_crl(POINT.format(2)), "2.pem")
        gateway.wait_for_generation_after(generation)
        self.assertIsNotNone(refused(lambda: self.knock(gateway, victim)))
        gateway.wait_for_event("handshake_failed", device=victim.id, reason="revoked")
        self.assertEqual(self.knock(gateway, self.in_partition[1]), 200)


if __name__ == "__main__":
    main()
