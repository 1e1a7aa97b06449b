"""Short device keys are refused as such, unless a listener lets them in knowingly, and then only there."""

from support.case import main
from support.fleet import FleetTest
from support.processes import free_port, program, run

TARGET = "/fleet/{}/device.json"


class WeakDeviceKeys(FleetTest):
    @classmethod
    def prepare(cls):
        cls.weak = {bits: cls.pki.device(f"{bits:08}", key_bits=bits) for bits in (1024, 512)}
        weak_ca = cls.pki.authority("weak-ca", issuer="device-ca", bits=1024)
        cls.below_weak_ca = cls.pki.device_of("weak-ca", "0000CA00", [weak_ca, cls.pki.device_ca])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.ports = {bits: free_port() for bits in (1024, 512)}
        text = cls.gateway.configuration.read_text()
        certificates = next(line for line in text.splitlines() if "certificates:" in line)
        listeners = "".join(
            f"  - name: weak-{bits}\n    address: 127.0.0.1:{port}\n    mode: high\n"
            f"    tls: {{device_key_bits: {bits}{more}}}\n{certificates}\n"
            for (bits, port), more in zip(cls.ports.items(), ("", ", broken_keys_let_strangers_in: true"))
        )
        cls.text = text.replace("devices:\n", listeners + "devices:\n")
        cls.gateway.write_configuration(cls.text)
        cls.gateway.start()

    def put(self, port, identity, version="-tls1_2"):
        """With `openssl s_client` at its lowest level: Python's would not use such a key."""
        request = (
            f"PUT {TARGET.format(identity.id)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
            "Connection: close\r\n\r\n{}"
        )
        done = run(
            "openssl", "s_client", "-connect", f"127.0.0.1:{port}", version, "-quiet", "-CAfile", self.pki.root,
            "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-cert", identity.chain, "-key", identity.key,
            "-cert_chain", identity.chain, "-ign_eof", input=request, seconds=20,
        )  # fmt: skip
        return "200 OK" in done.stdout

    def check_refused(self, port, identity):
        seen = len(self.gateway.events("handshake_failed", reason="weak_key"))
        self.assertFalse(self.put(port, identity))
        self.gateway.wait_for_event("handshake_failed", skip=seen, reason="weak_key")

    def test_refused_by_default(self):
        self.assertTrue(self.put(self.gateway.port, self.device))
        for identity in self.weak.values():
            with self.subTest(identity=identity.id):
                self.check_refused(self.gateway.port, identity)

    def test_let_in_where_a_listener_says_so(self):
        self.assertTrue(self.put(self.ports[1024], self.weak[1024]))
        self.assertTrue(self.put(self.ports[1024], self.weak[1024], "-tls1_3"))
        self.assertTrue(self.put(self.ports[1024], self.device))
        self.check_refused(self.ports[1024], self.weak[512])
        self.assertTrue(self.put(self.ports[512], self.weak[512]))
        self.assertTrue(self.put(self.ports[512], self.weak[1024]))

    def test_verdict_of_one_listener_is_not_the_others(self):
        """Verdicts are remembered by the certificate: only under the rules that gave them."""
        self.assertTrue(self.put(self.ports[512], self.weak[1024]))
        self.check_refused(self.gateway.port, self.weak[1024])

    def test_weak_authority_is_refused_everywhere(self):
        for port in (self.gateway.port, *self.ports.values()):
            with self.subTest(port=port):
                self.check_refused(port, self.below_weak_ca)

    def test_said_aloud(self):
        warnings = "\n".join(event["detail"] for event in self.gateway.events("warning"))
        for bits in self.ports:
            self.assertIn(f"listener weak-{bits}: device keys of {bits} bits are let in", warnings)

    def test_broken_keys_need_a_louder_word(self):
        file = self.folder / "quiet.yaml"
        file.write_text(self.text.replace(", broken_keys_let_strangers_in: true", ""))
        done = run(program("sallyport-gateway"), "check", "--config", file)
        self.assertEqual(done.returncode, 2)
        self.assertIn("add 'broken_keys_let_strangers_in: true'", done.stderr)


if __name__ == "__main__":
    main()
