"""A fleet on its way from Medium to High: shadow mode tells who would be left behind, the ramp enforces it for
some, and then mode high holds for all. Nobody is refused before it is his turn."""

import hashlib
import json

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.imposter import answer
from support.processes import program, run, wait_until

DEVICES = [f"{0x5A110000 + 7 * i:08X}" for i in range(20)]
WITHOUT_CERTIFICATE = set(DEVICES[3:18:3])
REVOKED = DEVICES[8]
LEFT_BEHIND = WITHOUT_CERTIFICATE | {REVOKED}
HALF = 50


def position(device):
    """Where the documentation says that a device stands in the ramp."""
    return int(hashlib.sha256(device.encode()).hexdigest()[:8], 16) % 100


class FleetOnItsWay(FleetTest):
    @classmethod
    def prepare(cls):
        cls.identities = {
            device: None if device in WITHOUT_CERTIFICATE else cls.pki.device(device) for device in DEVICES
        }
        cls.pki.revoke(cls.identities[REVOKED])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.high = cls.gateway.configuration.read_text().replace(
            "authorization:\n",
            "authorization:\n  - {who: credentials, allow: [PutObject, GetObject], on: 'fleet/*'}\n",
        )

    def configure(self, mode):
        """`mode`: the lines that replace the listener's mode."""
        self.gateway.put_in_force(self.high.replace("    mode: high\n", mode))

    def shadow(self, ramp=""):
        self.configure(f"    mode: medium\n    shadow: true\n{ramp}")

    def put(self, device, target=None):
        """The status of an upload of this device with what it has; None when it is not even let in."""
        target = target or f"/fleet/{device}/device.json"
        try:
            with Connection(self.gateway.port, self.context(self.identities[device])) as connection:
                answer = connection.request(self.signer, "PUT", target, b"{}")
                return answer.status, answer.error_code()
        except OSError:
            return None

    def report(self, *options):
        return run(program("sallyport-gateway"), "shadow-report", "--config", self.gateway.configuration, *options)

    def named(self, *options):
        lines = self.report(*options).stdout.splitlines()
        return {line.split()[0] for line in lines if line.split()[0] in DEVICES}


class Walk(FleetOnItsWay):
    def served(self):
        return {device for device in DEVICES if self.put(device) == (200, "")}

    def test_walk(self):
        self.shadow()
        self.assertEqual(self.served(), set(DEVICES), "nothing is refused in shadow mode")
        wait_until(lambda: self.named("--all") == set(DEVICES), "the report knows every device")
        self.check_report()
        self.check_signs_for_operators()

        self.shadow(f"    ramp: {{percent: {HALF}}}\n")
        inside = {device for device in LEFT_BEHIND if position(device) < HALF}
        self.assertTrue(inside and inside != LEFT_BEHIND, "the test's devices stand on both sides")
        self.assertEqual(self.served(), set(DEVICES) - inside)
        self.assertEqual(self.put(next(iter(inside)))[1], "AccessDenied")
        self.assertEqual(self.named(), LEFT_BEHIND)

        someone = min(LEFT_BEHIND - inside)
        self.shadow(f"    ramp: {{percent: 0, devices: [{someone}]}}\n")
        self.assertEqual(self.served(), set(DEVICES) - {someone}, "named devices only")

        self.configure("    mode: high\n")
        self.assertEqual(self.served(), set(DEVICES) - LEFT_BEHIND)

    def check_report(self):
        said = self.report()
        self.assertEqual(said.returncode, 1, "somebody would be refused")
        self.assertEqual(self.named(), LEFT_BEHIND, "exactly those six are named")
        self.assertIn("20 devices seen, 14 would be served by mode high, 6 would not", said.stdout)
        rows = {device["device"]: device for device in json.loads(self.report("--json").stdout)["devices"]}
        self.assertEqual(rows.keys(), set(DEVICES))
        for device, row in rows.items():
            expected = (
                ("no_certificate", 0, False)
                if device in WITHOUT_CERTIFICATE
                else ("revoked" if device == REVOKED else None, 2048, True)
            )
            self.assertEqual((row["reason"], row["key_bits"], row["proven"]), expected, device)
            self.assertEqual(row["requests"], 1)

    def check_signs_for_operators(self):
        self.assertEqual(self.gateway.metric("sallyport_shadow_would_deny_total", reason="no_certificate"), 5)
        self.assertEqual(self.gateway.metric("sallyport_shadow_would_deny_total", reason="revoked"), 1)
        self.assertEqual(self.gateway.metric("sallyport_known_devices"), 20)
        self.assertEqual(self.gateway.metric("sallyport_known_devices", key_bits="2048"), 15)
        self.put(DEVICES[0])
        for device in DEVICES:
            events = self.gateway.events("shadow", device=device)
            self.assertEqual(len(events), 1, f"{device} is told of once, not with each request")
        views = json.loads(self.gateway.admin("/status?view=devices")[1])["devices"]
        self.assertEqual({view["version"] for view in views}, {"TLSv1.3"})
        self.assertEqual({view["device"] for view in views}, set(DEVICES))


class Ramp(FleetOnItsWay):
    def test_data_of_a_device_inside_the_ramp_is_its_own(self):
        """Neither a client without certificate nor another device touches it, whatever they may elsewhere."""
        owner, other, nobody = DEVICES[0], DEVICES[1], DEVICES[3]
        self.shadow(f"    ramp: {{devices: [{owner}]}}\n")
        target = f"/fleet/{owner}/00000001/00000001-5E0BE100.MF4"
        self.assertEqual(self.put(owner, target), (200, ""))
        self.assertEqual(self.put(nobody, target), (403, "AccessDenied"))
        self.assertEqual(self.gateway.wait_for_access(key=target[7:], status=403)["reason"], "no_certificate")
        self.assertEqual(self.put(other, target), (403, "AccessDenied"))
        self.assertEqual(self.put(owner, f"/fleet/{other}/device.json"), (403, "AccessDenied"), "nor it theirs")
        self.assertEqual(self.put(other, f"/fleet/{nobody}/device.json"), (200, ""), "outside nothing changes")

    def test_revoked_device_is_cut_when_the_ramp_reaches_it(self):
        self.shadow()
        with Connection(self.gateway.port, self.context(self.identities[REVOKED])) as connection:
            target = f"/fleet/{REVOKED}/device.json"
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
            self.shadow(f"    ramp: {{devices: [{REVOKED}]}}\n")
            self.assertIsNotNone(refused(lambda: self.answered(connection, target)))

    def answered(self, connection, target):
        if connection.request(self.signer, "PUT", target, b"{}").status == 403:
            raise ConnectionAbortedError("403")

    def test_each_request_of_a_kept_connection_counts(self):
        """Those that show the same as one before them are told of together."""
        self.shadow("    ramp: {percent: 0, devices: [00000000]}\n")  # rules of its own: counts begin anew
        without, with_one = min(WITHOUT_CERTIFICATE), DEVICES[1]

        def counts(device):
            report = json.loads(self.gateway.admin("/status?view=shadow")[1])["devices"]
            (known,) = [known for known in report if known["device"] == device] or [{"requests": 0, "requests_denied": 0}]
            seen = json.loads(self.gateway.admin("/status?view=devices")[1])["devices"]
            sums = [known["bytes_in"] for known in seen if known["device"] == device] or [0]
            return known["requests"], known["requests_denied"], sums[0]

        for device, denied in ((without, 9), (with_one, 0)):
            bytes_before = counts(device)[2]
            with Connection(self.gateway.port, self.context(self.identities[device])) as connection:
                for number in range(9):
                    target = f"/fleet/{device}/0000000{number}.MF4"
                    self.assertEqual(connection.request(self.signer, "PUT", target, b"data").status, 200)
            expected = (9, denied, bytes_before + 9 * len(b"data"))
            wait_until(lambda: counts(device) == expected, f"{device}: {expected}, not {counts(device)}")

    def test_session_from_shadow_mode_is_worth_nothing_under_mode_high(self):
        self.shadow()
        context = self.context(None)
        with Connection(self.gateway.port, context) as connection:
            connection.request(self.signer, "PUT", f"/fleet/{DEVICES[3]}/device.json", b"{}")
            session = connection.tls.session
        with Connection(self.gateway.port, context, session) as connection:
            self.assertFalse(connection.tls.session_reused, "it may have a certificate now, and is asked again")
            status = connection.request(self.signer, "PUT", f"/fleet/{DEVICES[3]}/device.json", b"{}").status
            self.assertEqual(status, 200)
        self.configure("    mode: high\n")
        self.assertIsNotNone(refused(lambda: self.resumed(context, session)))

    def resumed(self, context, session):
        with Connection(self.gateway.port, context, session) as connection:
            connection.request(self.signer, "PUT", f"/fleet/{DEVICES[3]}/device.json", b"{}")

    def test_what_the_store_refuses_makes_no_device_known(self):
        self.shadow()
        invented = "/fleet/FFFFFFFF/device.json"
        before = self.gateway.metric("sallyport_known_devices") or 0
        accept, self.store.reply = self.store.reply, lambda _: answer(403, "Forbidden")
        self.addCleanup(setattr, self.store, "reply", accept)
        with Connection(self.gateway.port, self.context(None)) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", invented, b"{}").status, 403)
        self.gateway.wait_for_access(key="FFFFFFFF/device.json")
        self.assertEqual(self.gateway.metric("sallyport_known_devices") or 0, before)

    def test_nobody_reaches_around_the_ramp(self):
        """Neither by operations that name objects elsewhere, nor where several rules speak about devices."""
        owner = DEVICES[0]
        rules = self.high
        self.addCleanup(setattr, self, "high", rules)
        self.high = rules.replace("allow: [PutObject, GetObject], on: 'fleet/*'", "allow: ['*'], on: 'fleet/*'").replace(
            "store:\n",
            "  - {who: device, allow: [GetObject], on: 'fleet/firmware/{device}/*'}\n"
            "  - {who: device, allow: [GetObject], on: 'fleet/{device}.json'}\nstore:\n",
            1,
        )
        self.shadow(f"    ramp: {{devices: [{owner}]}}\n")
        reached = len(self.store.requests)
        with Connection(self.gateway.port, self.context(None)) as connection:
            for method, target, headers in (
                ("PUT", "/fleet/stolen", [("x-amz-copy-source", f"/fleet/{owner}/secret")]),
                ("POST", "/fleet?delete=", []),
                ("GET", f"/fleet?list-type=2&prefix={owner}%2F", []),
                ("GET", f"/fleet/{owner}/secret", []),
                ("GET", f"/fleet/firmware/{owner}/secret", []),
                ("GET", f"/fleet/{owner}.json", []),
            ):
                with self.subTest(method=method, target=target):
                    answer = connection.request(self.signer, method, target, headers=headers)
                    self.assertEqual(answer.status, 403)
            answer = connection.request(self.signer, "GET", f"/fleet/{DEVICES[3]}/x")
            self.assertEqual(answer.status, 404, "what concerns nobody inside is served")
        self.assertEqual(len(self.store.requests), reached + 1)

    def test_ramp_needs_to_see_whose_data_it_is(self):
        text = self.high.replace("    mode: high\n", "    mode: medium\n    shadow: true\n    ramp: {percent: 5}\n")
        for pattern in ("fleet/*/{device}/*", "fleet/{device}*"):
            with self.subTest(pattern=pattern):
                failed = len(self.gateway.events("reload", result="failed"))
                self.gateway.write_configuration(text.replace("fleet/{device}/*", pattern))
                event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
                self.assertIn("does not show where a device's id begins and ends", event["detail"])
        self.shadow()

    def test_switching_shadow_mode_on_cuts_nobody(self):
        """An upload that goes on, and a connection that is kept, of a client that was never asked."""
        self.configure("    mode: medium\n")
        uploading, idle = (Connection(self.gateway.port, self.context(None)) for _ in range(2))
        self.addCleanup(uploading.close)
        self.addCleanup(idle.close)
        small = f"/fleet/{DEVICES[3]}/device.json"
        self.assertEqual(idle.request(self.signer, "PUT", small, b"{}").status, 200)
        target, size = f"/fleet/{DEVICES[3]}/00000001/00000001-5E0BE100.MF4", 1 << 20
        uploading.send_head(
            "PUT", target, self.signer.sign("PUT", target, uploading.host) + [("Content-Length", size)]
        )
        uploading.send(bytes(size // 2))
        self.shadow()
        uploading.send(bytes(size // 2))
        self.assertEqual(uploading.read_answer("PUT").status, 200)
        self.assertEqual(idle.request(self.signer, "PUT", small, b"{}").status, 200)
        self.configure("    mode: medium\n")
        self.assertEqual(idle.request(self.signer, "PUT", small, b"{}").status, 200)

    def test_refused_device_is_answered_and_told_of(self):
        self.shadow()
        target = f"/fleet/{REVOKED}/device.json"
        with Connection(self.gateway.port, self.context(self.identities[REVOKED])) as connection:
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
            self.assertEqual(connection.request(self.signer, "GET", "/fleet/a/../b").status, 400)
        wait_until(lambda: REVOKED in self.named(), "one odd request hides nothing")
        self.shadow(f"    ramp: {{devices: [{REVOKED}]}}\n")
        self.assertEqual(self.put(REVOKED), (403, "AccessDenied"))
        self.assertEqual(self.gateway.wait_for_access(device=REVOKED, status=403)["reason"], "revoked")
        self.assertIn(REVOKED, self.named())

    def test_strangers_cannot_fill_the_report(self):
        self.shadow("    ramp: {percent: 100}\n")
        before = self.gateway.metric("sallyport_known_devices") or 0
        with Connection(self.gateway.port, self.context(None)) as connection:
            for i in range(50):
                status = connection.request(self.signer, "GET", f"/fleet/{0xF0000000 + i:08X}/x").status
                self.assertEqual(status, 403)
        self.gateway.wait_for_access(key="F0000031/x")
        self.assertEqual(self.gateway.metric("sallyport_known_devices") or 0, before)
        self.assertEqual(self.gateway.events("shadow", device="F0000001"), [])


if __name__ == "__main__":
    main()
