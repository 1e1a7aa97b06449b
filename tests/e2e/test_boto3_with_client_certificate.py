"""An ordinary S3 library with a client certificate works on the device's own prefix."""

import os

from botocore.exceptions import ClientError

from support.case import main
from support.fleet import FleetTest
from support.store import BUCKET, s3_client

MIB = 1 << 20


class Boto3(FleetTest):
    real_store = True

    def setUp(self):
        super().setUp()
        certificate = (str(self.device.chain), str(self.device.key))
        self.client = s3_client(
            f"https://127.0.0.1:{self.gateway.port}",
            self.store.access_key,
            self.store.secret_key,
            verify=str(self.pki.root),
            config={"client_cert": certificate},
        )

    def test_put_get_head_on_the_own_prefix(self):
        key = "AABBCCDD/00000001/00000001-5E0BE100.MF4"
        body = os.urandom(5 * MIB)
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"fw": "01.09.01"})
        self.assertEqual(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read(), body)
        head = self.client.head_object(Bucket=BUCKET, Key=key)
        self.assertEqual((head["ContentLength"], head["Metadata"]), (len(body), {"fw": "01.09.01"}))
        self.assertEqual(
            self.store.client.get_object(Bucket=BUCKET, Key=key)["Body"].read(), body, "as the store has it"
        )

    def test_keys_with_special_characters_keep_their_signature(self):
        key = "AABBCCDD/log of truck+7 (ä)~.MF4"
        self.client.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        self.assertTrue(self.store.has(key))
        self.assertEqual(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read(), b"x")

    def test_range_of_an_object(self):
        self.store.client.put_object(Bucket=BUCKET, Key="AABBCCDD/firmware.bin", Body=bytes(range(256)))
        part = self.client.get_object(Bucket=BUCKET, Key="AABBCCDD/firmware.bin", Range="bytes=16-31")
        self.assertEqual(part["ResponseMetadata"]["HTTPStatusCode"], 206)
        self.assertEqual(part["Body"].read(), bytes(range(16, 32)))

    def test_a_missing_object_is_the_stores_own_404(self):
        with self.assertRaises(ClientError) as caught:
            self.client.get_object(Bucket=BUCKET, Key="AABBCCDD/config-01.09.json")
        self.assertEqual(caught.exception.response["Error"]["Code"], "NoSuchKey")

    def test_another_prefix_is_denied(self):
        self.store.client.put_object(Bucket=BUCKET, Key="11223344/device.json", Body=b"{}")
        with self.assertRaises(ClientError) as caught:
            self.client.get_object(Bucket=BUCKET, Key="11223344/device.json")
        self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDenied")
        with self.assertRaises(ClientError) as caught:
            self.client.put_object(Bucket=BUCKET, Key="11223344/device.json", Body=b"overwritten")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)
        self.assertEqual(
            self.store.client.get_object(Bucket=BUCKET, Key="11223344/device.json")["Body"].read(), b"{}"
        )


if __name__ == "__main__":
    main()
