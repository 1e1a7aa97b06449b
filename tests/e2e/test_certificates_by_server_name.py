"""One listener shows each client the certificate of the name that it asked for, and holds it to that name."""

import ssl

from support.case import main
from support.fleet import FleetTest
from support.https_client import NamedConnection, tls_context

TARGET = "/fleet/AABBCCDD/device.json"


class CertificatesByServerName(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki.server("exact", names="DNS:one.fleet.test")
        cls.pki.server("wildcard", names="DNS:*.fleet.test,DNS:two.fleet.test")
        text = cls.gateway.configuration.read_text()
        more = ", ".join(
            f"{{chain: {cls.pki.folder / name}.pem, key: {cls.pki.folder / name}.key}}"
            for name in ("exact", "wildcard")
        )
        cls.text = text.replace(
            "}]\ndevices:", f"}}, {more}]\n    hosts: [127.0.0.1, one.fleet.test, two.fleet.test, x.fleet.test]\ndevices:"
        )
        cls.publish(cls.text)

    @classmethod
    def publish(cls, text):
        cls.gateway.put_in_force(text)

    def shown(self, name):
        """The names of the certificate that a client gets who asks for `name`."""
        context = tls_context(self.pki, self.device)
        context.check_hostname = False
        with NamedConnection(self.gateway.port, context, name) as connection:
            return {value for kind, value in connection.tls.getpeercert()["subjectAltName"]}

    def test_each_name_gets_its_certificate(self):
        self.assertEqual(self.shown("one.fleet.test"), {"one.fleet.test"})
        self.assertEqual(self.shown("ONE.fleet.test"), {"one.fleet.test"})
        self.assertEqual(self.shown("two.fleet.test"), {"*.fleet.test", "two.fleet.test"})
        self.assertEqual(self.shown("x.fleet.test"), {"*.fleet.test", "two.fleet.test"})
        self.assertIn("localhost", self.shown("a.b.fleet.test"), "nobody's name gets the first certificate")
        self.assertIn("localhost", self.shown("127.0.0.1"), "no name gets the first certificate")

    def test_host_repeats_the_name_of_the_handshake(self):
        context = self.context(self.device)
        for name, host, status in (
            ("one.fleet.test", None, 200),
            ("one.fleet.test", "ONE.fleet.test", 200),
            ("one.fleet.test", "two.fleet.test", 421),
            ("two.fleet.test", "one.fleet.test", 421),
            ("two.fleet.test", f"127.0.0.1:{self.gateway.port}", 421),
            ("127.0.0.1", "one.fleet.test", 200),  # an address is no server name: nothing was asked for
            ("127.0.0.1", "elsewhere.test", 421),
        ):
            with self.subTest(name=name, host=host):
                with NamedConnection(self.gateway.port, context, name, host) as connection:
                    answer = connection.request(self.signer, "PUT", TARGET, b"{}")
                    self.assertEqual(answer.status, status)

    def test_new_certificate_is_shown_to_the_next_client_while_an_upload_goes_on(self):
        uploading = self.connect(self.device)
        target = "/fleet/AABBCCDD/00000001/00000001-5E0BE100.MF4"
        size = 4 << 20
        signed = self.signer.sign("PUT", target, uploading.host)
        uploading.send_head("PUT", target, signed + [("Content-Length", size)])
        uploading.send(bytes(size // 2))
        generation = self.gateway.generation()
        self.pki.server("exact", names="DNS:one.fleet.test,DNS:renewed.test")
        self.gateway.wait_for_generation_after(generation)
        self.assertEqual(self.shown("one.fleet.test"), {"one.fleet.test", "renewed.test"})
        uploading.send(bytes(size // 2))
        self.assertEqual(uploading.read_answer("PUT").status, 200)

    def check_fault(self, text, what):
        failed = len(self.gateway.events("reload", result="failed"))
        self.gateway.write_configuration(text)
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        self.assertIn(what, event["detail"])
        self.assertEqual(self.shown("one.fleet.test") & {"one.fleet.test"}, {"one.fleet.test"})
        self.publish(self.text)

    def test_faulty_certificates_change_nothing(self):
        exact = f"{self.pki.folder / 'exact'}"
        wildcard_key = f"{self.pki.folder / 'wildcard'}.key"
        self.check_fault(self.text.replace(f"{exact}.key", wildcard_key), "the private key does not fit")
        broken = self.folder / "broken.pem"
        broken.write_text(self.pki.folder.joinpath("exact.pem").read_text() + self.pki.device_ca.read_text())
        self.check_fault(self.text.replace(f"{exact}.pem", str(broken)), "was not issued by the certificate behind it")

    def test_chain_is_held_against_what_devices_hold(self):
        """What no client can tell from the chain alone: that the certificate in between is missing."""
        below = self.pki.server("below", names="DNS:one.fleet.test", issuer="device-ca")
        exact = f"{{chain: {self.pki.folder / 'exact'}.pem, key: {self.pki.folder / 'exact'}.key}}"
        text = self.text.replace(exact, f"{{chain: {below.chain}, key: {below.key}, anchors: {self.pki.root}}}")
        self.check_fault(text, "the certificate of CN=Test Device CA is missing; add it to the chain file")
        self.publish(text.replace(str(self.pki.root) + "}", str(self.pki.device_ca) + "}"))
        self.publish(self.text)
        below.chain.write_text(below.chain.read_text() + self.pki.device_ca.read_text())
        self.publish(text)
        self.publish(self.text)

    def test_session_of_one_name_is_worth_nothing_under_another(self):
        """RFC 6066 3: on the same listener, too."""
        for version, tickets in ((ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, True)):
            with self.subTest(version=version):
                context = tls_context(self.pki, self.device, version=version, tickets=tickets)
                context.check_hostname = False
                with NamedConnection(self.gateway.port, context, "one.fleet.test") as connection:
                    connection.request(self.signer, "PUT", TARGET, b"{}")
                    session = connection.tls.session
                for name, resumes in (("one.fleet.test", True), ("two.fleet.test", False), ("127.0.0.1", False)):
                    with NamedConnection(self.gateway.port, context, name, session=session) as connection:
                        connection.request(self.signer, "PUT", TARGET, b"{}")
                        self.assertEqual(connection.tls.session_reused, resumes, name)


if __name__ == "__main__":
    main()
