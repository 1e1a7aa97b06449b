"""sallyport-pki with what is wrong around it: it says what and where, and the depot stays as it was."""

import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import unittest
from contextlib import closing
from functools import partial

from cryptography import x509
from support.case import CHECKOUT, EndToEndTest, main
from support.depot import Depot
from support.openssl_pki import OpensslPki
from support.processes import run

PASSPHRASE = "correct horse battery"
PROFILE = """\
organization: Example
authorities:
  - {name: root, key: {algorithm: p-256, passphrase: 'env:ROOT'}}
  - {name: device-ca, issuer: root, issues: devices, key: {algorithm: p-256, passphrase: 'env:CA'}}
  - {name: server-ca, issuer: root, issues: servers, key: {algorithm: p-256}}
  - {name: operator-ca, issuer: root, issues: operators, key: {algorithm: p-256}}
servers: {key: p-256}
operators: {key: p-256}
"""

# A line of depot.yaml, what takes its place, where the fault is, and what is said of it.
FAULTS = (
    ("organization: Example", "organization: ''", "1:15", "organization: must be 1 to 50 printable characters"),
    ("organization: Example", "organisation: Example", "1:1", "organisation"),
    ("organization: Example", "organization: [Example]", "1:1", "organization"),
    ("organization: Example", "organization: 'Example", None, ""),
    ("organization: Example", "organization: Example\norganization: Other", "2:1", "organization"),
    ("organization: Example", 'organization: "Exa\\0mple"', "1:15", "printable"),
    ("authorities:", "authorities: []\nothers:", None, "others"),
    ("name: server-ca", "name: Server", "5:12", "lower-case letters"),
    ("name: server-ca", "name: ../server", "5:12", "lower-case letters"),
    ("name: server-ca", "name: device-ca", None, "'device-ca' stands twice"),
    ("issues: servers", "issues: everything", "5:45", "issues"),
    ("issuer: root, issues: servers", "issuer: server-ca, issues: servers", None, "is no root that stands before it"),
    ("issuer: root, issues: servers", "issues: servers", None, "needs a root above it"),
    ("issues: servers", "issues: servers, days: 0", None, "days"),
    ("issues: servers", "issues: servers, days: 36501", None, "days"),
    ("issues: servers", "issues: servers, days: 1.5", None, "days"),
    ("issues: servers", "issues: servers, crl: {partitions: 2}", None, "partitions: need a url"),
    ("issues: servers", "issues: servers, crl: {url: 'ftp://a/'}", None, "url"),
    ("issues: servers", "issues: servers, crl: {lifetime: 1d, refresh_after: 1d}", None, "shorter than lifetime"),
    ("issues: servers", "issues: servers, common_name: ''", None, "common_name"),
    ("issues: servers", 'issues: servers, common_name: "two\\nlines"', None, "common_name"),
    ("issues: servers", 'issues: servers, common_name: "nul\\0nul"', None, "common_name"),
    ("issues: servers", f"issues: servers, common_name: {'a' * 65}", None, "common_name"),
    ("passphrase: 'env:CA'", "passphrase: 'pass:secret'", None, "passphrase"),
    ("passphrase: 'env:CA'", "uri: /a/file", None, "only pkcs11: URIs"),
    ("servers: {key: p-256}", "servers: {key: p-384}", "7:16", "key"),
    ("servers: {key: p-256}", "devices: {key: p-256}", None, "devices know RSA only"),
    ("servers: {key: p-256}", "revoke: {ask_above_percent: 101}", "7:29", "ask_above_percent"),
    ("servers: {key: p-256}", "publish: [{folder: ''}]", None, "folder"),
)


def full_disk(size):
    """In the child: no file may become larger. A full disk gives ENOSPC and not EFBIG, but at the same places."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class BadInput(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = Depot(cls.folder / "model", {"ROOT": PASSPHRASE, "CA": PASSPHRASE + " 2"})
        profile = cls.folder / "profile.yaml"
        profile.write_text(PROFILE)
        cls.model.do("init", "--profile", profile)
        cls.model.do("issue", "devices", "--range", "00000001", "00000003")
        cls.model.do("revoke", "00000003", "--yes-revoke", "1")
        cls.model.do("issue", "server", "--name", "gw.example")

    def setUp(self):
        super().setUp()
        self.depot = Depot(self.folder / self._testMethodName, self.model.env)
        shutil.copytree(self.model.path, self.depot.path)

    def assert_refused(self, command, said, exits=(2, 3), **options):
        before = self.depot.state()
        done = self.depot.run(*command, **options)
        self.assertIn(done.returncode, exits, f"{command}: {done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "")
        for part in (said,) if isinstance(said, str) else said:
            self.assertIn(part, done.stderr)
        self.assertEqual(self.depot.state(), before, f"{command}: {done.stderr}")
        return done.stderr

    # ---- passphrases ---------------------------------------------------------------------------

    def test_a_passphrase_that_is_wrong_or_missing(self):
        cases = (
            ("wrong", {"CA": "Tr0ub4dor&3 and more"}, ("device-ca.key", "passphrase")),
            ("of another authority", {"CA": PASSPHRASE}, ("device-ca.key", "passphrase")),
            ("empty", {"CA": ""}, ("CA",)),
            ("of two lines", {"CA": PASSPHRASE + " 2\n"}, ("CA",)),
        )
        for name, env, said in cases:
            with self.subTest(name):
                error = self.assert_refused(("issue", "device", "0000000A"), said, env=env)
                self.assertNotIn(PASSPHRASE, error)
                self.assert_refused(("crl", "--ca", "device-ca"), said, env=env)
        self.depot.env.pop("CA")
        self.assert_refused(("issue", "device", "0000000A"), "CA", exits=(2,))
        self.assert_refused(("issue", "devices", "--range", "0000000A", "0000000B"), "CA", exits=(2,))

    def test_a_revocation_without_the_passphrase_is_kept_and_told(self):
        done = self.depot.run("revoke", "00000001", env={"CA": "wrong"})
        self.assertEqual(done.returncode, 3)
        self.assertIn("revoked in the index, but the device-ca CRL is not published", done.stderr)
        self.assertIn("run sallyport-pki crl", done.stderr)
        number = self.depot.certificate("devices/00000001/certs_device.pem").serial_number
        self.assertIsNone(self.depot.crl("device-ca").get_revoked_certificate_by_serial_number(number))
        self.depot.do("crl")
        self.assertIsNotNone(self.depot.crl("device-ca").get_revoked_certificate_by_serial_number(number))

    def test_what_no_crl_shows_is_no_success(self):
        """Given again, by another command, or by the timer: as long as the key is away, the answer is no."""
        place = self.folder / "place"
        place.mkdir()
        for change, device in ("hold", "00000001"), ("revoke", "00000002"):
            for command in (change, device), (change, device), ("publish", "--to", place), ("crl", "--refresh-if-due"):
                with self.subTest(command=command):
                    done = self.depot.run(*command, env={"CA": "wrong"})
                    self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                    self.assertIn("device-ca", done.stderr.splitlines()[-1])
        done = self.depot.run("crl", "--refresh-if-due")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.depot.crl("device-ca")), 3)

    def test_keys_lie_encrypted(self):
        for name in "root", "device-ca":
            text = (self.depot / f"private/{name}.key").read_text()
            self.assertTrue(text.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----"), text[:40])

    # ---- the configuration ---------------------------------------------------------------------

    def test_faults_of_the_configuration_have_their_place(self):
        path = self.depot / "depot.yaml"
        whole = path.read_text()
        for old, new, place, said in FAULTS:
            self.assertIn(old, whole)
            path.write_text(whole.replace(old, new, 1))
            for command in ("issue", "operator", "ada"), ("list",), ("crl",):
                with self.subTest(new, command=command[0]):
                    error = self.assert_refused(command, said, exits=(2,))
                    place = place or r"\d+:\d+"
                    self.assertRegex(error, rf"(?m)^(sallyport-pki: )?{path}:{place}: ")
        path.write_text(whole)

    def test_a_profile_with_faults_makes_no_depot(self):
        profile = self.folder / "faulty.yaml"
        profile.write_text(PROFILE.replace("issues: servers", "issues: servants").replace("key: p-256", "key: none"))
        other = Depot(self.folder / "other")
        done = other.run("init", "--profile", profile)
        self.assertEqual(done.returncode, 2)
        lines = [line.split(":")[1] for line in done.stderr.replace("sallyport-pki: ", "").splitlines()]
        self.assertEqual(sorted(set(lines)), ["5", "7", "8"], done.stderr)
        self.assertFalse(other.path.exists())

    def test_a_place_of_publication_that_is_away_stands_in_the_way_of_no_revocation(self):
        profile = self.depot / "depot.yaml"
        here, away = self.folder / "here", self.folder / "away"
        here.mkdir()
        whole = profile.read_text()
        for device, place in (
            ("00000001", f"folder: {away}"),
            ("00000002", f"{{url: 'https://127.0.0.1:1/', ca: {self.folder}/no-ca.pem}}"),
        ):
            profile.write_text(f"{whole}publish:\n  - {place}\n  - folder: {here}\n")
            with self.subTest(place):
                done = self.depot.run("revoke", device)
                self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                self.assertIn(f"({device}), device-ca CRL number", done.stdout)
                self.assertIn("not in place", done.stderr)
                self.assertRegex(done.stderr, "away|no-ca.pem")
                number = self.depot.certificate(f"devices/{device}/certs_device.pem").serial_number
                published = x509.load_der_x509_crl((here / "device-ca.crl").read_bytes())
                for crl in self.depot.crl("device-ca"), published:
                    self.assertIsNotNone(crl.get_revoked_certificate_by_serial_number(number))
        profile.write_text(f"{whole}publish:\n  - folder: {away}\n")
        away.mkdir()
        self.depot.do("publish")
        self.assertEqual((away / "device-ca.crl").read_bytes(), (here / "device-ca.crl").read_bytes())

    def test_the_example_makes_a_depot(self):
        example = (CHECKOUT / "config/depot.example.yaml").read_text()
        parts = re.sub(r"^( +)# (partitions: )", r"\1\2", example, flags=re.M)
        self.assertNotEqual(parts, example)
        for name, text, crl in ("plain", example, "device-ca"), ("parts", parts, "device-ca-15p"):
            with self.subTest(name):
                profile = self.folder / f"{name}.yaml"
                profile.write_text(text)
                made = Depot(self.folder / f"example-{name}", {"ROOT_PASSPHRASE": PASSPHRASE})
                made.do("init", "--profile", profile)
                self.assertTrue((made / f"crl/{crl}.crl.pem").exists())

    # ---- what is named -------------------------------------------------------------------------

    def test_what_the_depot_does_not_have(self):
        other = OpensslPki(self.folder / "other-pki")
        foreign = other.device("00000001").chain
        garbage = self.folder / "garbage.pem"
        garbage.write_bytes(random.Random(1).randbytes(1000))
        own = self.depot / "devices/00000001/certs_device.pem"
        csv = self.folder / "unknown.csv"
        csv.write_text("device_id\n00000001\n0000000F\n")
        for command, exit_code, said in (
            (("revoke", "0000000F"), 1, "0000000F: no such certificate in this depot"),
            (("revoke", "00000001", "0000000F"), 1, "0000000F: no such certificate in this depot"),
            (("hold", "0000000F"), 1, "no such certificate"),
            (("unhold", "00000001"), 1, "is not on hold"),
            (("hold", "00000003"), 1, "is revoked, which is for ever"),
            (("renew", "0000000F"), 1, "no certificate of this device"),
            (("renew", "00000003"), 1, "is revoked; issue a new one"),
            (("issue", "device", "00000001"), 1, "renew it, or revoke it first"),
            (("revoke", "--serial", "0123"), 1, "no such certificate"),
            (("revoke", "--csv", csv), 1, "0000000F: no such certificate"),
            (("revoke", "--cert", foreign), 2, "was signed by no authority of this depot"),
            (("revoke", "--cert", garbage), 2, "garbage.pem"),
            (("revoke", "--cert", self.folder / "none.pem"), 2, "none.pem"),
            (("revoke", "--cert", own, "--cert", foreign), 2, "was signed by no authority of this depot"),
            (("revoke", "00000001", "00000002"), 1, "nothing was changed"),
            (("revoke", "00000001", "00000002", "--yes-revoke", "3"), 1, "nothing was changed"),
            (("revoke", "00000001", "--invalid-since", "2026-02-30"), 2, "--invalid-since"),
            (("revoke", "00000001", "--reason", "certificateHold"), 2, "--reason"),
            (("revoke", "--issued-before", "yesterday"), 2, "--issued-before"),
            (("revoke", "--batch", "none"), 1, "no certificate fits"),
            (("revoke", "00000001", "--batch", "none"), 1, "--batch none: no such certificate"),
            (("revoke",), 2, "which certificates?"),
            (("issue", "device", "00000009", "--ca", "server-ca"), 2, "issues for servers"),
            (("issue", "server", "--name", "Up.example"), 2, "--name"),
            (("issue", "devices", "--range", "00000009", "00000001"), 2, "--range"),
            (("crl", "--ca", "none"), 2, "none"),
            (("crl", "adopt", garbage), 2, "garbage.pem"),
            (("publish",), 2, "where to?"),
            (("authority", "add", "none"), 2, "none"),
            (("authority", "retire", "none"), 1, "none"),
        ):
            with self.subTest(command=" ".join(map(str, command))):
                self.assert_refused(command, said, exits=(exit_code,))

    def test_a_certificate_of_an_own_authority_is_not_taken_in_by_a_change_that_is_refused(self):
        """One that the index does not know, as after a restore."""
        old = self.depot / "index.sqlite"
        kept = old.read_bytes()
        self.depot.do("issue", "devices", "--range", "0000000A", "0000000B")
        files = [self.depot / f"devices/{device}/certs_device.pem" for device in ("0000000A", "0000000B")]
        old.write_bytes(kept)
        garbage = self.folder / "not-a-certificate.pem"
        garbage.write_text("nothing")
        named = ("--cert", files[0], "--cert", files[1])
        self.assert_refused(("revoke", *named), "nothing was changed", exits=(1,))
        self.assert_refused(("revoke", *named, "--cert", garbage), "not-a-certificate.pem", exits=(2,))
        self.assert_refused(("unhold", *named), "is not on hold", exits=(1,))
        self.depot.do("revoke", *named, "--yes-revoke", "2")
        for device in "0000000A", "0000000B":
            number = self.depot.certificate(f"devices/{device}/certs_device.pem").serial_number
            self.assertIsNotNone(self.depot.crl("device-ca").get_revoked_certificate_by_serial_number(number))

    # ---- the disk ------------------------------------------------------------------------------

    def test_files_that_may_not_grow(self):
        commands = (
            ("issue", "device", "0000000A"),
            ("issue", "operator", "ada"),
            ("issue", "devices", "--range", "0000000A", "0000000C"),
        )
        for size in 0, 100, 512, 1024, 2000:
            for command in commands:
                with self.subTest(size=size, command=command):
                    before = self.listed()
                    done = self.depot.run(*command, preexec_fn=partial(full_disk, size))
                    self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                    self.assertRegex(done.stderr, "File too large|disk I/O error")
                    self.assertEqual(self.listed(), before)
                    self.assertEqual(self.depot.do("audit", "verify"), self.verified)
        self.depot.do("issue", "operator", "ada")
        self.assertEqual(list((self.depot / "staging").iterdir()), [])

    def listed(self):
        self.verified = self.depot.do("audit", "verify")
        return self.depot.do("list", "--json")

    @unittest.skipUnless(os.geteuid() == 0, "only root may mount")
    def test_a_full_disk(self):
        place = self.folder / "small"
        place.mkdir()
        if run("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", place).returncode != 0:
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(place)], check=True)
        small = Depot(place / "depot", self.depot.env)
        shutil.copytree(self.depot.path, small.path)
        self.depot = small
        filler = place / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1024)):
                    pass
            except OSError:
                pass
        for free in 0, 4096, 8192, 16384:
            os.truncate(filler, filler.stat().st_size - (4096 if free else 0))
            for command in ("issue", "operator", f"ada{free}"), ("hold", "00000002"), ("unhold", "00000002"):
                with self.subTest(free=free, command=command):
                    done = self.depot.run(*command)
                    self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                    if done.returncode == 3:
                        self.assertRegex(done.stderr, "No space left on device|disk is full|disk I/O error")
                    self.depot.do("audit", "verify")
        filler.unlink()
        self.depot.do("crl")
        self.depot.do("revoke", "00000002")
        self.depot.do("doctor")

    # ---- the index -----------------------------------------------------------------------------

    def test_an_index_that_is_none(self):
        index = self.depot / "index.sqlite"
        whole = index.read_bytes()
        for name, content in (
            ("empty", b""),
            ("garbage", random.Random(1).randbytes(len(whole))),
            ("cut", whole[: len(whole) // 2]),
            ("its header", b"SQLite format 4\0" + whole[16:]),
            ("of another program", None),
        ):
            with self.subTest(name):
                if content is None:
                    index.unlink()
                    with closing(sqlite3.connect(index)) as other:
                        other.execute("CREATE TABLE things (name)")
                    index.chmod(0o600)
                else:
                    index.write_bytes(content)
                for command in ("issue", "operator", "ada"), ("revoke", "00000001"), ("list",), ("crl",):
                    self.assert_refused(command, "index.sqlite")

    def test_flipped_bytes_crash_nothing_and_are_found(self):
        """What the tool reads wrongly it must say: doctor finds each change of what the index means."""
        index = self.depot / "index.sqlite"
        whole = index.read_bytes()
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        meaning = dump(index)
        for _ in range(25):
            at = chance.randrange(len(whole))
            spoilt = bytearray(whole)
            spoilt[at] ^= 1 << chance.randrange(8)
            index.write_bytes(spoilt)
            with self.subTest(seed=seed, at=at):
                changed = dump(index) != meaning
                done = self.depot.run("doctor")
                self.assertIn(done.returncode, (0, 1, 2, 3), done.stderr)
                if changed:
                    self.assertNotEqual(done.returncode, 0, done.stdout)
                for command in ("list",), ("hold", "00000001"), ("stats",), ("audit", "verify"):
                    done = self.depot.run(*command)
                    self.assertIn(done.returncode, (0, 1, 2, 3), f"{command}: {done.stderr}")


def dump(index):
    """The meaning of an index: every row; nothing when it cannot be read."""
    database = sqlite3.connect(f"file:{index}?mode=ro", uri=True)
    database.text_factory = bytes
    try:
        names = database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        tables = sorted(row[0].decode() for row in names)
        return [(table, list(database.execute(f'SELECT * FROM "{table}"'))) for table in tables]
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return None
    finally:
        database.close()


if __name__ == "__main__":
    main()
