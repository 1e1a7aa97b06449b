"""Query parameters that the store passes over, or takes for nothing when they are empty, give a device no other
operation than the one that it is allowed."""

import http.client
import unittest

from support.case import main
from support.fleet import DEVICE, FleetTest
from support.store import store_name

KEY = f"{DEVICE}/log.MF4"
TARGET = f"/fleet/{KEY}"
CONTENT = b"the only copy"
ACTIONS = "AbortMultipartUpload, UploadPart, GetObjectTagging, GetObjectAttributes, PutObjectAnnotation"


class ParametersThatStoresPassOver(FleetTest):
    real_store = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = cls.gateway.configuration.read_text()
        cls.gateway.put_in_force(text.replace("PutObject, GetObject, HeadObject", ACTIONS))

    def setUp(self):
        super().setUp()
        self.store.client.put_object(Bucket="fleet", Key=KEY, Body=CONTENT)

    def ask(self, method, query, body=b""):
        with self.connect(self.device) as connection:
            return connection.request(self.signer, method, TARGET + query, body)

    def ask_store(self, method, query, body=b""):
        """The same request, past the gateway."""
        host = f"127.0.0.1:{self.store.port}"
        connection = http.client.HTTPConnection(host, timeout=20)
        self.addCleanup(connection.close)
        connection.request(method, TARGET + query, body, dict(self.signer.sign(method, TARGET + query, host)))
        answer = connection.getresponse()
        return answer.status, answer.read()

    def content(self):
        return self.store.client.get_object(Bucket="fleet", Key=KEY)["Body"].read()

    def test_neither_reads_nor_writes_nor_deletes(self):
        for method, query in (
            ("DELETE", "?uploadId="),
            ("DELETE", "?uploadId"),
            ("PUT", "?partNumber=1&uploadId="),
            ("PUT", "?partNumber=1"),
            ("PUT", "?annotation&annotationName=n"),
            ("GET", "?attributes"),
            ("GET", "?uploadId="),
        ):
            with self.subTest(f"{method} {query}"):
                answer = self.ask(method, query, b"changed" if method == "PUT" else b"")
                self.assertEqual((answer.status, answer.error_code()), (403, "AccessDenied"))
                self.assertEqual(self.content(), CONTENT)

    def test_what_is_allowed_reaches_the_store(self):
        self.assertEqual(self.ask("GET", "?tagging").status, 200)
        for method, query in (("DELETE", "?uploadId=u"), ("PUT", "?partNumber=1&uploadId=u")):
            answer = self.ask(method, query, b"part" if method == "PUT" else b"")
            self.assertEqual((answer.status, answer.error_code()), (404, "NoSuchUpload"))

    @unittest.skipUnless(store_name() == "radosgw", "another store knows these parameters")
    def test_the_store_alone_would_obey(self):
        self.assertEqual(self.ask_store("GET", "?attributes"), (200, CONTENT))
        self.assertEqual(self.ask_store("PUT", "?partNumber=1", b"changed")[0], 200)
        self.assertEqual(self.content(), b"changed")
        self.assertEqual(self.ask_store("DELETE", "?uploadId=")[0], 204)
        self.assertFalse(self.store.has(KEY))


if __name__ == "__main__":
    main()
