"""s3cmd with a client certificate: a second S3 client, written by other people than boto3's."""

import os

from support.case import main
from support.fleet import FleetTest
from support.processes import run

CONFIGURATION = """\
[default]
access_key = {access_key}
secret_key = {secret_key}
bucket_location = us-east-1
host_base = 127.0.0.1:{port}
host_bucket = 127.0.0.1:{port}
use_https = True
ca_certs_file = {root}
ssl_client_cert_file = {chain}
ssl_client_key_file = {key}
max_retries = 1
"""


class S3cmd(FleetTest):
    real_store = True

    def s3cmd(self, *arguments):
        configuration = self.folder / "s3cmd.cfg"
        configuration.write_text(
            CONFIGURATION.format(
                access_key=self.store.access_key,
                secret_key=self.store.secret_key,
                port=self.gateway.port,
                root=self.pki.root,
                chain=self.device.chain,
                key=self.device.key,
            )
        )
        return run("s3cmd", "--config", configuration, "--no-progress", *arguments)

    def test_put_and_get_on_the_own_prefix(self):
        sent = self.folder / "sent.MF4"
        received = self.folder / "received.MF4"
        sent.write_bytes(os.urandom(2 << 20))
        url = "s3://fleet/AABBCCDD/00000001/00000002-5E0BE100.MF4"
        done = self.s3cmd("put", sent, url)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.s3cmd("get", url, received)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(received.read_bytes(), sent.read_bytes())

    def test_another_prefix_is_denied(self):
        sent = self.folder / "sent.json"
        sent.write_text("{}")
        done = self.s3cmd("put", sent, "s3://fleet/11223344/device.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("403 (AccessDenied)", done.stderr)
        self.assertEqual([key for key in self.store.keys() if key.startswith("11223344/")], [])


if __name__ == "__main__":
    main()
