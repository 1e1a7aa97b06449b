"""The built-in policies, denials and rules for some devices and listeners, as a device meets them."""

from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest

RULE = "  - {who: device, allow: [PutObject, GetObject, HeadObject], on: 'fleet/{device}/*'}\n"
LOG = "/00000004/00000189-5E0BE100.MF4"
OWN = f"/fleet/{DEVICE}"
OTHER = f"/fleet/{OTHER_DEVICE}"


class Policies(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.configuration = cls.gateway.configuration.read_text()

    def govern(self, *rules):
        """Makes these the gateway's rules."""
        assert RULE in self.configuration
        text = "".join(f"  - {rule}\n" for rule in rules)
        self.gateway.put_in_force(self.configuration.replace(RULE, text))

    def send(self, method, target, headers=(), identity=None):
        """Sends one request of the device. Nothing that is refused may reach the store."""
        before = len(self.store.requests)
        body = b"x" if method == "PUT" and not headers else b""
        with self.connect(identity or self.device) as connection:
            status = connection.request(self.signer, method, target, body, headers).status
        reached = len(self.store.requests) - before
        self.assertEqual(reached, 0 if status in (400, 403) else 1, f"{method} {target}: {status}")
        return status

    def assert_allowed(self, method, target, headers=(), identity=None):
        # The store has not everything that is asked for.
        self.assertIn(self.send(method, target, headers, identity), (200, 404), f"{method} {target}")

    def assert_refused(self, method, target, headers=(), identity=None):
        self.assertIn(self.send(method, target, headers, identity), (400, 403), f"{method} {target}")

    def test_canedge_device(self):
        self.govern("{use: canedge-device, bucket: fleet}")
        for method, name in (
            ("HEAD", "/config-01.09.json"),
            ("GET", "/config-01.09.json"),
            ("PUT", "/config-01.09.json"),
            ("PUT", "/schema-01.09.json"),
            ("PUT", "/device.json"),
            ("HEAD", "/firmware.bin"),
            ("GET", "/certs_server.p7b"),
            ("PUT", LOG),
        ):
            self.assert_allowed(method, OWN + name)
            self.assert_refused(method, OTHER + name)
        for method, target in (
            ("PUT", OWN + "/firmware.bin"),
            ("PUT", OWN + "/certs_server.p7b"),
            ("GET", OWN + LOG),
            ("DELETE", OWN + LOG),
            ("PUT", OWN + LOG.lower()),
            ("PUT", OWN + "/anything"),
            ("POST", OWN + LOG + "?uploads"),
            ("GET", f"/fleet?list-type=2&prefix={DEVICE}%2F"),
        ):
            self.assert_refused(method, target)
        self.assert_refused("PUT", OWN + "/device.json", [("x-amz-copy-source", OWN + "/config-01.09.json")])

    def test_prefix_owner(self):
        self.govern("{use: prefix-owner, bucket: fleet}")
        for method, query in (
            ("PUT", ""),
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "?uploads"),
            ("PUT", "?partNumber=1&uploadId=u"),
            ("POST", "?uploadId=u"),
            ("DELETE", "?uploadId=u"),
        ):
            self.assert_allowed(method, f"{OWN}/a/b{query}")
            self.assert_refused(method, f"{OTHER}/a/b{query}")
        self.assert_refused("PUT", OWN + "/a?acl")
        self.assert_refused("POST", "/fleet?delete")

    def test_prefix_owner_lists_its_prefix_only(self):
        self.govern("{use: prefix-owner, bucket: fleet}")
        for query in ("list-type=2&", ""):
            self.assert_allowed("GET", f"/fleet?{query}prefix={DEVICE}%2F")
            self.assert_allowed("GET", f"/fleet/?{query}delimiter=%2F&prefix={DEVICE}/00000004/")
            for prefix in (
                f"prefix={OTHER_DEVICE}%2F",
                f"prefix={DEVICE}",
                f"prefix={DEVICE[:4]}",
                f"prefix={DEVICE}%2F..%2F{OTHER_DEVICE}%2F",
                f"prefix={DEVICE}%2F&prefix={OTHER_DEVICE}%2F",
                f"prefix={DEVICE}%2F&%70refix={OTHER_DEVICE}%2F",
                f"Prefix={DEVICE}%2F",
                "prefix=",
                "max-keys=1",
            ):
                self.assert_refused("GET", f"/fleet?{query}{prefix}")

    def test_prefix_owner_copies_its_own_only(self):
        self.govern("{use: prefix-owner, bucket: fleet}")
        for query in ("", "?partNumber=1&uploadId=u"):
            for source in (f"{OWN}/from", f"{OWN[1:]}/from", f"{OWN}/a%20b"):
                self.assert_allowed("PUT", f"{OWN}/to{query}", [("x-amz-copy-source", source)])
                self.assert_refused("PUT", f"{OTHER}/to{query}", [("x-amz-copy-source", source)])
            for source in (
                f"{OTHER}/from",
                f"{OTHER[1:]}/from",
                f"/other/{DEVICE}/from",
                f"{OWN}/../{OTHER_DEVICE}/from",
                f"{OWN}/%2e%2e/{OTHER_DEVICE}/from",
                f"{OWN}%2F..%2F{OTHER_DEVICE}%2Ffrom",
                f"{OWN}/from?versionId=1",
                f"{OWN}/from#x",
                "",
            ):
                self.assert_refused("PUT", f"{OWN}/to{query}", [("x-amz-copy-source", source)])
            twice = [("x-amz-copy-source", f"{OWN}/from"), ("X-Amz-Copy-Source", f"{OTHER}/from")]
            self.assert_refused("PUT", f"{OWN}/to{query}", twice)

    def test_unrestricted_is_not_for_devices(self):
        self.govern(
            "{use: canedge-device, bucket: fleet}", "{use: unrestricted, who: credentials, bucket: fleet}"
        )
        self.assert_allowed("PUT", OWN + "/device.json")
        self.assert_refused("DELETE", OWN + "/device.json")
        self.assert_refused("GET", "/fleet?list-type=2")

    def test_denial_wins(self):
        self.govern(
            "{deny: [PutObject], on: ['fleet/{device}/locked/*', 'fleet/{device}/seal']}",
            "{use: prefix-owner, bucket: fleet}",
        )
        self.assert_allowed("PUT", OWN + "/open/x")
        self.assert_allowed("GET", OWN + "/locked/x")
        for target in ("/locked/x", "/seal", "/locked/x?partNumber=1&uploadId=u"):
            self.assert_refused("PUT", OWN + target)
        self.assert_refused("POST", OWN + "/locked/x?uploads")
        self.assert_refused("PUT", OWN + "/locked/x", [("x-amz-copy-source", OWN + "/open/x")])
        entry = self.gateway.wait_for_access(status=403, key=f"{DEVICE}/seal")
        self.assertEqual(entry["reason"], "action_denied")

    def test_rule_of_some_devices_and_listeners(self):
        self.govern(
            f"{{allow: [PutObject], on: 'fleet/{{device}}/*', devices: [{DEVICE}], listeners: [fleet]}}",
            "{allow: [GetObject], on: 'fleet/{device}/*', devices: ['11*']}",
        )
        self.assert_allowed("PUT", OWN + "/x")
        self.assert_refused("GET", OWN + "/x")
        self.assert_refused("PUT", OTHER + "/x", identity=self.other)
        self.assert_allowed("GET", OTHER + "/x", identity=self.other)


if __name__ == "__main__":
    main()
