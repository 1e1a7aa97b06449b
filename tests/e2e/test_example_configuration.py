"""The example configuration names every key with its default, and the gateway accepts it."""

import re
import shutil
from pathlib import Path

from support.case import EndToEndTest, main
from support.openssl_pki import OpensslPki
from support.processes import program, run

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "gateway.example.yaml"


class ExampleConfiguration(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pki = OpensslPki(cls.folder / "pki")
        server = pki.server()
        shutil.copy(server.chain, cls.folder / "server.chain.pem")
        shutil.copy(server.key, cls.folder / "server.key")
        shutil.copy(pki.device_ca, cls.folder / "device-ca.pem")
        (cls.folder / "crl").mkdir()
        (cls.folder / "crl" / "device-ca.pem").write_text(pki.crl())

    def check(self, text):
        file = self.folder / "gateway.yaml"
        file.write_text(text)
        return run(program("sallyport-gateway"), "check", "--config", file)

    def test_it_is_accepted_as_it_stands(self):
        done = self.check(EXAMPLE.read_text())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_in_front_of_aws_s3(self):
        for name, text in {
            "secrets.txt": "PRDDKN8R6PAAOGTEI53E the-secret\n",
            "aws.credentials": "[default]\naws_access_key_id = KEY\naws_secret_access_key = SECRET\n",
        }.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o600)
        text = (EXAMPLE.parent / "aws-s3.example.yaml").read_text()
        done = self.check(text)
        self.assertEqual(done.returncode, 0, done.stderr)
        for wrong, said in (
            (("region: eu-central-1 ", "region: 'eu central' "), "region: a name such as eu-west-1 is needed"),
            (("addressing: virtual-hosted", "addressing: virtual"), "addressing: 'virtual' is none of: path,"),
            (("acme-prod-logs/eu/}", "acme-prod-logs/eu}"), "a bucket with or without a prefix that ends with '/'"),
            (("  secrets: {file", "  # secrets: {file"), "'signing: resign' needs access_keys.secrets"),
            (("signing: resign", "signing: passthrough"), "belong together"),
            (("https://s3.eu", "http://s3.eu"), ""),
        ):
            done = self.check(text.replace(*wrong))
            self.assertEqual(done.returncode, 2 if said else 0, done.stderr)
            self.assertIn(said, done.stderr)

    def test_its_commented_keys_are_real(self):
        text = re.sub(r"^(\s*)# (workers|hosts|state|extended_key_usage): ", r"\1\2: ", EXAMPLE.read_text(), flags=re.M)
        text = re.sub(r"^  # - ", "  - ", text, flags=re.M)
        text = text.replace("/var/lib/sallyport", "state")
        done = self.check(text)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
