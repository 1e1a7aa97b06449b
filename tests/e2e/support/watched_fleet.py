"""A gateway that much was done to, and a browser that shows its status page: devices that are served, refused, revoked,
only claimed, and one on a listener in shadow mode."""

import datetime
import json

from support.browser import browser_of
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.https_client import Connection, knock
from support.openssl_pki import OpensslPki
from support.processes import free_port, wait_until

REVOKED = "DDDD0001"
ENDS_SOON = "EEEE0001"
CLAIMED = "5A110001"
KNOWN = {DEVICE, OTHER_DEVICE, REVOKED, ENDS_SOON, CLAIMED}
BODY = b"x" * 3000


class WatchedFleetTest(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser_of(cls)
        cls.configure()
        cls.make_traffic()

    @classmethod
    def prepare(cls):
        def device(device, days):
            return cls.pki.device(device, f"{device}-{days}-days", dates=("-enddate", cls.date_in(days)))

        cls.device, cls.other = device(DEVICE, 400), device(OTHER_DEVICE, 400)
        cls.revoked = device(REVOKED, 400)
        cls.pki.revoke(cls.revoked)
        cls.ends_soon = device(ENDS_SOON, 10)

    @staticmethod
    def date_in(days):
        then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, minutes=5)
        return then.strftime("%Y%m%d%H%M%SZ")

    @classmethod
    def configure(cls):
        cls.shadow_port = free_port()
        gateway = cls.gateway
        gateway.stop()
        text = gateway.configuration.read_text()
        fleet = text[text.index("  - name: fleet") : text.index("devices:")]
        migration = (
            fleet.replace("name: fleet", "name: migration")
            .replace(f":{gateway.port}", f":{cls.shadow_port}")
            .replace("mode: high", "mode: medium\n    shadow: true")
        )
        text = text.replace(fleet, fleet + migration).replace(
            "authorization:\n",
            "authorization:\n  - {who: credentials, allow: [PutObject, GetObject], on: 'fleet/*'}\n",
        )
        gateway.write_configuration("state: state\n" + text)
        gateway.start()

    @classmethod
    def make_traffic(cls):
        context = lambda identity: cls.context(cls, identity)  # noqa: E731
        for device, identity in ((DEVICE, cls.device), (OTHER_DEVICE, cls.other), (ENDS_SOON, cls.ends_soon)):
            with Connection(cls.gateway.port, context(identity)) as connection:
                connection.request(cls.signer, "PUT", f"/fleet/{device}/00000001/00000001.MF4", BODY)
        with Connection(cls.gateway.port, context(cls.device)) as connection:
            for _ in range(2):
                connection.request(cls.signer, "GET", f"/fleet/{OTHER_DEVICE}/secret.json")
        assert knock(cls.gateway.port, context(cls.revoked), cls.signer)
        foreign = OpensslPki(cls.folder / "foreign")
        assert knock(cls.gateway.port, context(foreign.device(DEVICE)), cls.signer)
        with Connection(cls.shadow_port, context(None)) as connection:
            connection.request(cls.signer, "PUT", f"/fleet/{CLAIMED}/device.json", b"{}")
        wait_until(lambda: cls.all_is_known(), "the gateway knows of all traffic")

    @classmethod
    def known(cls):
        devices = json.loads(cls.gateway.admin("/status?view=devices")[1])["devices"]
        return {device["device"]: device for device in devices}

    @classmethod
    def all_is_known(cls):
        known = cls.known()
        return (
            known.keys() >= KNOWN
            and known[DEVICE]["refusals"]["count"] >= 2
            and known[DEVICE]["claims"]["count"] >= 1
            and known[OTHER_DEVICE]["bytes_in"] >= len(BODY)
        )

    @classmethod
    def page(cls):
        return f"http://127.0.0.1:{cls.gateway.admin_port}/"

    def show(self, **window):
        """The page, freshly loaded."""
        self.browser.see(**{"width": 1280, **window})
        self.browser.open(self.page())
        self.wait_for_update(0)

    def updates(self):
        return int(self.browser.script("return document.documentElement.dataset.loaded || 0"))

    def wait_for_update(self, after):
        wait_until(lambda: self.updates() > after, "the page is up to date", 30)
