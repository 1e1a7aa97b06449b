"""A device whose key is in a PKCS#11 token (SoftHSM) uploads through the gateway."""

from support.card import Card
from support.case import EndToEndTest, main
from support.gateway import start_gateway
from support.openssl_pki import OpensslPki
from support.soft_token import MODULE, keep_tokens_in, make_token, softhsm
from support.store import not_with, start_store

DEVICE = "AABBCCDD"
PIN = "123456"


@not_with("swift", "its access keys have a colon, which no configuration of a device takes")
class DeviceKeyInToken(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        # It has less than a third of its life left: a device whose key is in a file would renew it.
        cls.identity = cls.pki.device(DEVICE, dates=("-startdate", "20240101000000Z", "-days", "30"))
        cls.store = start_store(cls)
        cls.gateway = start_gateway(cls, cls.pki, cls.store.endpoint)
        cls.make_token()

    @classmethod
    def make_token(cls):
        keep_tokens_in(cls)
        make_token("logger", PIN)
        softhsm("--import", cls.identity.key, "--token", "logger", "--label", "device", "--id", "01", "--pin", PIN)

    def new_card(self, name, pin):
        """A card without a key: a URI stands in its place."""
        card = Card(self.folder / name, self.identity, self.pki.root, self.gateway.port, self.store)
        pin_file = self.folder / f"{name}.pin"
        pin_file.touch(mode=0o600)
        pin_file.write_text(pin + "\n")
        uri = f"pkcs11:token=logger;object=device?module-path={MODULE}&pin-source=file:{pin_file}\n"
        (card.folder / "certs_device.key").write_text(uri)
        return card

    def test_it_signs_handshakes_of_both_versions_of_tls(self):
        for name, options in ("tls12", ()), ("tls13", ("--modern",)):
            with self.subTest(name):
                card = self.new_card(name, PIN)
                file = card.add_log_file(1, 1, 100_000)
                done = card.upload(*options)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertFalse(file.exists())
                self.assertNotIn("device.csr", done.stdout)
                self.assertEqual(list(card.folder.glob("*.next")), [], "no key outside of the token")

    def test_a_wrong_pin_is_told_but_not_shown(self):
        card = self.new_card("wrong", "654321")
        file = card.add_log_file(1, 1, 100_000)
        done = card.upload()
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("the token 'logger': wrong PIN", done.stderr)
        self.assertNotIn("654321", done.stdout + done.stderr)
        self.assertTrue(file.exists())


if __name__ == "__main__":
    main()
