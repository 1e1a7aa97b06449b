"""A device's certificate opens its own prefix only, and a refused request never reaches the store."""

from support.case import main
from support.fleet import FleetTest

REFUSED_TARGETS = (
    "/fleet/11223344/device.json",  # another device
    "/fleet/AABBCCDD0/device.json",  # a longer name
    "/fleet/AABBCCD/device.json",  # a shorter one
    "/fleet/aabbccdd/device.json",  # another case
    "/fleet/AABBCCDD",  # the prefix without its slash
    "/fleet/",  # the bucket
    "/fleet/device.json",  # no device at all
    "/other/AABBCCDD/device.json",  # another bucket
    "/fleet/AABBCCDD/../11223344/device.json",
    "/fleet/AABBCCDD/%2e%2e/11223344/device.json",
    "/fleet/AABBCCDD%2f..%2f11223344/device.json",
    "/fleet//AABBCCDD/device.json",
    "//fleet/AABBCCDD/device.json",
    "/fleet/AABBCCDD/a%00b",
)


class OtherPrefix(FleetTest):
    def test_own_prefix_is_allowed(self):
        with self.connect(self.device) as connection:
            answer = connection.request(self.signer, "PUT", "/fleet/AABBCCDD/device.json", b"{}")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.store.requests[-1].start_line, "PUT /fleet/AABBCCDD/device.json HTTP/1.1")

    def test_other_prefixes_are_refused_and_nothing_reaches_the_store(self):
        for method in ("PUT", "GET", "HEAD"):
            for target in REFUSED_TARGETS:
                with self.subTest(method=method, target=target):
                    before = self.store.received
                    with self.connect(self.device) as connection:
                        answer = connection.request(
                            self.signer, method, target, b"{}" if method == "PUT" else b""
                        )
                    self.assertIn(answer.status, (400, 403))
                    if method != "HEAD":
                        self.assertIn(
                            answer.error_code(),
                            ("AccessDenied", "InvalidURI", "InvalidArgument", "InvalidRequest"),
                        )
                    self.assertEqual(self.store.received, before)

    def test_plain_other_prefix_gets_access_denied_with_its_reason_in_the_log(self):
        with self.connect(self.device) as connection:
            answer = connection.request(self.signer, "GET", "/fleet/11223344/device.json")
        self.assertEqual((answer.status, answer.error_code()), (403, "AccessDenied"))
        self.assertIn("application/xml", answer.headers["Content-Type"])
        entry = self.gateway.wait_for_access(status=403, key="11223344/device.json", method="GET")
        self.assertEqual((entry["reason"], entry["device"]), ("wrong_prefix", "AABBCCDD"))

    def test_copy_from_another_prefix_is_refused(self):
        for name in ("x-amz-copy-source", "x_amz_copy_source", "X-Amz_Copy-Source"):
            with self.subTest(name=name):
                before = self.store.received
                with self.connect(self.device) as connection:
                    answer = connection.request(
                        self.signer,
                        "PUT",
                        "/fleet/AABBCCDD/stolen",
                        headers=[(name, "/fleet/11223344/secret")],
                    )
                self.assertIn(answer.status, (400, 403))
                self.assertEqual(self.store.received, before)

    def test_actions_that_are_not_allowed_are_refused(self):
        for method, target in (
            ("DELETE", "/fleet/AABBCCDD/device.json"),
            ("GET", "/fleet?list-type=2&prefix=AABBCCDD/"),
            ("GET", "/fleet/AABBCCDD/device.json?acl"),
            ("PUT", "/fleet/AABBCCDD/device.json?tagging"),
            ("POST", "/fleet/AABBCCDD/device.json?uploads"),
            ("GET", "/"),
        ):
            with self.subTest(method=method, target=target):
                before = self.store.received
                with self.connect(self.device) as connection:
                    answer = connection.request(self.signer, method, target)
                self.assertIn(answer.status, (400, 403, 405))
                self.assertEqual(self.store.received, before)


if __name__ == "__main__":
    main()
