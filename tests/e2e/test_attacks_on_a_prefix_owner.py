"""A device that owns its prefix (`use: prefix-owner`) tries to reach beyond it by lists, copies and sub-resources."""

from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest

RULE = "  - {who: device, allow: [PutObject, GetObject, HeadObject], on: 'fleet/{device}/*'}\n"
OWN = f"/fleet/{DEVICE}/x"
OTHER = f"/fleet/{OTHER_DEVICE}/x"
LISTS = [
    "",
    "&prefix=",
    f"&prefix={DEVICE}",  # its prefix without the slash lists what begins like it, too
    f"&prefix={OTHER_DEVICE}%2F",
    f"&prefix={DEVICE}%2F..%2F{OTHER_DEVICE}%2F",
    f"&prefix={DEVICE}%2F%2F",
    f"&prefix={DEVICE}%252F",
    f"&prefix=%2F{DEVICE}%2F",
    f"&prefix={DEVICE}%2F&prefix={OTHER_DEVICE}%2F",
    f"&prefix={DEVICE}%2F&Prefix=",
    f"&prefix={DEVICE}%2F&pre%66ix={OTHER_DEVICE}%2F",
    f"&prefix={DEVICE}%2F;prefix={OTHER_DEVICE}%2F",
    f"&prefix={DEVICE.lower()}%2F",
    f"&prefix={DEVICE}%2F&prefix%00={OTHER_DEVICE}%2F",
    f"&start-after={OTHER_DEVICE}&prefix={DEVICE}",
    f"&delimiter=%2F&prefix={DEVICE}",
]
SOURCES = [
    OTHER,
    OTHER[1:],
    OTHER.replace("/", "%2F"),
    f"/fleet/{DEVICE}/../{OTHER_DEVICE}/x",
    f"/fleet/{DEVICE}/%2e%2e/{OTHER_DEVICE}/x",
    f"{OWN}?versionId=1",
    f"/fleet//{OTHER_DEVICE}/x",
    f"{OWN}#{OTHER}",
    "arn:aws:s3:us-east-1:1:accesspoint/a/object/x",
    f"arn:aws:s3::{OTHER.replace('/fleet', ':fleet')}",
    "/fleet/%31%31223344/x",
    f"/fleet/{DEVICE}%2f..%2f{OTHER_DEVICE}%2fx",
    f"{OWN}?versionId=/../../{OTHER_DEVICE}/x",
    f"{OTHER},{OWN}",
    f"{OTHER} {OWN}",
    f"http://127.0.0.1{OTHER}",
    f"http://127.0.0.1{OWN}",
]
REQUESTS = [
    ("GET", "/fleet?versions"),
    ("GET", "/fleet?uploads"),
    ("POST", "/fleet?delete"),
    ("DELETE", "/fleet"),
    ("PUT", "/fleet?policy"),
    ("PUT", f"{OWN}?acl"),
    ("GET", f"{OWN}?versionId=1"),
    ("DELETE", f"{OWN}?versionId=1"),
    ("PUT", f"{OTHER}?partNumber=1&uploadId=u"),
    ("POST", f"{OTHER}?uploads"),
    ("DELETE", f"{OTHER}?uploadId=u"),
    ("PUT", f"{OWN}?renameObject"),
    ("TRACE", OWN),
    ("MOVE", OWN),
]


class PrefixOwner(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.change_configuration((RULE, "  - {use: prefix-owner, bucket: fleet}\n"))

    def assert_refused(self, method, target, headers=()):
        reached = len(self.store.requests)
        with self.connect(self.device) as connection:
            answer = connection.request(self.signer, method, target, b"", headers)
        self.assertIn(answer.status, (400, 403, 405), f"{method} {target} {headers}")
        self.assertEqual(len(self.store.requests), reached, f"{method} {target} {headers} reached the store")

    def test_lists(self):
        for query in LISTS:
            for kind in ("?list-type=2", "?encoding-type=url"):
                self.assert_refused("GET", f"/fleet{kind}{query}")

    def test_copies(self):
        for source in SOURCES:
            for target in (OWN, f"{OWN}?partNumber=1&uploadId=u"):
                self.assert_refused("PUT", target, [("x-amz-copy-source", source)])
        self.assert_refused("PUT", OWN, [("x_amz_copy_source", OTHER)])
        self.assert_refused("PUT", OWN, [("x-amz-copy-source", OWN), ("X-Amz-Copy-Source", OTHER)])

    def test_requests(self):
        for method, target in REQUESTS:
            self.assert_refused(method, target)

    def test_what_is_its_own_it_may(self):
        with self.connect(self.device) as connection:
            for method, target, headers in (
                ("PUT", OWN, ()),
                ("PUT", OWN, (("x-amz-copy-source", OWN),)),
                ("PUT", OWN, (("x-amz-copy-source", f"{OWN},{OTHER}"),)),  # one key: a comma is a part of it
                ("GET", f"/fleet?list-type=2&prefix={DEVICE}%2F", ()),
                ("DELETE", OWN, ()),
            ):
                answer = connection.request(self.signer, method, target, b"", headers)
                self.assertIn(answer.status, (200, 204, 404), f"{method} {target}")
                self.assertEqual(self.store.requests[-1].start_line.split(" ")[1], target)


if __name__ == "__main__":
    main()
