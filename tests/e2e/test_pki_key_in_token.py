"""A depot whose device-issuing authority has its key in a PKCS#11 token (SoftHSM): no file ever holds that key."""

import json
import re

from support.case import EndToEndTest, main
from support.depot import PRIVATE_KEY, Depot
from support.processes import run
from support.soft_token import MODULE, keep_tokens_in, make_token

PIN = "9876543210"
PROFILE = """\
organization: Example
authorities:
  - {{name: root, key: {{algorithm: p-256}}}}
  - name: device-ca
    issuer: root
    issues: devices
    key: {{algorithm: {key}, uri: 'pkcs11:token={token};object=device-ca?module-path={module}', passphrase: 'env:PIN'}}
  - {{name: server-ca, issuer: root, issues: servers, key: {{algorithm: p-256}}}}
revoke: {{ask_above_percent: 100}}
"""
KEYS = ("rsa-2048", "p-256")


class KeyInToken(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keep_tokens_in(cls)
        cls.depots = {}
        for key in KEYS:
            make_token(key, PIN)
            profile = cls.folder / f"{key}.yaml"
            profile.write_text(PROFILE.format(key=key, token=key, module=MODULE))
            depot = Depot(cls.folder / f"depot-{key}", {"PIN": PIN})
            depot.do("init", "--profile", profile)
            cls.depots[key] = depot

    def assert_no_file_has_the_key(self, depot):
        """The private keys that lie in the depot belong to others, and the PIN is nowhere."""
        own = self.public_key(depot, "device-ca.pem")
        self.assertFalse((depot / "private/device-ca.key").exists())
        keys = 0
        for path in depot.path.rglob("*"):
            if not path.is_file():
                continue
            content = path.read_bytes()
            self.assertNotIn(PIN.encode(), content, path)
            for _ in PRIVATE_KEY.finditer(content):
                keys += 1
                public = run("openssl", "pkey", "-in", path, "-pubout")
                self.assertEqual(public.returncode, 0, f"{path}: {public.stderr}")
                self.assertNotEqual(public.stdout, own, path)
        return keys

    def public_key(self, depot, certificate):
        return run("openssl", "x509", "-in", depot / certificate, "-noout", "-pubkey").stdout

    def test_the_authority_works_and_its_key_stays_in_the_token(self):
        for key, depot in self.depots.items():
            with self.subTest(key):
                self.assertEqual(self.assert_no_file_has_the_key(depot), 2, "of the root and of the server CA")
                depot.do("issue", "device", "A1B2C3D4")
                depot.do("issue", "devices", "--range", "00000001", "00000003")
                depot.do("renew", "A1B2C3D4")
                depot.do("hold", "00000001")
                depot.do("unhold", "00000001")
                depot.do("revoke", "00000002", "--reason", "keyCompromise", "--yes-revoke", "1")
                depot.do("crl")
                depot.do("doctor")
                self.assertEqual(self.assert_no_file_has_the_key(depot), 2 + 4)
                crls = self.folder / f"{key}.crls"
                crls.write_bytes(b"".join(path.read_bytes() for path in (depot / "crl").iterdir()))
                for device, exit_code in ("A1B2C3D4", 0), ("00000001", 0), ("00000002", 2):
                    chain = depot / f"devices/{device}/certs_device.pem"
                    done = run("openssl", "verify", "-x509_strict", "-crl_check_all", "-purpose", "sslclient",
                               "-CAfile", depot / "root.pem", "-CRLfile", crls, "-untrusted", chain, chain)
                    self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
                objects = run("pkcs11-tool", "--module", MODULE, "--token-label", key, "--login", "--pin", PIN,
                              "--list-objects", "--type", "privkey").stdout
                self.assertEqual(len(re.findall("Private Key Object", objects)), 1, objects)
                self.assertIn("sensitive", objects)
                self.assertIn("never extractable", objects)

    def test_a_backup_has_no_key_of_it_either(self):
        depot = self.depots["p-256"]
        copy = Depot(self.folder / "copy", depot.env)
        depot.do("backup", "--to", copy.path)
        self.assert_no_file_has_the_key(copy)
        restored = Depot(self.folder / "restored", depot.env)
        restored.do("restore", "--from", copy.path)
        restored.do("issue", "device", "0000000B")
        self.assert_no_file_has_the_key(restored)

    def test_a_wrong_pin_says_so_and_changes_nothing(self):
        depot = self.depots["p-256"]
        for name, env, said in (
            ("wrong", {"PIN": "1111111111"}, "wrong PIN"),
            ("empty", {"PIN": ""}, "PIN"),
            ("no token", {"SOFTHSM2_CONF": "/dev/null"}, "token"),
        ):
            for command in ("issue", "device", "0000000A"), ("crl", "--ca", "device-ca"):
                with self.subTest(name, command=command[0]):
                    before = depot.state()
                    done = depot.run(*command, env=env)
                    self.assertIn(done.returncode, (2, 3), done.stdout + done.stderr)
                    self.assertIn(said, done.stderr)
                    self.assertNotIn("1111111111", done.stdout + done.stderr)
                    self.assertEqual(depot.state(), before)
        depot.env.pop("PIN")
        try:
            done = depot.run("issue", "device", "0000000A")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("PIN", done.stderr)
            self.assertIn("cannot sign", json.loads(depot.run("doctor", "--json").stdout)["findings"][0]["what"])
        finally:
            depot.env["PIN"] = PIN

    def test_a_key_that_is_gone_from_the_token(self):
        other = Depot(self.folder / "depot-gone", {"PIN": PIN})
        make_token("gone", PIN)
        profile = self.folder / "gone.yaml"
        profile.write_text(PROFILE.format(key="p-256", token="gone", module=MODULE))
        other.do("init", "--profile", profile)
        for kind in "privkey", "pubkey":
            run("pkcs11-tool", "--module", MODULE, "--token-label", "gone", "--login", "--pin", PIN, "--delete-object",
                "--type", kind, "--label", "device-ca")
        before = other.state()
        done = other.run("issue", "device", "0000000A")
        self.assertIn(done.returncode, (2, 3))
        self.assertIn("device-ca", done.stderr)
        self.assertEqual(other.state(), before)


if __name__ == "__main__":
    main()
