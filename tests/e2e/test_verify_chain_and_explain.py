"""`verify-chain` and `explain` say beforehand who would be let in, why not, and which CRL decides."""

import json
from datetime import datetime, timedelta

from support.case import EndToEndTest, main
from support.gateway import Gateway
from support.openssl_pki import OpensslPki, openssl, serial
from support.processes import program, run

DEVICE = "AABBCCDD"
OWN = f"PUT /fleet/{DEVICE}/00000001/00000001-5E0BE100.MF4"
HOUR = 3600
LIFETIME = HOUR  # of the CRL
GRACE = 24 * HOUR  # in the configuration

# What, whose certificate, seconds after thisUpdate, words of verify-chain and of explain, state of the CRL.
# The word "ok" means let in. No state: the certificate is refused before any CRL is asked.
CASES = [
    ("good", "good", 60, "ok", "ok", "fresh"),
    ("last second of the CRL", "good", LIFETIME, "ok", "ok", "due"),
    ("first second of the grace", "good", LIFETIME + 1, "ok", "ok", "grace"),
    ("last second of the grace", "good", LIFETIME + GRACE, "ok", "ok", "grace"),
    ("beyond the grace", "good", LIFETIME + GRACE + 1, "crl_expired", "crl_expired", "closed"),
    ("revoked", "revoked", 60, "revoked", "revoked", "fresh"),
    ("revoked, CRL in grace", "revoked", LIFETIME + 1, "revoked", "revoked", "grace"),
    ("revoked, CRL beyond its grace", "revoked", LIFETIME + GRACE + 1, "revoked", "revoked", "closed"),
    ("expired", "expired", 60, "expired", "expired", None),
    ("not yet valid", "future", 60, "not_yet_valid", "not_yet_valid", None),
    ("a server's certificate", "server", 60, "wrong_purpose", "wrong_purpose", None),
    ("same names, foreign CA", "foreign", 60, "untrusted_issuer", "untrusted_issuer", None),
    ("self-signed", "self_signed", 60, "untrusted_issuer", "untrusted_issuer", None),
    ("an id that the configuration does not know", "nameless", 60, "ok", "bad_identity", "fresh"),
]

# What, the action that it is taken for, why it is denied.
REQUESTS = [
    (OWN, "PutObject", None),
    (f"GET /fleet/{DEVICE}/x", "GetObject", None),
    ("GET /fleet/11223344/x", "GetObject", "wrong_prefix"),
    (f"GET /fleet/{DEVICE}0/x", "GetObject", "wrong_prefix"),
    (f"PUT /other/{DEVICE}/x", "PutObject", "wrong_prefix"),
    (f"DELETE /fleet/{DEVICE}/x", "DeleteObject", "action_denied"),
    (f"PUT /fleet/{DEVICE}/../11223344/x", "Unknown", "ambiguous_path"),
    ("nonsense", "Unknown", "malformed"),
]


def utc(time):
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


class VerifyChainAndExplain(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = pki = OpensslPki(cls.folder / "pki")
        cls.foreign = OpensslPki(cls.folder / "foreign")
        future = ("-startdate", "20400101000000Z", "-enddate", "20410101000000Z")
        cls.identities = {
            "good": pki.device(DEVICE),
            "revoked": pki.device("0BADCAFE"),
            "expired": pki.expired_device("0DEADBAD"),
            "future": pki.device("AABBCC01", dates=future),
            "server": pki.device("AABBCC02", purpose="serverAuth"),
            "foreign": cls.foreign.device(DEVICE),
            "self_signed": pki.self_signed_device("AABBCC03"),
            "nameless": pki.device("nameless"),
        }
        pki.revoke(cls.identities["revoked"])
        cls.gateway = Gateway(cls.folder, pki, "http://127.0.0.1:9")  # never started
        cls.crl = cls.folder / "crl" / "device-ca.pem"
        cls.gateway.publish_crl(pki.crl("-crlhours", "1"))
        cls.this_update, cls.next_update = cls.updates_of_crl()

    @classmethod
    def updates_of_crl(cls):
        said = openssl("crl", "-in", cls.crl, "-noout", "-lastupdate", "-nextupdate", "-dateopt", "iso_8601")
        return [datetime.fromisoformat(line.partition("=")[2]) for line in said.splitlines()]

    # ---- the two programs ----------------------------------------------------------------------

    def verify_chain(self, identity, *more, crl=None):
        files = ("--trust", self.pki.trust, "--crl", crl or self.crl, "--chain", identity.chain)
        return run(program("sallyport-gateway"), "verify-chain", *files, *more)

    def explain(self, identity, *more, config=None):
        files = ("--config", config or self.gateway.configuration, "--cert", identity.chain)
        return run(program("sallyport-gateway"), "explain", *files, *more)

    def explain_as_json(self, identity, *more, **options):
        done = self.explain(identity, "--json", *more, **options)
        return done.returncode, json.loads(done.stdout)

    # ---- who is let in -------------------------------------------------------------------------

    def test_verify_chain(self):
        for what, whose, after, word, *_ in CASES:
            with self.subTest(what):
                at = self.this_update + timedelta(seconds=after)
                times = ("--time", int(at.timestamp()), "--grace", GRACE)
                done = self.verify_chain(self.identities[whose], *times)
                self.assertEqual(done.stdout, f"{word}\n", done.stderr)
                self.assertEqual(done.returncode, int(word != "ok"))

    def test_verify_chain_without_grace(self):
        """What is not said is not given: an expired CRL refuses at once."""
        at = int((self.this_update + timedelta(seconds=LIFETIME + 1)).timestamp())
        done = self.verify_chain(self.identities["good"], "--time", at)
        self.assertEqual((done.returncode, done.stdout), (1, "crl_expired\n"), done.stderr)

    def test_explain_as_json(self):
        for what, whose, after, _, word, state in CASES:
            with self.subTest(what):
                identity = self.identities[whose]
                at = utc(self.this_update + timedelta(seconds=after))
                code, said = self.explain_as_json(identity, "--at", at)
                self.assertEqual((code, said["let_in"]), (int(word != "ok"), word == "ok"), said)
                self.assertEqual(said.get("reason", "ok"), word)
                if state:
                    (link,) = said["links"]
                    self.check_link(link, identity, word, state)

    def check_link(self, link, identity, word, state):
        self.assertEqual(link["serial"], serial(identity))
        self.assertEqual(link["status"], "good" if word in ("ok", "bad_identity") else word)
        self.assertEqual(link.get("reason"), "keyCompromise" if word == "revoked" else None)
        decided = {
            "issuer": "CN=Test Device CA",
            "number": self.crl_number(),
            "origin": str(self.crl),
            "this_update": utc(self.this_update),
            "next_update": utc(self.next_update),
            "state": state,
        }
        self.assertEqual(link["crl"], link["crl"] | decided)

    def crl_number(self):
        said = openssl("crl", "-in", self.crl, "-noout", "-crlnumber").strip()
        return str(int(said.partition("=")[2], 16))

    def test_explain_as_text(self):
        for what, whose, after, _, word, state in CASES:
            with self.subTest(what):
                identity = self.identities[whose]
                at = utc(self.this_update + timedelta(seconds=after))
                done = self.explain(identity, "--at", at)
                self.assertEqual(done.returncode, int(word != "ok"), done.stderr)
                verdict, _, rest = done.stdout.partition("\n")
                self.assertRegex(verdict, "^LET IN$" if word == "ok" else rf"^REFUSED: {word} \(.+\)$")
                if state:
                    self.check_facts(rest, identity, state)

    def check_facts(self, text, identity, state):
        times = f"this update {utc(self.this_update)}, next update {utc(self.next_update)}, {state}\n"
        crl = f"CRL number {self.crl_number()} of CN=Test Device CA"
        for fact in (serial(identity), crl, str(self.crl), times):
            self.assertIn(fact, text)

    def test_no_crl_of_the_issuer(self):
        """The CRL of a CA of the same name with another key does not count."""
        empty, others = self.folder / "empty.pem", self.folder / "others.pem"
        empty.touch()
        others.write_text(self.foreign.crl())
        for crl in (empty, others):
            done = self.verify_chain(self.identities["good"], crl=crl)
            self.assertEqual((done.returncode, done.stdout), (1, "crl_missing\n"), done.stderr)

        config = self.configuration_without_crl_of_the_issuer()
        code, said = self.explain_as_json(self.identities["good"], config=config)
        self.assertEqual((code, said["let_in"], said["reason"]), (1, False, "crl_missing"))
        self.assertEqual([link["status"] for link in said["links"]], ["crl_missing"])
        self.assertNotIn("crl", said["links"][0])
        done = self.explain(self.identities["good"], config=config)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^REFUSED: crl_missing \(.+\)\n")
        code, said = self.explain_as_json(self.identities["foreign"], config=config)
        self.assertEqual((code, said["let_in"]), (0, True))

    def configuration_without_crl_of_the_issuer(self):
        """Trusts both CAs, has the CRL of one."""
        folder = self.folder / "blind"
        folder.mkdir()
        gateway = Gateway(folder, self.foreign, "http://127.0.0.1:9")
        text = gateway.configuration.read_text()
        both = f"{self.foreign.trust}, {self.pki.trust}"
        gateway.write_configuration(text.replace(str(self.foreign.trust), both))
        return gateway.configuration

    # ---- what it may do ------------------------------------------------------------------------

    def test_requests_of_a_device_that_is_let_in(self):
        for request, action, reason in REQUESTS:
            with self.subTest(request):
                code, said = self.explain_as_json(self.identities["good"], "--request", request)
                self.assertEqual((code, said["let_in"]), (int(reason is not None), True))
                (explained,) = said["requests"]
                verdict = {"request": request, "action": action, "allowed": reason is None}
                self.assertEqual(explained, explained | verdict)
                self.assertEqual(explained.get("reason"), reason)

                done = self.explain(self.identities["good"], "--request", request)
                self.assertEqual(done.returncode, code)
                said = r"denied, {} \(.+\)".format(reason) if reason else "allowed"
                self.assertRegex(done.stdout, rf"\n  {action}: {said}\n$")

    def test_several_requests_keep_their_order(self):
        options = [word for request, *_ in REQUESTS for word in ("--request", request)]
        code, said = self.explain_as_json(self.identities["good"], *options)
        self.assertEqual([entry["request"] for entry in said["requests"]], [row[0] for row in REQUESTS])
        self.assertEqual([entry.get("reason") for entry in said["requests"]], [row[2] for row in REQUESTS])
        self.assertEqual(code, 1, "one is denied")

    def test_requests_of_a_device_that_is_not_let_in(self):
        """What the policy would allow is not allowed for that."""
        request = "PUT /fleet/0BADCAFE/00000001/00000001-5E0BE100.MF4"
        code, said = self.explain_as_json(self.identities["revoked"], "--request", request)
        verdict = said["requests"][0]
        self.assertEqual((code, verdict["allowed"], verdict["allowed_by_policy"]), (1, False, True))
        done = self.explain(self.identities["revoked"], "--request", request)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"\n  PutObject: .*not let in")

    # ---- when something is wrong, an explanation is wanted most ----------------------------------

    def test_namesake_of_a_trusted_ca(self):
        code, said = self.explain_as_json(self.identities["foreign"])
        self.assertEqual((code, said["reason"]), (1, "untrusted_issuer"))
        self.assertIn("CN=Test Device CA is known, but with another key", said["detail"])
        presented = said["presented"][0]
        self.assertEqual(presented["issuer"], "CN=Test Device CA")
        self.assertEqual(presented["serial"], serial(self.identities["foreign"]))
        done = self.explain(self.identities["foreign"])
        self.assertIn(f"claims to be device: {DEVICE}\n", done.stdout)

    def test_garbage_beside_a_good_crl(self):
        garbage = self.crl.with_name("garbage.pem")
        garbage.write_text("no list at all")
        self.addCleanup(garbage.unlink)
        done = self.explain(self.identities["good"])
        self.assertEqual((done.returncode, done.stdout.partition("\n")[0]), (0, "LET IN"), done.stderr)
        self.assertIn(f"warning: {garbage}: ", done.stderr)
        done = self.explain(self.identities["revoked"])
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_no_usable_crl_at_all(self):
        good = self.crl.read_text()
        self.addCleanup(self.crl.write_text, good)
        self.crl.write_text(good[: len(good) // 2])
        code, said = self.explain_as_json(self.identities["good"])
        self.assertEqual((code, said["reason"]), (1, "crl_missing"))

    def test_grace_says_until_when(self):
        done = self.explain(self.identities["good"], "--at", utc(self.next_update + timedelta(seconds=1)))
        until = utc(self.next_update + timedelta(seconds=GRACE))
        self.assertIn(f"still enforced until {until}\n", done.stdout)

    # ---- wrong usage ---------------------------------------------------------------------------

    def check_faults(self, command, complete, faults):
        """`faults`: an option, its value (None: it is left out), and what stderr must name."""
        for name, value, named in faults:
            with self.subTest(f"{command} --{name} {value}"):
                options = (complete | {name: value}).items()
                words = [word for key, given in options if given is not None for word in (f"--{key}", given)]
                done = run(program("sallyport-gateway"), command, *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(str(named), done.stderr)

    def unusable_files(self):
        garbage = self.folder / "garbage"
        garbage.write_text("garbage\n")
        return garbage, self.folder / "absent"

    def test_verify_chain_names_what_it_cannot_use(self):
        good = self.identities["good"]
        garbage, absent = self.unusable_files()
        complete = {"trust": self.pki.trust, "crl": self.crl, "chain": good.chain, "time": 0}
        faults = [
            *((name, absent, absent) for name in ("trust", "crl", "chain")),
            *((name, garbage, garbage) for name in ("trust", "chain")),
            ("chain", good.key, good.key),
            ("trust", good.chain, "no CA certificate"),
            ("time", "tomorrow", "--time"),
            *((name, None, f"--{name}") for name in ("trust", "crl", "chain")),
        ]
        self.check_faults("verify-chain", complete, faults)

    def test_explain_names_what_it_cannot_use(self):
        good = self.identities["good"]
        complete = {"config": self.gateway.configuration, "cert": good.chain, "at": utc(self.this_update)}
        faults = [
            *((name, file, file) for name in ("config", "cert") for file in self.unusable_files()),
            ("cert", good.key, good.key),
            ("at", "tomorrow", "--at"),
            ("at", "", "--at"),  # a shell variable that was not set
            ("at", "2026-01-31T12:00:00", "--at"),  # in which time zone?
            ("at", "2026-13-31T12:00:00Z", "--at"),
            *((name, None, f"--{name}") for name in ("config", "cert")),
        ]
        self.check_faults("explain", complete, faults)


if __name__ == "__main__":
    main()
