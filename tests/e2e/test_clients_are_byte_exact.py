"""Whatever boto3, the AWS CLI, s3cmd and rclone send, the store receives byte for byte: all requests of the clients
are taken down before the gateway and behind it, for an operator who may use every key."""

import os
import unittest
import urllib.error
import urllib.request

from support.byte_exact import end_to_end
from support.case import main
from support.clients import AWS, RCLONE, Clients
from support.fleet import FleetTest
from support.operators import Operators
from support.store import BUCKET, not_with, store_name
from support.wiretap import Wiretap

KEYS = (
    "plain.MF4",
    "grüße/日本語/🚚.MF4",
    "a b  c",
    "a+b",
    "100%",
    "50%20off",
    "a//b",
    "a///b//",
    "folder/",
    "!\"#$&'()*,-.:;<=>@[]^_`{|}~",
    "what?acl",
)
if store_name() == "minio":  # which takes no key with an empty segment
    KEYS = (*KEYS[:6], "a/~b", "a~/~/b~", *KEYS[8:])


class Tapped(Clients, FleetTest):
    """All that the clients send is taken down before the gateway."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        operators = Operators(cls)
        cls.check_signatures()
        cls.connect_clients(operators, cls.signer.access_key, cls.signer.secret_key)

    @classmethod
    def check_signatures(cls):
        """The gateway has the secret: it holds each request, and each body, against its signature."""
        secrets = cls.folder / "secrets.txt"
        secrets.write_text(f"{cls.signer.access_key} {cls.signer.secret_key}\n")
        secrets.chmod(0o600)
        section = f"access_keys: {{operators: [{cls.signer.access_key}], secrets: {{file: {secrets.name}}}}}\n"
        cls.gateway.put_in_force(cls.gateway.configuration.read_text() + section)

    def compare(self, arrived):
        """The order is the clients': they may use several connections, and the gateway has its own."""
        sent = sorted(map(end_to_end, self.before.requests()), key=repr)
        arrived = sorted(map(end_to_end, arrived), key=repr)
        self.assertGreater(len(sent), 0, "the client sent nothing")
        print(f"{len(sent)} requests ... ", end="", flush=True)
        self.assertEqual([each[:3] for each in arrived], [each[:3] for each in sent])
        self.assertTrue(arrived == sent, "a body has changed")


class TrailersAreByteExact(Tapped):
    """Checksums behind an upload's body, which radosgw does not take."""

    def test_boto3(self):
        client = self.boto3()
        for algorithm in ("CRC32", "SHA256"):
            with open(self.file, "rb") as body:
                client.put_object(Bucket=BUCKET, Key="sum", Body=body, ChecksumAlgorithm=algorithm)
        self.check("crc32", "sha256")

    @unittest.skipUnless(os.access(AWS, os.X_OK), "awscli is not installed")
    def test_aws_cli(self):
        sent = ("--bucket", BUCKET, "--key", "sum", "--body", self.file)
        self.aws("s3api", "put-object", *sent, "--checksum-algorithm", "SHA1")
        self.check("sha1")

    def check(self, *algorithms):
        arrived = self.store.requests[-len(algorithms) :]
        self.compare(arrived)
        self.before.forget()
        for request, algorithm in zip(arrived, algorithms, strict=True):
            self.assertEqual(request.header("x-amz-content-sha256"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            self.assertIn(f"\r\nx-amz-checksum-{algorithm}:".encode(), request.body)


class ClientsAreByteExact(Tapped):
    """The same with radosgw, and a second wiretap before it."""

    real_store = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.behind = Wiretap(cls.store.port)
        cls.addClassCleanup(cls.behind.stop)
        text = cls.gateway.configuration.read_text()
        cls.gateway.stop()
        cls.gateway.write_configuration(
            text.replace(cls.store.endpoint, f"http://127.0.0.1:{cls.behind.port}")
        )
        cls.gateway.start()
        cls.large = cls.folder / "large.MF4"
        cls.large.write_bytes(os.urandom(9 << 20))

    def setUp(self):
        super().setUp()
        self.before.forget()
        self.behind.forget()

    def tearDown(self):
        self.compare(self.behind.requests())

    # ---- boto3 ------------------------------------------------------------------------------------

    def test_boto3_keys(self):
        client = self.boto3()
        for key in KEYS:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"hello")
            self.assertEqual(client.get_object(Bucket=BUCKET, Key=key)["Body"].read(), b"hello", key)
            client.head_object(Bucket=BUCKET, Key=key)
            if "?" not in key:  # in a copy source, some stores take what follows for a version
                source = {"Bucket": BUCKET, "Key": key}
                client.copy_object(Bucket=BUCKET, Key=key + ".copy", CopySource=source)
            client.list_objects_v2(Bucket=BUCKET, Prefix=key, Delimiter="/", StartAfter="a+b &=%")
            client.list_objects(Bucket=BUCKET, Prefix=key, Marker=key)
        client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in KEYS]})
        for key in KEYS:
            client.delete_object(Bucket=BUCKET, Key=key)

    @not_with("swift", "it knows no tags of objects")
    def test_boto3_fields(self):
        client = self.boto3()
        client.put_object(
            Bucket=BUCKET,
            Key="fields",
            Body=b"hello",
            ContentType="application/x-mdf",
            CacheControl="no-cache, max-age=0",
            ContentDisposition='attachment; filename="a  b.MF4"',
            Metadata={"Fw": "01.09.01", "odd-value": 'a  b, "c" = d;'},
            Tagging="a=b&c=d%20e",
            StorageClass="STANDARD",
            ACL="private",
        )
        client.get_object(Bucket=BUCKET, Key="fields", Range="bytes=0-2")
        client.get_object(
            Bucket=BUCKET, Key="fields", ResponseContentDisposition='attachment; filename="ä b+c.txt"'
        )
        client.get_object_tagging(Bucket=BUCKET, Key="fields")
        client.get_object_acl(Bucket=BUCKET, Key="fields")
        client.get_bucket_location(Bucket=BUCKET)
        client.head_bucket(Bucket=BUCKET)

    def test_boto3_multipart(self):
        client = self.boto3()
        upload = client.create_multipart_upload(Bucket=BUCKET, Key=KEYS[1])["UploadId"]
        part = client.upload_part(Bucket=BUCKET, Key=KEYS[1], UploadId=upload, PartNumber=1, Body=b"hello")
        client.list_parts(Bucket=BUCKET, Key=KEYS[1], UploadId=upload, MaxParts=5)
        client.list_multipart_uploads(Bucket=BUCKET, Prefix="grüße/")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(Bucket=BUCKET, Key=KEYS[1], UploadId=upload, MultipartUpload=parts)
        client.upload_file(str(self.large), BUCKET, "large")

    def test_boto3_presigned(self):
        client = self.boto3()
        for key in KEYS:
            for call, method, body in (("put_object", "PUT", b"hello"), ("get_object", "GET", None)):
                url = client.generate_presigned_url(call, Params={"Bucket": BUCKET, "Key": key})
                request = urllib.request.Request(url, data=body, method=method)
                try:
                    with urllib.request.urlopen(request, context=self.client_context) as answered:
                        answered.read()
                except urllib.error.HTTPError as error:
                    self.fail(f"{method} {url}: {error.code}")

    # ---- commands -----------------------------------------------------------------------------------

    @unittest.skipUnless(os.access(AWS, os.X_OK), "awscli is not installed")
    def test_aws_cli(self):
        for key in (KEYS[1], KEYS[2], KEYS[5], KEYS[6]):
            self.aws("s3", "cp", "--only-show-errors", self.file, f"s3://{BUCKET}/{key}")
        self.aws("s3", "cp", "--only-show-errors", f"s3://{BUCKET}/{KEYS[6]}", "-", fails=True)
        self.aws("s3", "mv", "--only-show-errors", f"s3://{BUCKET}/{KEYS[2]}", f"s3://{BUCKET}/moved + %")
        self.aws("s3", "cp", "--only-show-errors", self.large, f"s3://{BUCKET}/large")
        self.aws("s3", "ls", f"s3://{BUCKET}/moved + ")
        self.aws("s3", "rm", "--recursive", "--only-show-errors", f"s3://{BUCKET}/")
        url = self.aws("s3", "presign", f"s3://{BUCKET}/{KEYS[9]}").strip()
        self.call("curl", "--silent", "--cacert", self.pki.root, url)

    def test_s3cmd(self):
        for key in (KEYS[1], KEYS[2], KEYS[3], KEYS[5], KEYS[6]):
            self.s3cmd("put", self.file, f"s3://{BUCKET}/{key}")
            self.s3cmd("info", f"s3://{BUCKET}/{key}")
        self.s3cmd(
            "put",
            "--multipart-chunk-size-mb=5",
            "--add-header=x-amz-meta-a: b c",
            self.large,
            f"s3://{BUCKET}/large",
        )
        self.s3cmd("get", "--force", f"s3://{BUCKET}/{KEYS[6]}", self.folder / "received")
        self.s3cmd("cp", f"s3://{BUCKET}/{KEYS[3]}", f"s3://{BUCKET}/copy + %")
        self.s3cmd("ls", "--recursive", f"s3://{BUCKET}/a b+")
        self.s3cmd("del", "--recursive", "--force", f"s3://{BUCKET}/")

    @unittest.skipUnless(os.access(RCLONE, os.X_OK), "rclone is not installed")
    def test_rclone(self):
        remote = self.rclone_remote(BUCKET)
        for key in (KEYS[1], KEYS[2], KEYS[3], KEYS[5], KEYS[6]):
            self.rclone("copyto", self.file, f"{remote}/{key}")
        self.rclone("copyto", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", self.large, f"{remote}/large")
        self.rclone("cat", f"{remote}/{KEYS[5]}")
        self.rclone("moveto", f"{remote}/{KEYS[3]}", f"{remote}/moved + %")
        self.rclone("lsf", "--recursive", remote)
        self.rclone("delete", remote)


if __name__ == "__main__":
    main()
