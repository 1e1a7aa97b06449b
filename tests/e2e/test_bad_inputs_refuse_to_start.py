"""A gateway whose files are not in order says so in one line, ends with 2, and listens nowhere."""

import shutil

from support.case import EndToEndTest, main
from support.gateway import Gateway
from support.openssl_pki import OpensslPki
from support.processes import listens, program, run


class BadInputs(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = OpensslPki(cls.folder / "pki")
        cls.server = cls.pki.server()
        cls.gateway = Gateway(cls.folder, cls.pki, "http://127.0.0.1:9", cls.server)
        cls.good = cls.gateway.configuration.read_text()

    def check_refused(self, words, text=None):
        self.gateway.write_configuration(text or self.good)
        for command in ("run", "check"):
            done = run(
                program("sallyport-gateway"), command, "--config", self.gateway.configuration, seconds=20
            )
            output = done.stdout + done.stderr
            self.assertEqual(done.returncode, 2, output)
            lines = output.splitlines()
            self.assertEqual(len(lines), 1, output)
            self.assertIn(words, lines[0])
        self.assertFalse(listens(self.gateway.port) or listens(self.gateway.admin_port))
        print(f"    {lines[0]}")

    def other_file(self, old, name):
        return self.good.replace(str(old), str(self.folder / name))

    def test_good_inputs_pass_the_check(self):
        self.gateway.write_configuration(self.good)
        done = run(program("sallyport-gateway"), "check", "--config", self.gateway.configuration)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_missing_key(self):
        self.check_refused("nowhere.key", self.other_file(self.server.key, "nowhere.key"))

    def test_key_that_others_may_read(self):
        key = self.folder / "lax.key"
        shutil.copy(self.server.key, key)
        key.chmod(0o640)
        self.check_refused("lax.key", self.other_file(self.server.key, "lax.key"))

    def test_key_of_another_certificate(self):
        key = self.folder / "another.key"
        shutil.copy(self.pki.folder / "device.key", key)
        self.check_refused("key does not fit", self.other_file(self.server.key, "another.key"))

    def test_expired_server_certificate(self):
        old = self.pki.server(
            "expired-server", dates=("-startdate", "20240101000000Z", "-enddate", "20240201000000Z")
        )
        text = self.good.replace(str(self.server.chain), str(old.chain)).replace(
            str(self.server.key), str(old.key)
        )
        self.check_refused("expired", text)

    def test_garbage_instead_of_a_certificate(self):
        (self.folder / "garbage.pem").write_text("garbage\n")
        self.check_refused("garbage.pem", self.other_file(self.server.chain, "garbage.pem"))

    def test_missing_crl_folder(self):
        self.check_refused("nowhere", self.good.replace("path: crl/", "path: nowhere/"))


if __name__ == "__main__":
    main()
