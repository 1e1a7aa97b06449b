"""The status page is for those who hold the token, and whatever a device or a damaged file says is text in it, never
code or markup."""

import http.client
import json
import time

from support.browser import browser_of, requires_browser
from support.case import main
from support.device_table import DeviceTable
from support.fleet import DEVICE, FleetTest
from support.gateway import replace_secret_file
from support.https_client import Connection
from support.processes import wait_until

TOKEN = "correct-horse-battery-staple"
SHADOW = "medium\n    shadow: true"
RULE = "  - {who: credentials, allow: [PutObject], on: 'fleet/*'}\n"
CODE = "document.documentElement.dataset.foreign='ran'"
TEXTS = (
    f"<script>{CODE}</script>",
    f"<img src=x onerror={CODE}>",
    f'"><svg onload="{CODE}">',
    f"javascript:{CODE}",
    f"</td></table><iframe srcdoc='<script>parent.{CODE}</script>'>",
    "{{constructor.constructor('return 1')()}}",
    "=HYPERLINK(1)",
    "\u202edlrow",
    "__proto__",
)


class Admin(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser_of(cls)

    def restart(self, table=None, admin="", mode="high"):
        gateway = self.gateway
        gateway.stop()
        text = gateway.configuration.read_text()
        if "state:" not in text:
            text = "state: state\n" + text
        place = f"admin: {{address: 127.0.0.1:{gateway.admin_port}"
        text = text.replace(f"mode: {SHADOW}\n", "mode: high\n").replace(RULE, "")
        if mode != "high":
            text = text.replace("mode: high\n", f"mode: {mode}\n").replace("authorization:\n", f"authorization:\n{RULE}")
        begin = text.index(place)
        text = text[:begin] + place + admin + "}\n" + text[text.index("log:") :]
        gateway.write_configuration(text)
        if table:
            (gateway.folder / "state").mkdir(exist_ok=True)
            (gateway.folder / "state" / "devices").write_bytes(table.finish())
        gateway.start()

    def show(self):
        self.browser.open(f"http://127.0.0.1:{self.gateway.admin_port}/")

    def updates(self):
        return int(self.browser.script("return document.documentElement.dataset.loaded || 0"))

    def wait_until_loaded(self, seconds=30):
        wait_until(lambda: self.updates() > 0, "the page is loaded", seconds)


@requires_browser
class StatusPageTrustsNobody(Admin):
    def test_foreign_text_stays_text(self):
        now = int(time.time())
        table = DeviceTable()
        for text in TEXTS:
            table.add(
                text, now, listener=text, cipher=text, serial=text, refusals=(3, "revoked", text),
                claims=(2, "bad_signature", text), shadow=True, refusal=("revoked", text), denial=("revoked", text),
            )  # fmt: skip
        self.restart(table, mode=SHADOW)
        with Connection(self.gateway.port, self.context(self.device)) as connection:
            connection.request(self.signer, "PUT", f"/fleet/{DEVICE}/x", b"{}")
            connection.request(self.signer, "GET", f"/fleet/%3Cimg%20src%3Dx%20onerror%3D{CODE.replace(chr(39), '%27')}%3E")
        self.show()
        self.wait_until_loaded()
        expected = {text.replace("\u202e", "\\u202e") for text in TEXTS}  # what cannot be seen is spelled out
        for section in ("#devices", "#shadow"):
            self.assertEqual(set(self.browser.column(section, "Device")) - {DEVICE}, expected)
        foreign = (
            "return [document.documentElement.dataset.foreign || '', "
            "document.querySelectorAll('script').length, document.querySelectorAll('main img, iframe, svg').length]"
        )
        self.assertEqual(self.browser.script(foreign), ["", 1, 0])
        self.assertEqual(self.browser.complaints(), [], "nothing was even tried")
        self.browser.picture("foreign-text")
        code, text = self.gateway.admin("/status?view=devices&format=csv")
        self.assertEqual(code, 200)
        for cell in (cell for line in text.splitlines() for cell in line.split(",")):
            self.assertNotRegex(cell, r'^"?[=+@\t\r]', "a spreadsheet would run it")

    def test_policy_of_the_page(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.admin_port, timeout=5)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        policy = answer.getheader("Content-Security-Policy")
        self.assertTrue(policy.startswith("default-src 'none'; connect-src 'self';"), policy)
        for word in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
            self.assertIn(word, policy)
        for word in ("unsafe", "*", "http:"):
            self.assertNotIn(word, policy)
        self.assertEqual(answer.getheader("X-Content-Type-Options"), "nosniff")
        self.assertEqual(answer.getheader("Referrer-Policy"), "no-referrer")
        self.assertEqual(answer.getheader("Cache-Control"), "no-store")
        self.show()
        inject = f"const s = document.createElement('script'); s.textContent = \"{CODE}\"; document.body.append(s);"
        self.browser.script(inject)
        self.assertIsNone(self.browser.script("return document.documentElement.dataset.foreign || null"))
        self.assertIn("Content Security Policy", " ".join(self.browser.complaints()), "a foreign script is refused")

    def test_without_the_token_it_shows_nothing(self):
        token = self.folder / "token"
        replace_secret_file(token, f"{TOKEN}\n")
        self.restart(admin=f", token: {{file: {token}}}")
        with Connection(self.gateway.port, self.context(self.device)) as connection:
            connection.request(self.signer, "PUT", f"/fleet/{DEVICE}/x", b"{}")
        for target in ("/status", "/status?view=devices", "/status?view=devices&format=csv", "/status?view=events"):
            self.assertEqual(self.gateway.admin(target)[0], 401, target)
        self.show()
        wait_until(lambda: self.browser.script("return document.activeElement.id") == "token", "it asks for the token")
        self.assertNotIn(DEVICE, self.browser.text("body"))
        self.browser.picture("token", whole=False)
        self.browser.press("wrong-" + TOKEN + "\n")
        wait_until(lambda: "does not take" in self.browser.text("#trouble"), "a wrong token is refused")
        self.assertNotIn(DEVICE, self.browser.text("body"))
        self.browser.press(TOKEN + "\n")
        self.wait_until_loaded()
        self.assertIn(DEVICE, self.browser.column("#devices", "Device"))
        self.browser.click(self.browser.find("#download-json"))
        self.assertIn(DEVICE, self.browser.downloaded("sallyport-devices.json"))
        kept = "return [document.cookie, localStorage.length, sessionStorage.length, location.href]"
        cookie, *stored, address = self.browser.script(kept)
        self.assertEqual((cookie, stored), ("", [0, 0]))
        self.assertNotIn(TOKEN, address)
        self.browser.complaints()  # 401 was asked for
        self.show()
        wait_until(lambda: self.browser.script("return document.activeElement.id") == "token", "a reload asks again")
        self.restart()

    def test_a_large_fleet(self):
        """100,000 devices; prints how long what takes."""
        devices = 100_000
        now = int(time.time())
        table = DeviceTable()
        for number in range(devices):
            table.add(
                f"{number:08X}", now - number, not_after=now + 86400 * (number % 700),
                refusals=(1, "wrong_prefix", "GetObject on fleet/x") if number % 1000 == 0 else (0, "", ""),
                use=(number % 50, number * 1000, number * 10),
            )  # fmt: skip
        self.restart(table)
        (restored,) = self.gateway.events("state", result="restored")[-1:]
        known = restored["devices"]
        self.assertEqual(known, devices)
        begin = time.monotonic()
        self.show()
        slowest = 0.0
        while self.updates() == 0:
            asked = time.monotonic()
            self.assertEqual(self.gateway.admin("/healthz")[0], 200)
            slowest = max(slowest, time.monotonic() - asked)
            self.assertLess(time.monotonic() - begin, 120)
        print(f"    {known} devices shown after {time.monotonic() - begin:.1f} s, slowest /healthz {slowest * 1000:.0f} ms")
        self.assertIn(f"{known:,}", self.browser.text("#devices-caption"))
        self.assertLessEqual(len(self.browser.rows("#devices")), 50, "only a page of them is drawn")
        for what, act in (
            ("sort", lambda: self.browser.click(self.browser.title("devices", "Bytes in"))),
            ("filter", lambda: self.browser.write("#device-filter", "000000a")),
        ):
            begin = time.monotonic()
            act()
            self.browser.text("#devices-caption")
            print(f"    {what}: {(time.monotonic() - begin) * 1000:.0f} ms")
        wait_until(lambda: len(self.browser.rows("#devices")) == 17, "the filter finds 17", 10)
        peak = self.gateway.peak_memory_kib()
        began = time.monotonic()
        answer = json.loads(self.gateway.admin("/status?view=devices")[1])
        print(f"    all as JSON in {time.monotonic() - began:.1f} s; peak memory {peak // 1024} MiB")
        self.assertEqual(len(answer["devices"]), known)
        self.assertEqual(self.browser.complaints(), [])


if __name__ == "__main__":
    main()
