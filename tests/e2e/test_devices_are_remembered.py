"""What is known of devices outlives a restart, a kill and a crash of the file that keeps it; what cannot be read is set
aside and costs nothing else, and a folder that takes nothing stops nobody."""

import json
import os
import signal
import subprocess
import unittest

from support.case import main
from support.device_table import DeviceTable
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.gateway import Gateway
from support.https_client import Connection
from support.processes import wait_until

BODY = b"x" * 1000


class DevicesAreRemembered(FleetTest):
    def setUp(self):
        super().setUp()
        self.gateway.stop()
        text = self.gateway.configuration.read_text()
        if "state:" not in text:
            self.gateway.write_configuration("state: state\n" + text)
        self.table = self.gateway.folder / "state" / "devices"
        for left in self.table.parent.glob("devices*"):
            left.unlink()
        self.gateway.start()

    def put(self, identity, gateway=None):
        with Connection((gateway or self.gateway).port, self.context(identity)) as connection:
            target = f"/fleet/{identity.id}/device.json"
            self.assertEqual(connection.request(self.signer, "PUT", target, BODY).status, 200)

    def known(self, gateway=None):
        devices = json.loads((gateway or self.gateway).admin("/status?view=devices")[1])["devices"]
        return {device["device"]: device for device in devices}

    def wait_for_bytes(self, device, count):
        wait_until(lambda: self.known().get(device, {}).get("bytes_in") == count, f"{count} bytes of {device}")

    def test_restart(self):
        self.put(self.device)
        with Connection(self.gateway.port, self.context(self.device)) as connection:
            connection.request(self.signer, "GET", f"/fleet/{OTHER_DEVICE}/x")
        wait_until(lambda: self.known()[DEVICE]["refusals"]["count"] == 1, "the refusal is counted")
        self.wait_for_bytes(DEVICE, len(BODY))
        before = self.known()
        self.gateway.stop()
        self.assertEqual(self.table.stat().st_mode & 0o777, 0o600)
        self.gateway.start()
        self.assertEqual(self.known(), before)
        self.put(self.device)
        self.wait_for_bytes(DEVICE, 2 * len(BODY))

    def test_upload_of_the_last_moment_counts(self):
        """Of a connection that the drain ends."""
        connection = self.connect(self.device)
        connection.request(self.signer, "PUT", f"/fleet/{DEVICE}/device.json", BODY)
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.known()[DEVICE]["bytes_in"], len(BODY))

    def test_kill_loses_no_more_than_the_last_seconds(self):
        self.put(self.device)
        wait_until(self.table.exists, "it is written while the gateway runs", 40)
        self.wait_for_bytes(DEVICE, len(BODY))
        self.put(self.other)
        self.gateway.process.signal(signal.SIGKILL)
        self.gateway.process.wait()
        self.gateway.start()
        self.assertIn(DEVICE, self.known())

    def check_set_aside(self, content, said):
        self.gateway.stop()
        aside = len(list(self.table.parent.glob("devices.unusable-*")))
        self.table.write_bytes(content)
        events = len(self.gateway.events("state", result="set_aside"))
        self.gateway.start()
        event = self.gateway.wait_for_event("state", skip=events, result="set_aside")
        self.assertIn(said, event["detail"])
        kept = self.table.with_name(f"devices.unusable-{aside + 1}")
        self.assertEqual(kept.read_bytes(), content, "it is not lost")
        self.assertEqual(self.known(), {})
        self.put(self.device)
        wait_until(lambda: DEVICE in self.known(), "the service goes on")

    def test_file_that_cannot_be_used_is_set_aside(self):
        sound = DeviceTable().add(OTHER_DEVICE, 1_700_000_000).finish()
        for content, said in (
            (b"", "not a table of devices"),
            (sound[: len(sound) // 2], "damaged"),
            (sound[:60] + bytes([sound[60] ^ 1]) + sound[61:], "checksum"),
            (os.urandom(100_000), "not a table of devices"),
            (DeviceTable(version=2).finish(), "version 2"),
        ):
            with self.subTest(said=said, bytes=len(content)):
                self.check_set_aside(content, said)

    def test_table_of_another_hand_is_read(self):
        """The format is what it says, not what this program happens to write."""
        self.gateway.stop()
        self.table.write_bytes(
            DeviceTable().add("0A0B0C0D", 1_790_000_000, refusals=(7, "revoked", "why")).finish()
        )
        self.gateway.start()
        device = self.known()["0A0B0C0D"]
        self.assertEqual((device["refusals"]["count"], device["refusals"]["last"]), (7, "revoked"))
        self.assertEqual(device["last_seen"], 1_790_000_000)

    def test_two_gateways_with_one_folder(self):
        folder = self.folder / "second"
        folder.mkdir()
        second = Gateway(folder, self.pki, self.store.endpoint)
        second.write_configuration(f"state: {self.table.parent}\n" + second.configuration.read_text())
        self.addCleanup(second.stop)
        self.put(self.device)
        second.start()
        event = second.wait_for_event("state", result="not_kept")
        self.assertIn("a state folder of its own", event["detail"])
        self.put(self.device, second)
        self.put(self.other, second)
        wait_until(lambda: len(self.known(second)) == 2, "the second one serves")
        self.wait_for_bytes(DEVICE, len(BODY))
        self.gateway.stop()
        second.wait_for_event("state", seconds=40, result="kept")
        both = self.known(second)
        self.assertEqual(both[DEVICE]["bytes_in"], 2 * len(BODY), "what each of them has seen")
        self.assertEqual(both[OTHER_DEVICE]["bytes_in"], len(BODY))
        second.stop()
        self.assertEqual(len(second.events("state", result="not_kept")), 1)
        self.assertEqual(second.events("state", result="failed"), [], "nor do the CRLs mind")
        self.assertTrue(list((self.table.parent / "crl").iterdir()))
        self.gateway.start()
        self.assertEqual(self.known(), both)

    def test_reload_with_another_folder_replaces_no_table(self):
        others = self.gateway.folder / "others"
        others.mkdir(0o700)
        content = DeviceTable().add("0A0B0C0D", 1_790_000_000).finish()
        (others / "devices").write_bytes(content)
        self.put(self.device)
        usual = self.gateway.configuration.read_text()
        self.addCleanup(self.gateway.put_in_force, usual)
        earlier = len(self.gateway.events("state", result="set_aside"))
        self.gateway.put_in_force(usual.replace("state: state\n", "state: others\n"))
        event = self.gateway.wait_for_event("state", skip=earlier, seconds=40, result="set_aside")
        self.assertEqual((others / "devices.other-1").read_bytes(), content)
        self.assertIn("devices.other-1", event["file"])
        wait_until((others / "devices").exists, "its own is written there", 40)
        self.assertEqual(list(self.known()), [DEVICE])

    def test_read_only_folder_is_read(self):
        """Else each restart would give each device its day's bytes again."""
        state = self.gateway.folder / "state"
        for lock_is_there in (True, False):
            with self.subTest(lock_is_there=lock_is_there):
                self.gateway.stop()
                if subprocess.run(("mount", "-t", "tmpfs", "none", state), capture_output=True).returncode != 0:
                    raise unittest.SkipTest("only root may mount a file system")
                self.addCleanup(subprocess.run, ("umount", "--lazy", state), check=True)
                self.gateway.start()
                self.put(self.device)
                self.gateway.stop()
                before = self.table.read_bytes()
                if not lock_is_there:
                    (state / "devices.lock").unlink()
                subprocess.run(("mount", "-o", "remount,ro", state), check=True)
                not_kept = len(self.gateway.events("state", result="not_kept"))
                self.gateway.start()
                self.assertEqual(self.known()[DEVICE]["bytes_in"], len(BODY))
                if not lock_is_there:
                    event = self.gateway.wait_for_event("state", skip=not_kept, result="not_kept")
                    self.assertIn("Read-only file system", event["detail"])
                self.put(self.device)
                self.gateway.stop()
                self.assertEqual(self.table.read_bytes(), before)

    def test_full_disk_stops_nobody(self):
        state = self.gateway.folder / "state"
        full = ("mount", "-t", "tmpfs", "-o", "size=8k,mode=0700", "none", state)
        if subprocess.run(full, capture_output=True).returncode != 0:
            raise unittest.SkipTest("only root may mount a small file system")
        self.addCleanup(subprocess.run, ("umount", "--lazy", state), check=True)
        (state / "ballast").write_bytes(b"x" * 8192)
        self.put(self.device)
        event = self.gateway.wait_for_event("state", seconds=40, result="failed")
        self.assertIn("devices", event["detail"])
        self.put(self.other)
        wait_until(lambda: self.known().keys() >= {DEVICE, OTHER_DEVICE}, "the service goes on")
        (state / "ballast").unlink()
        wait_until(self.table.exists, "it is written once there is room", 40)


if __name__ == "__main__":
    main()
