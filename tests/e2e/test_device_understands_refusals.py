"""Each kind of refusal is a state of its own in device.json and one clear line; the log files stay on the card."""

import datetime
import email.utils

from support.card import Card
from support.case import main
from support.fleet import FleetTest
from support.imposter import ImposterStore, answer
from support.openssl_pki import OpensslPki
from support.processes import free_port


def error(status, code, headers=()):
    """A store that says this to everything."""

    def reply(request):
        body = (
            b"" if request.start_line.startswith("HEAD") else f"<Error><Code>{code}</Code></Error>".encode()
        )
        return answer(status, "No", body, headers)

    return reply


class Refusals(FleetTest):
    @classmethod
    def prepare(cls):
        cls.stranger = OpensslPki(cls.folder / "stranger").device("AABBCCDD")
        cls.late = cls.pki.expired_device("AABBCCD1")
        in_a_year = datetime.datetime.now() + datetime.timedelta(days=365)
        cls.early = cls.pki.device(
            "AABBCCD2",
            dates=(
                "-startdate",
                f"{in_a_year:%Y%m%d}000000Z",
                "-enddate",
                f"{in_a_year + datetime.timedelta(days=1):%Y%m%d}000000Z",
            ),
        )

    def refused(self, name, state, identity=None, port=None, root=None, code=1, prepare=None):
        """Uploads in vain: `state` must be what device.json says. Returns the output."""
        card = Card(
            self.folder / name,
            identity or self.device,
            root or self.pki.root,
            port or self.gateway.port,
            self.signer,
        )
        if prepare:
            prepare(card)
        file = card.add_log_file(1, 1, 10_000)
        done = card.upload()
        output = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, output)
        status = card.device_file()["sallyport"]
        self.assertEqual(status["state"], state, output)
        self.assertEqual(status["last_trouble"]["state"], state)
        self.assertTrue(status["message"])
        self.assertTrue(file.exists())
        shown = card.run("status")
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        self.assertIn(f"state         {state}", shown.stdout)
        return output

    def refused_by_store(self, name, state, reply, code=1):
        store = ImposterStore(reply)
        self.addCleanup(store.stop)
        return self.refused(name, state, port=store.port, code=code, prepare=Card.use_plain_http)

    def test_revoked(self):
        identity = self.pki.device("0BADCAFE")
        generation = self.gateway.generation()
        self.revoke(identity)
        self.gateway.wait_for_generation_after(generation)
        output = self.refused("revoked", "revoked", identity)
        self.assertRegex(output, r"(?m)^refused: this device's certificate is revoked")
        self.assertEqual(output.count("refused:"), 1, "one line")

    def test_expired(self):
        self.assertIn("expired at 2024-02-01", self.refused("expired", "expired", self.late))

    def test_not_yet_valid(self):
        self.assertIn("is not valid before", self.refused("early", "not_yet_valid", self.early))

    def test_unknown_ca(self):
        self.refused("unknown-ca", "unknown_ca", self.stranger)

    def test_server_untrusted(self):
        strange_root = self.folder / "stranger" / "root.pem"
        self.refused("untrusted", "server_untrusted", root=strange_root, code=3)

    def test_network(self):
        self.refused("network", "network", port=free_port(), code=3)

    def test_policy(self):
        self.refused_by_store("policy", "policy", error(403, "AccessDenied"))

    def test_access_key(self):
        def reply(request):
            if request.start_line.startswith("HEAD"):
                return answer(404, "Not Found")
            return error(403, "SignatureDoesNotMatch")(request)

        self.refused_by_store("access-key", "access_key", reply)

    def test_store_down(self):
        self.refused_by_store("store-down", "store_down", error(500, "InternalError"), code=3)

    def test_rate_limit(self):
        self.refused_by_store("rate-limit", "rate_limit", error(429, "SlowDown"), code=3)

    def test_no_bucket(self):
        def reply(request):
            if request.start_line.startswith("HEAD"):
                return answer(404, "Not Found")
            return error(404, "NoSuchBucket")(request)

        self.refused_by_store("no-bucket", "no_bucket", reply)


class Clock(FleetTest):
    """A server whose clock stands a day ahead, as if the device's battery had run out."""

    def setUp(self):
        super().setUp()
        self.ahead = datetime.timedelta(days=1)
        self.strict = ImposterStore(self.reply)
        self.addCleanup(self.strict.stop)

    def reply(self, request):
        now = datetime.datetime.now(datetime.timezone.utc) + self.ahead
        stamp = datetime.datetime.strptime(request.header("x-amz-date") + "+0000", "%Y%m%dT%H%M%SZ%z")
        if abs(now - stamp) < datetime.timedelta(minutes=15):
            return self.strict._store(request)
        date = ("Date", email.utils.format_datetime(now, usegmt=True))
        return error(403, "RequestTimeTooSkewed", [date])(request)

    def card(self, name, rtc_sync):
        card = Card(self.folder / name, self.device, self.pki.root, self.strict.port, self.signer)
        card.use_plain_http()
        card.configure(lambda document: document.update(rtc={"sync": rtc_sync}))
        card.add_log_file(1, 1, 10_000)
        return card

    def test_is_set_when_the_network_may(self):
        card = self.card("network-time", 2)
        done = card.upload()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^clock set \+86\d{3} s$")
        self.assertEqual(card.device_file()["sallyport"]["state"], "ok")

    def test_is_left_alone_otherwise(self):
        card = self.card("own-time", 0)
        done = card.upload()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertNotIn("clock set", done.stdout)
        self.assertEqual(card.device_file()["sallyport"]["state"], "clock_wrong")


if __name__ == "__main__":
    main()
