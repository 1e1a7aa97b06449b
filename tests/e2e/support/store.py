"""The real S3 store of a test, and a look into it that does not pass the gateway."""

import hashlib
import os
import secrets
import shutil
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from support.case import CHECKOUT
from support.processes import Program, free_port, wait_until
from support.swift_store import SwiftServers

BUCKET = "fleet"


def s3_client(endpoint, access_key, secret_key, **options):
    """A boto3 client that tries once: a test wants to see the first answer."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"max_attempts": 0},
        connect_timeout=5,
        read_timeout=60,
        **options.pop("config", {}),
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
        **options,
    )


class Store:
    """A running store with an empty bucket `fleet`."""

    def __init__(self, folder, domain="", tls=None, ca=None):
        """`domain`: below which Host names a bucket. `tls`: the certificate with which it speaks TLS, too, on
        `tls_port`; `ca` is whom it is from."""
        self.folder = folder
        self.domain = domain
        self.tls = tls
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.access_key = secrets.token_hex(10).upper()
        self.secret_key = secrets.token_urlsafe(30)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client = s3_client(self.endpoint, self.access_key, self.secret_key)
        self._program = None

    def _answers(self):
        try:
            self.client.list_buckets()
            return True
        except (ClientError, BotoCoreError):
            return False

    def keys(self):
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def has(self, key):
        try:
            self.client.head_object(Bucket=BUCKET, Key=key)
            return True
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise

    def sha256(self, key):
        digest = hashlib.sha256()
        for block in self.client.get_object(Bucket=BUCKET, Key=key)["Body"].iter_chunks(1 << 20):
            digest.update(block)
        return digest.hexdigest()


class RadosStore(Store):
    """Ceph's RADOS gateway."""

    def start(self):
        """Starts it, empty; a second start has the same address and keys."""
        log = self.folder.with_suffix(".log")
        # Not killed with the test: the script has three daemons to end. It does so when its input ends.
        read_end, self._input = os.pipe()
        frontend = ""
        if self.tls:
            frontend = (
                f"ssl_endpoint=127.0.0.1:{self.tls_port} ssl_certificate={self.tls.chain}"
                f" ssl_private_key={self.tls.key}"
            )
        self._program = Program(
            log,
            CHECKOUT / "tests/store/radosgw",
            "run",
            "--until-input-ends",
            "--port",
            self.port,
            "--domain",
            self.domain,
            "--frontend",
            frontend,
            self.folder,
            stdin=read_end,
            dies_with_test=False,
            env=os.environ | {"S3_ACCESS_KEY": self.access_key, "S3_SECRET_KEY": self.secret_key},
        )
        os.close(read_end)
        env = self.folder / "env"
        wait_until(lambda: env.exists() or not self._program.running(), "the store starts", 90)
        if not self._program.running():
            raise AssertionError(f"the store did not start: {log.read_text()}")
        self.client.create_bucket(Bucket=BUCKET)

    def stop(self):
        if self._program:
            os.close(self._input)
            self._program.wait(60)
            self._program = None


class MinioStore(Store):
    """MinIO, where a binary of it is on the PATH."""

    def __init__(self, folder, domain="", tls=None, ca=None):
        super().__init__(folder, domain, tls)
        if tls:  # then it speaks nothing else
            self.port, self.endpoint = self.tls_port, f"https://127.0.0.1:{self.tls_port}"
            self.client = s3_client(self.endpoint, self.access_key, self.secret_key, verify=str(ca))

    def start(self):
        """Starts it, empty; a second start has the same address and keys."""
        shutil.rmtree(self.folder, ignore_errors=True)
        certificates = self.folder / "certs"
        certificates.mkdir(parents=True)
        if self.tls:
            shutil.copy(self.tls.chain, certificates / "public.crt")
            shutil.copy(self.tls.key, certificates / "private.key")
        log = self.folder.with_suffix(".log")
        settings = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key}
        settings |= {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
        if self.domain:
            settings["MINIO_DOMAIN"] = self.domain
        place = ("--address", f"127.0.0.1:{self.port}", "--certs-dir", certificates, self.folder / "data")
        self._program = Program(log, "minio", "server", "--quiet", *place, env=os.environ | settings)
        wait_until(lambda: self._answers() or not self._program.running(), "the store starts", 60)
        if not self._program.running():
            raise AssertionError(f"the store did not start: {log.read_text()}")
        self.client.create_bucket(Bucket=BUCKET)

    def stop(self):
        if self._program:
            self._program.stop()
            self._program = None


class SwiftStore(Store):
    """OpenStack Swift."""

    def __init__(self, folder, domain="", tls=None, ca=None):
        super().__init__(folder, domain, tls)
        self.access_key = f"test:{secrets.token_hex(5)}"
        if tls:
            self.port, self.endpoint = self.tls_port, f"https://127.0.0.1:{self.tls_port}"
        self.client = s3_client(self.endpoint, self.access_key, self.secret_key, verify=str(ca) if tls else None)
        self._servers = SwiftServers(folder, self.port, self.access_key, self.secret_key, domain, tls)

    def start(self):
        """Starts it, empty; a second start has the same address and keys."""
        self._servers.start()
        wait_until(self._answers, "the store starts", 60)
        self.client.create_bucket(Bucket=BUCKET)

    def stop(self):
        self._servers.stop()


STORES = {"radosgw": RadosStore, "minio": MinioStore, "swift": SwiftStore}


def store_name():
    """Which store these tests run with: `./test --store NAME`."""
    return os.environ.get("SALLYPORT_STORE", "radosgw")


def not_with(store, why):
    """Skips a test, or all of a class, with a store that does not have what it needs."""
    return unittest.skipIf(store_name() == store, f"{store}: {why}")


def start_store(test_class, domain="", tls=None):
    """The store of a test class, ended after its last test."""
    ca = test_class.pki.root if tls else None
    store = STORES[store_name()](test_class.folder / "store", domain, tls, ca)
    test_class.addClassCleanup(store.stop)
    test_class.addClassCleanup(store.client.close)
    store.start()
    return store
