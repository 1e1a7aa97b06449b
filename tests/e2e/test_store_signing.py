"""With `signing: resign` the store sees the gateway's signature, its own names, and no key of any client: the real
clients work through it against a store behind TLS, with buckets in the host, that checks every signature."""

import os
import unittest
import urllib.request
from urllib.parse import unquote_plus

from support.case import main
from support.clients import AWS, RCLONE
from support.resigned import STORE_BUCKET, Resigned
from support.store import BUCKET

KEYS = ("plain.MF4", "grüße/日本語.MF4", "a b  c", "a+b", "100%", "folder/x", "!\"#$&'()*,-.:=>@[]^_`{|}~")


class RealClients(Resigned):
    def tearDown(self):
        for key in self.store.client.list_objects_v2(Bucket=STORE_BUCKET).get("Contents", []):
            self.store.client.delete_object(Bucket=STORE_BUCKET, Key=key["Key"])

    def test_boto3_objects(self):
        client = self.boto3()
        for key in KEYS:
            client.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), Metadata={"a": "b c"})
            self.assertEqual(self.stored(key), key.encode())
            got = client.get_object(Bucket=BUCKET, Key=key, Range="bytes=1-3")
            self.assertEqual((got["Body"].read(), got["Metadata"]), (key.encode()[1:4], {"a": "b c"}))
            client.copy_object(Bucket=BUCKET, Key=key + ".copy", CopySource={"Bucket": BUCKET, "Key": key})
            self.assertEqual(self.stored(key + ".copy"), key.encode())
            client.delete_object(Bucket=BUCKET, Key=key)
        self.assertEqual(self.listed(client), sorted(key + ".copy" for key in KEYS))

    def listed(self, client, **options):
        return [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET, **options).get("Contents", [])]

    def test_boto3_lists(self):
        client = self.boto3()
        keys = sorted(KEYS)
        for key in keys:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        self.store.client.put_object(Bucket=STORE_BUCKET, Key="eu/other", Body=b"of somebody else")
        self.assertEqual(self.listed(client), keys)
        self.assertEqual(
            [unquote_plus(key) for key in self.listed(client, EncodingType="url")], keys, "as stores may encode them"
        )
        self.assertEqual(self.listed(client, Prefix="fold"), ["folder/x"])
        self.assertEqual(self.listed(client, StartAfter=keys[2]), keys[3:])
        first = client.list_objects_v2(Bucket=BUCKET, MaxKeys=3)
        self.assertEqual((first["Name"], first["Prefix"]), (BUCKET, ""))
        rest = self.listed(client, ContinuationToken=first["NextContinuationToken"])
        self.assertEqual([each["Key"] for each in first["Contents"]] + rest, keys)
        answer = client.list_objects(Bucket=BUCKET, Delimiter="/", Marker=keys[0])
        self.assertEqual([each["Prefix"] for each in answer["CommonPrefixes"]], ["folder/", "grüße/"])
        self.assertEqual((answer["Name"], answer["Marker"]), (BUCKET, keys[0]))
        versions = client.list_object_versions(Bucket=BUCKET, Prefix="a")
        self.assertEqual(sorted(each["Key"] for each in versions["Versions"]), ["a b  c", "a+b"])

    def test_boto3_multi_delete(self):
        client = self.boto3()
        for key in KEYS:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        self.store.client.put_object(Bucket=STORE_BUCKET, Key="plain.MF4", Body=b"of somebody else")
        answer = client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in KEYS]})
        self.assertEqual(sorted(each["Key"] for each in answer["Deleted"]), sorted(KEYS))
        left = self.store.client.list_objects_v2(Bucket=STORE_BUCKET)
        self.assertEqual([each["Key"] for each in left["Contents"]], ["plain.MF4"])

    def test_boto3_multipart(self):
        client = self.boto3()
        upload = client.create_multipart_upload(Bucket=BUCKET, Key="many")
        self.assertEqual((upload["Bucket"], upload["Key"]), (BUCKET, "many"))
        place = {"Bucket": BUCKET, "Key": "many", "UploadId": upload["UploadId"]}
        part = client.upload_part(PartNumber=1, Body=b"hello", **place)
        self.assertEqual(client.list_parts(**place)["Key"], "many")
        running = client.list_multipart_uploads(Bucket=BUCKET, Prefix="many")
        self.assertEqual([each["Key"] for each in running["Uploads"]], ["many"])
        done = client.complete_multipart_upload(
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}, **place
        )
        self.assertEqual((done["Bucket"], done["Key"]), (BUCKET, "many"))
        self.assertEqual(done["Location"], f"{self.endpoint}/{BUCKET}/many")
        client.upload_file(str(self.large), BUCKET, "large")
        self.assertEqual(self.stored("large"), self.large.read_bytes())

    def test_boto3_errors_name_what_was_asked_for(self):
        client = self.boto3()
        with self.assertRaises(client.exceptions.NoSuchKey) as caught:
            client.get_object(Bucket=BUCKET, Key="missing")
        self.assertNotIn(STORE_BUCKET, str(caught.exception.response))
        self.assertEqual(caught.exception.response["Error"].get("BucketName", BUCKET), BUCKET)

    def test_boto3_presigned(self):
        client = self.boto3()
        for key in KEYS:
            place = {"Bucket": BUCKET, "Key": key}
            for call, method, body in (("put_object", "PUT", b"hello"), ("get_object", "GET", None)):
                url = client.generate_presigned_url(call, Params=place)
                request = urllib.request.Request(url, data=body, method=method)
                with urllib.request.urlopen(request, context=self.client_context) as answered:
                    self.assertEqual(answered.read(), body or b"hello" if method == "GET" else b"")
            self.assertEqual(self.stored(key), b"hello")

    @unittest.skipUnless(os.access(AWS, os.X_OK), "awscli is not installed")
    def test_aws_cli(self):
        self.aws("s3", "cp", "--only-show-errors", self.large, f"s3://{BUCKET}/large one")
        self.assertEqual(self.stored("large one"), self.large.read_bytes())
        self.aws("s3", "cp", "--only-show-errors", self.file, f"s3://{BUCKET}/{KEYS[1]}")
        self.aws("s3", "mv", "--only-show-errors", f"s3://{BUCKET}/{KEYS[1]}", f"s3://{BUCKET}/moved + %")
        self.assertIn("moved + %", self.aws("s3", "ls", f"s3://{BUCKET}/moved"))
        received = self.folder / "received"
        self.aws("s3", "cp", "--only-show-errors", f"s3://{BUCKET}/moved + %", received)
        self.assertEqual(received.read_bytes(), self.file.read_bytes())
        url = self.aws("s3", "presign", f"s3://{BUCKET}/large one").strip()
        self.call("curl", "--silent", "--fail", "--cacert", self.pki.root, "--output", received, url)
        self.assertEqual(received.read_bytes(), self.large.read_bytes())
        self.aws("s3", "rm", "--recursive", "--only-show-errors", f"s3://{BUCKET}/")
        self.assertEqual(self.store.client.list_objects_v2(Bucket=STORE_BUCKET)["KeyCount"], 0)

    def test_s3cmd(self):
        self.s3cmd("put", self.file, f"s3://{BUCKET}/{KEYS[1]}")
        self.s3cmd("put", "--multipart-chunk-size-mb=5", self.large, f"s3://{BUCKET}/large")
        self.s3cmd("get", "--force", f"s3://{BUCKET}/large", self.folder / "received")
        self.assertEqual((self.folder / "received").read_bytes(), self.large.read_bytes())
        self.s3cmd("cp", f"s3://{BUCKET}/{KEYS[1]}", f"s3://{BUCKET}/copy + %")
        self.assertEqual(self.stored("copy + %"), self.file.read_bytes())
        self.assertIn("copy + %", self.s3cmd("ls", "--recursive", f"s3://{BUCKET}/copy"))
        self.s3cmd("del", "--recursive", "--force", f"s3://{BUCKET}/")
        self.assertEqual(self.store.client.list_objects_v2(Bucket=STORE_BUCKET)["KeyCount"], 0)

    @unittest.skipUnless(os.access(RCLONE, os.X_OK), "rclone is not installed")
    def test_rclone(self):
        remote = self.rclone_remote(BUCKET)
        self.rclone("copyto", self.file, f"{remote}/{KEYS[1]}")
        self.rclone("copyto", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", self.large, f"{remote}/large")
        self.assertEqual(self.stored("large"), self.large.read_bytes())
        self.rclone("moveto", f"{remote}/{KEYS[1]}", f"{remote}/moved + %")
        self.assertEqual(self.rclone("lsf", "--recursive", remote).splitlines(), ["large", "moved + %"])
        self.rclone("delete", remote)
        self.assertEqual(self.store.client.list_objects_v2(Bucket=STORE_BUCKET)["KeyCount"], 0)


if __name__ == "__main__":
    main()
