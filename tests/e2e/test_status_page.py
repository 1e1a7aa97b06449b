"""The status page in a real browser: what the gateway knows is there, filter, sort and download work with a mouse and
with a keyboard alone, on narrow and wide screens, light and dark; and nothing offends the page's policy."""

import csv
import io
import json

from support.browser import CONTRASTS, NAMES, OVERFLOW, WIDTHS, Keys, requires_browser
from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE
from support.https_client import Connection
from support.processes import wait_until
from support.watched_fleet import BODY, CLAIMED, ENDS_SOON, KNOWN, REVOKED, WatchedFleetTest


@requires_browser
class StatusPage(WatchedFleetTest):
    def setUp(self):
        super().setUp()
        self.show()
        self.addCleanup(lambda: self.assertEqual(self.browser.complaints(), [], "the console is silent"))

    def devices(self):
        return self.browser.column("#devices", "Device")

    def row(self, device):
        (row,) = [row for row in self.browser.rows("#devices") if row[0] == device]
        return " | ".join(row)

    def wait_for_devices(self, expected):
        wait_until(lambda: self.devices() == list(expected), f"the page shows {expected}, not {self.devices()}", 10)

    # ---- what it shows -------------------------------------------------------------------------

    def test_devices_with_what_they_did_and_were_refused(self):
        self.assertEqual(set(self.devices()), KNOWN)
        self.assertIn("wrong_prefix", self.row(DEVICE))
        self.assertIn("untrusted_issuer", self.row(DEVICE), "somebody claimed to be it")
        self.assertIn(f"{len(BODY) / 1024:.1f} KiB", self.row(OTHER_DEVICE))
        self.assertIn("TLSv1.", self.row(OTHER_DEVICE))
        self.assertIn("fleet", self.row(OTHER_DEVICE))
        self.assertIn("revoked", self.row(REVOKED))
        self.assertIn("10 days left", self.row(ENDS_SOON))
        self.assertIn("claimed, not proven", self.row(CLAIMED))

    def test_lists_certificates_listeners_store_shadow_and_events(self):
        text = {
            section: self.browser.text(f"#{section}")
            for section in ("overview", "crls", "certificates", "listeners", "stores", "shadow", "events")
        }
        self.assertIn("CN=Test Device CA", text["crls"])
        self.assertIn("fresh", text["crls"])
        self.assertIn("Test Device CA", text["certificates"])
        self.assertIn("server", text["certificates"])
        self.assertIn("days", text["certificates"])
        self.assertEqual(self.browser.column("#listeners", "Name"), ["fleet", "migration"])
        self.assertIn("medium, shadow", text["listeners"])
        self.assertIn("127.0.0.1", text["stores"])
        self.assertIn("refused: no_certificate", text["shadow"])
        self.assertEqual(self.browser.column("#shadow", "Device"), [CLAIMED])
        self.assertIn("handshake_failed", text["events"])
        self.assertIn("fresh", text["overview"])

    def test_keeps_itself_up_to_date(self):
        before = self.updates()
        with Connection(self.gateway.port, self.context(self.ends_soon)) as connection:
            connection.request(self.signer, "PUT", f"/fleet/{ENDS_SOON}/large.MF4", b"x" * (5 << 20))
        wait_until(lambda: "5.0 MiB" in self.row(ENDS_SOON), "the upload shows up without a click", 30)
        self.wait_for_update(before)

    # ---- filter, sort, download ----------------------------------------------------------------

    def test_filter(self):
        self.browser.write("#device-filter", "wrong_prefix")
        self.wait_for_devices([DEVICE])
        self.assertIn(f"1 of {len(KNOWN)}", self.browser.text("#devices-caption"))
        self.browser.write("#device-filter", REVOKED.lower())  # whole: a part of it may stand in a random serial
        self.wait_for_devices([REVOKED])
        self.browser.write("#device-filter", "nothing like it")
        wait_until(lambda: "Nothing fits" in self.browser.text("#devices"), "an empty table says why")
        self.browser.write("#device-filter", " ")
        for kind, expected in (
            ("refused", {DEVICE, REVOKED}),
            ("claimed", {DEVICE}),
            ("expiring", {ENDS_SOON}),
            ("unproven", {CLAIMED}),
            ("all", KNOWN),
        ):
            self.browser.find(f"#device-kind option[value={kind}]").click()
            wait_until(lambda: set(self.devices()) == expected, f"{kind}: {expected}", 10)
        self.browser.find("#event-level option[value=warning]").click()
        wait_until(
            lambda: set(self.browser.column("#events", "Level")) <= {"warning", "error"}, "only warnings and errors"
        )

    def test_sort(self):
        title = self.browser.title("devices", "Device")
        self.browser.click(title)
        self.assertEqual(self.devices(), sorted(KNOWN))
        self.browser.click(title)
        self.assertEqual(self.devices(), sorted(KNOWN, reverse=True))
        sort = "return document.querySelector('#devices th[aria-sort]')"
        self.assertEqual(self.browser.script(f"{sort}.getAttribute('aria-sort')"), "descending")
        self.browser.click(self.browser.title("devices", "Refusals"))
        self.assertEqual(self.devices()[0], DEVICE, "the most refused first")
        self.assertIn("Refusals", self.browser.script(f"{sort}.textContent"))
        self.browser.click(self.browser.title("devices", "Certificate ends"))
        self.assertEqual(self.devices()[0], ENDS_SOON)
        self.assertEqual(self.devices()[-1], CLAIMED, "who has no certificate is last")

    def test_download(self):
        self.browser.click(self.browser.find("#download-csv"))
        rows = list(csv.DictReader(io.StringIO(self.browser.downloaded("sallyport-devices.csv"))))
        self.assertEqual({row["device"] for row in rows}, KNOWN)
        (row,) = [row for row in rows if row["device"] == DEVICE]
        self.assertEqual((row["refusals"], row["last_refusal"], row["listener"]), ("2", "wrong_prefix", "fleet"))
        self.browser.click(self.browser.find("#download-json"))
        devices = json.loads(self.browser.downloaded("sallyport-devices.json"))["devices"]
        self.assertEqual({device["device"] for device in devices}, KNOWN)

    # ---- everybody can use it ------------------------------------------------------------------

    def test_keyboard_alone(self):
        browser = self.browser
        browser.press(Keys.TAB)
        self.assertEqual(browser.script("return document.activeElement.className"), "skip")
        self.assertGreaterEqual(browser.script("return document.activeElement.getBoundingClientRect().left"), 0)
        browser.press(Keys.ENTER)
        self.assertEqual(browser.script("return document.activeElement.id"), "main")
        browser.tab_to("at.id === 'device-filter'")
        self.assertNotEqual(
            browser.script("return getComputedStyle(document.activeElement).outlineStyle"), "none", "one sees where"
        )
        browser.press("fleet")
        wait_until(lambda: CLAIMED not in self.devices(), "the filter works")
        wait_until(lambda: "row" in browser.text("#announcement"), "a screen reader hears how many are left")
        browser.tab_to("at.id === 'device-kind'")
        browser.press("with ref")
        wait_until(lambda: set(self.devices()) == {DEVICE, REVOKED}, "the selection works")
        browser.tab_to("at.id === 'download-csv'")
        browser.press(Keys.SPACE)
        self.assertIn(DEVICE, browser.downloaded("sallyport-devices.csv"))
        browser.tab_to("at.closest('#devices thead') && at.textContent.startsWith('Device')")
        browser.press(Keys.ENTER)
        self.assertEqual(self.devices(), [DEVICE, REVOKED])
        browser.press(Keys.ENTER)
        self.assertEqual(self.devices(), [REVOKED, DEVICE])
        self.assertIn("descending", browser.text("#announcement"))
        browser.tab_to("at.closest('#events .scroll') === at")  # a region that scrolls can be reached, too

    def test_every_width_light_and_dark(self):
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                with self.subTest(width=width, scheme=scheme):
                    self.show(width=width, scheme=scheme)
                    self.assertEqual(self.browser.script(OVERFLOW), [], "nothing is cut off, no page to scroll sideways")
                    self.assertEqual(self.browser.script(NAMES), [])
                    contrasts = self.browser.script(CONTRASTS)
                    self.assertGreater(contrasts["seen"], 100)
                    self.assertEqual(contrasts["faults"], [], "text stands out by 4.5:1")
                    print(f"    {self.browser.picture(f'{width}-{scheme}')}")


if __name__ == "__main__":
    main()
