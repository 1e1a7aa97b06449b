"""Real S3 clients as operators use them. They know nothing of client certificates: a wiretap shows one for them."""

import os
import ssl

from support.processes import run
from support.store import s3_client
from support.wiretap import Wiretap

# As in Debian; another one may be first on the PATH.
AWS = "/usr/bin/aws"
RCLONE = "/usr/bin/rclone"


class Clients:
    """For a FleetTest: client -> wiretap (TLS, and the operator's certificate) -> gateway."""

    @classmethod
    def connect_clients(cls, operators, access_key, secret_key):
        cls.access_key, cls.secret_key = access_key, secret_key
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(operators.server.chain, operators.server.key)
        cls.before = Wiretap(operators.port, server, operators.context)
        cls.addClassCleanup(cls.before.stop)
        cls.endpoint = f"https://127.0.0.1:{cls.before.port}"
        cls.client_context = ssl.create_default_context(cafile=str(cls.pki.root))
        cls.file = cls.folder / "sent file.MF4"
        cls.file.write_bytes(os.urandom(100_000))
        cls.environment = os.environ | {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CA_BUNDLE": str(cls.pki.root),
            "AWS_MAX_ATTEMPTS": "1",
            "HOME": str(cls.folder),
        }

    def boto3(self):
        client = s3_client(self.endpoint, self.access_key, self.secret_key, verify=str(self.pki.root))
        self.addCleanup(client.close)
        return client

    def call(self, *command, fails=False, **environment):
        done = run(*command, seconds=120, env=self.environment | environment)
        if not fails:
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr[-2000:]}")
        return done.stdout

    def aws(self, *arguments, **options):
        return self.call(AWS, "--endpoint-url", self.endpoint, *arguments, **options)

    def s3cmd(self, *arguments):
        return self.call(
            "s3cmd",
            f"--access_key={self.access_key}",
            f"--secret_key={self.secret_key}",
            f"--host=127.0.0.1:{self.before.port}",
            f"--host-bucket=127.0.0.1:{self.before.port}",
            "--region=us-east-1",
            f"--ca-certs={self.pki.root}",
            "--no-progress",
            *arguments,
        )

    def rclone_remote(self, bucket):
        return f":s3,provider=Ceph,env_auth=true,region=us-east-1,endpoint='{self.endpoint}':{bucket}"

    def rclone(self, *arguments):
        once = ("--config", "/dev/null", "--ca-cert", self.pki.root, "--retries", "1", "--transfers", "1")
        return self.call(RCLONE, *once, *arguments, AWS_CA_BUNDLE="")
