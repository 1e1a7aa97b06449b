"""The AWS SDK for JavaScript v3 with its default checksums, through a gateway that signs anew. SALLYPORT_AWS_SDK names a
folder in which npm has installed it (`./test --long` does)."""

import os
import shutil
import unittest
from pathlib import Path

from support.case import main
from support.resigned import STORE_BUCKET, Resigned
from support.store import BUCKET, store_name

SDK = os.environ.get("SALLYPORT_AWS_SDK")


@unittest.skipUnless(SDK and shutil.which("node"), "no SDK: SALLYPORT_AWS_SDK")
class AwsSdkForJavascript(Resigned):
    # radosgw knows no checksums behind a body: the gateway checks them, and sends the body plain.
    chunks = "plain" if store_name() == "radosgw" else "signed"

    def test_with_its_defaults(self):
        script = Path(__file__).parent / "clients" / "aws_sdk.mjs"
        said = self.call(
            "node", script, SDK, self.endpoint, BUCKET, self.large, NODE_EXTRA_CA_CERTS=str(self.pki.root)
        )
        self.assertEqual(said, "all is well\n")
        self.assertEqual(self.store.client.list_objects_v2(Bucket=STORE_BUCKET)["KeyCount"], 0)


if __name__ == "__main__":
    main()
