"""boto3 in the hands of an operator finds what a device stored: names, user metadata and bytes of the reference."""

import calendar
import json
import os
import re
import time
import zlib

from support.card import Card
from support.case import main
from support.fleet import DEVICE, FleetTest
from support.operators import Operators
from support.store import BUCKET, not_with, s3_client

WRITTEN = 1767323045  # 2026-01-02T03:04:05Z
HARDWARE = "00.03/00.01"


@not_with("swift", "its access keys have a colon, which no configuration of a device takes")
class OperatorsRead(FleetTest):
    real_store = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        operators = Operators(cls)
        staff = cls.folder / "staff"
        cls.client = s3_client(
            f"https://127.0.0.1:{operators.port}",
            cls.store.access_key,
            cls.store.secret_key,
            verify=str(cls.pki.root),
            config={"client_cert": (str(staff / "j.doe.pem"), str(staff / "device.key"))},
        )
        cls.addClassCleanup(cls.client.close)
        cls.card = Card(cls.folder / "card", cls.device, cls.pki.root, cls.gateway.port, cls.store)
        cls.card.configure(
            lambda document: document["connect"].update(wifi={"accesspoint": [{"ssid": "Depot 7", "pwd": "x"}]})
        )
        (cls.card.folder / "schema-01.09.json").write_text('{"type": "object"}')
        (cls.card.folder / "device.json").write_text(json.dumps({"fw_ver": "01.09.02", "hw_ver": HARDWARE}))
        cls.contents = {}
        for session, split, size in ((3, 1, 5_000_000), (3, 2, 70_000), (12, 1, 0x10000), (12, 2, 16)):
            file = cls.card.add_log_file(session, split, size)
            os.utime(file, (WRITTEN, WRITTEN))
            cls.contents[f"{session:08d}/{split:08d}"] = file.read_bytes()
        cls.before = int(time.time())
        done = cls.card.upload()
        assert done.returncode == 0, done.stdout + done.stderr
        cls.listed = cls.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{DEVICE}/")["Contents"]

    def get(self, key):
        return self.client.get_object(Bucket=BUCKET, Key=key)

    def logs(self):
        return [entry["Key"] for entry in self.listed if entry["Key"].endswith(".MF4")]

    def test_4_names(self):
        names = [entry["Key"].removeprefix(f"{DEVICE}/") for entry in self.listed]
        pattern = re.compile(r"(\d{8}/\d{8})-([0-9A-F]{8})\.MF4")
        found = [pattern.fullmatch(name) for name in names]
        self.assertEqual({match[1] for match in found if match}, set(self.contents))
        for match in filter(None, found):
            self.assertIn(int(match[2], 16), range(self.before, int(time.time()) + 1), "the time of the upload")
        others = {name for name, match in zip(names, found) if not match}
        self.assertEqual(others, {"config-01.09.json", "schema-01.09.json", "device.json"})

    def test_4_sessions_are_folders(self):
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{DEVICE}/", Delimiter="/")
        self.assertEqual(
            [entry["Prefix"] for entry in listed["CommonPrefixes"]],
            [f"{DEVICE}/00000003/", f"{DEVICE}/00000012/"],
        )

    def test_bytes(self):
        self.assertEqual(len(self.logs()), len(self.contents))
        for key in self.logs():
            name = key.removeprefix(f"{DEVICE}/").split("-")[0]
            self.assertTrue(self.get(key)["Body"].read() == self.contents[name], key)
            target = self.folder / "downloaded"
            self.client.download_file(BUCKET, key, str(target))  # by ranges when it is large
            self.assertTrue(target.read_bytes() == self.contents[name], key)

    def test_4_1_user_metadata(self):
        for key in self.logs():
            metadata = self.client.head_object(Bucket=BUCKET, Key=key)["Metadata"]
            index = metadata.pop("put-index")
            self.assertRegex(index, r"^[1-9]\d*$")
            self.assertEqual(
                metadata, {"hw": HARDWARE, "fw": "01.09.02", "ssid": "Depot 7", "timestamp": "20260102T030405Z"}
            )
            moment = time.strptime(metadata["timestamp"], "%Y%m%dT%H%M%SZ")
            self.assertEqual(calendar.timegm(moment), WRITTEN)

    def test_4_1_put_index_counts(self):
        indexes = [
            int(self.client.head_object(Bucket=BUCKET, Key=entry["Key"])["Metadata"]["put-index"])
            for entry in self.listed
        ]
        self.assertEqual(sorted(indexes), list(range(1, len(self.listed) + 1)))

    def test_5_device_file_is_about_the_stored_configuration(self):
        heartbeat = json.loads(self.get(f"{DEVICE}/device.json")["Body"].read())
        config = self.get(f"{DEVICE}/{heartbeat['cfg_name']}")["Body"].read()
        self.assertEqual(heartbeat["cfg_crc32"], f"{zlib.crc32(config):08X}")
        self.assertEqual(config, (self.card.folder / "config-01.09.json").read_bytes())
        self.assertEqual((heartbeat["id"], heartbeat["fw_ver"], heartbeat["hw_ver"]), (DEVICE, "01.09.02", HARDWARE))

    def test_stored_files_leave_the_card(self):
        self.assertEqual(list((self.card.folder / "LOG").rglob("*.MF4")), [])


if __name__ == "__main__":
    main()
