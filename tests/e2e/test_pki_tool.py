"""sallyport-pki: what it makes is judged by OpenSSL's command and by GnuTLS, and kill -9 loses nothing."""

import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time
import unittest

TOOL = os.path.join(os.environ.get("SALLYPORT_BIN", "build/dev/bin"), "sallyport-pki")
AUTHORITIES = ("root", "device-ca", "server-ca")


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments}: {done.stderr.decode()}{done.stdout.decode()}")
    return done.stdout.decode(errors="replace")


def judge(*arguments):
    """openssl verify and the like: (accepted, all output)."""
    done = subprocess.run(list(map(str, arguments)), capture_output=True, timeout=60, text=True)
    return done.returncode == 0, done.stdout + done.stderr


class Crl:
    """A CRL as the openssl command reads it."""

    def __init__(self, path):
        text = openssl("crl", "-in", path, "-noout", "-text")
        self.text = text
        number = re.search(r"X509v3 CRL Number: *\n *(\S+)", text).group(1)
        self.number = int(number, 0)
        self.entries = {}
        for entry in re.split(r"Serial Number: ", text)[1:]:
            reason = re.search(r"X509v3 CRL Reason Code: *\n *(.+)", entry)
            self.entries[entry.split()[0]] = reason.group(1).strip() if reason else None


class PkiTool(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-pki-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.depot = self.folder / "depot"

    def run_tool(self, *arguments, expect=0):
        done = subprocess.run([TOOL, *map(str, arguments), "--depot", str(self.depot)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if expect == 0 else done.stderr

    def crl(self, authority="device-ca"):
        return Crl(self.depot / "crl" / f"{authority}.crl.pem")

    def device(self, device):
        return self.depot / "devices" / device

    def serial(self, device):
        text = openssl("x509", "-in", self.device(device) / "certs_device.pem", "-noout", "-serial")
        return text.strip().removeprefix("serial=")

    def crl_file(self):
        """All three CRLs in one file, as openssl verify wants them."""
        path = self.folder / "crls.pem"
        path.write_bytes(b"".join((self.depot / "crl" / f"{name}.crl.pem").read_bytes() for name in AUTHORITIES))
        return path

    def verify(self, chain, purpose, *more):
        return judge("openssl", "verify", "-x509_strict", "-crl_check_all", "-purpose", purpose, *more,
                     "-CAfile", self.depot / "root.pem", "-CRLfile", self.crl_file(), "-untrusted", chain, chain)


class Certificates(PkiTool):
    def test_openssl_verifies_what_was_issued(self):
        self.run_tool("init", "--name", "Example, Inc")
        self.run_tool("issue", "device", "A1B2C3D4")
        self.run_tool("issue", "server", "--name", "gw.example", "--name", "*.gw.example", "--ip", "127.0.0.1", "::1")
        device = self.device("A1B2C3D4") / "certs_device.pem"
        server = self.depot / "servers/gw.example/server.chain.pem"
        for chain, purpose, more, accepted in [
            (device, "sslclient", (), True),
            (device, "sslserver", (), False),
            (server, "sslserver", ("-verify_hostname", "gw.example"), True),
            (server, "sslserver", ("-verify_hostname", "a.gw.example"), True),
            (server, "sslserver", ("-verify_hostname", "other.example"), False),
            (server, "sslserver", ("-verify_ip", "127.0.0.1"), True),
            (server, "sslserver", ("-verify_ip", "::1"), True),
            (server, "sslserver", ("-verify_ip", "127.0.0.2"), False),
            (server, "sslclient", (), False),
        ]:
            with self.subTest(chain=chain.name, purpose=purpose, more=more):
                result, output = self.verify(chain, purpose, *more)
                self.assertEqual(result, accepted, output)

    def test_extensions_and_keys(self):
        self.run_tool("init", "--crl-url", "http://crl.example/pki/")
        self.run_tool("issue", "device", "A1B2C3D4")
        self.run_tool("issue", "server", "--name", "gw.example")
        signs = ["X509v3 Basic Constraints: critical", "X509v3 Key Usage: critical\n", "Certificate Sign, CRL Sign",
                 "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier", "Public-Key: (2048 bit)",
                 "sha256WithRSAEncryption"]
        device = ["CA:FALSE", "CN = A1B2C3D4", "URI:urn:canedge:device:A1B2C3D4", "TLS Web Client Authentication",
                  "Digital Signature", "Public-Key: (2048 bit)", "URI:http://crl.example/pki/device-ca.crl"]
        server = ["CA:FALSE", "DNS:gw.example", "TLS Web Server Authentication", "Digital Signature, Key Encipherment",
                  "URI:http://crl.example/pki/server-ca.crl"]
        for path, expected in [
            (self.depot / "root.pem", [*signs, "CA:TRUE, pathlen:1"]),
            (self.depot / "device-ca.pem", [*signs, "CA:TRUE, pathlen:0", "URI:http://crl.example/pki/root.crl"]),
            (self.depot / "server-ca.pem", [*signs, "CA:TRUE, pathlen:0", "URI:http://crl.example/pki/root.crl"]),
            (self.device("A1B2C3D4") / "certs_device.pem", device),
            (self.depot / "servers/gw.example/server.chain.pem", server),
        ]:
            text = openssl("x509", "-in", path, "-noout", "-text")
            for part in expected:
                self.assertIn(part, text, path)
        for key in self.depot.rglob("*.key"):
            self.assertIn("Key is valid", openssl("pkey", "-in", key, "-check", "-noout"))
            self.assertEqual(key.read_text().splitlines()[0], "-----BEGIN PRIVATE KEY-----")

    def test_gnutls_verifies_what_was_issued(self):
        self.assertIsNotNone(shutil.which("certtool"), "install the package gnutls-bin")
        self.run_tool("init")
        self.run_tool("issue", "device", "A1B2C3D4")
        self.run_tool("issue", "server", "--name", "gw.example")

        def verify(chain, *more):
            return judge("certtool", "--verify", "--verify-profile", "medium", "--load-ca-certificate",
                         self.depot / "root.pem", "--load-crl", self.crl_file(), "--infile", chain, *more)

        device = self.device("A1B2C3D4") / "certs_device.pem"
        server = self.depot / "servers/gw.example/server.chain.pem"
        for chain, more, accepted in [
            (device, ("--verify-purpose", "1.3.6.1.5.5.7.3.2"), True),
            (device, ("--verify-purpose", "1.3.6.1.5.5.7.3.1"), False),
            (server, ("--verify-hostname", "gw.example"), True),
            (server, ("--verify-hostname", "other.example"), False),
        ]:
            result, output = verify(chain, *more)
            self.assertEqual(result, accepted, output)
        self.run_tool("revoke", "A1B2C3D4", "--reason", "superseded")
        result, output = verify(device)
        self.assertFalse(result, output)
        self.assertIn("revoked", output.lower())
        text = subprocess.run(["certtool", "--crl-info", "--infile", str(self.depot / "crl/device-ca.crl.pem")],
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("Version: 2", text)
        self.assertIn("CRL Number", text)
        self.assertIn("Revoked certificates (1)", text)

    def test_dates_change_their_form_with_2050(self):
        self.run_tool("init", "--days", "36500")
        types = re.findall(r"(UTCTIME|GENERALIZEDTIME) *:(\d+)Z", openssl("asn1parse", "-in", self.depot / "root.pem"))
        self.assertEqual([form for form, _ in types], ["UTCTIME", "GENERALIZEDTIME"])
        self.assertGreater(int(types[1][1][:4]), 2049)
        types = re.findall(r"(UTCTIME|GENERALIZEDTIME)", openssl("asn1parse", "-in", self.depot / "device-ca.pem"))
        self.assertEqual(types, ["UTCTIME", "UTCTIME"])

    def test_bundles_are_what_openssl_reads_and_writes(self):
        self.run_tool("init")
        self.run_tool("issue", "device", "A1B2C3D4")
        home = self.device("A1B2C3D4")
        listed = openssl("pkcs7", "-in", home / "certs_device.p7b", "-print_certs", "-noout")
        self.assertEqual([line.rsplit("CN = ")[1] for line in listed.splitlines() if line.startswith("subject=")],
                         ["A1B2C3D4", "Sallyport Device CA"])
        self.assertEqual((home / "certs_server.p7b").read_bytes(), (self.depot / "root.pem").read_bytes())
        crl2pkcs7 = openssl("crl2pkcs7", "-nocrl", "-certfile", home / "certs_device.pem")
        structure = re.compile(r"d=\d+ .*")
        ours = openssl("asn1parse", "-in", home / "certs_device.p7b")
        self.assertEqual(structure.findall(ours),
                         structure.findall(openssl("asn1parse", data=crl2pkcs7.encode())))


class Cards(PkiTool):
    def test_a_card_gets_the_identity_files(self):
        card = self.folder / "card"
        card.mkdir()
        self.run_tool("init")
        self.run_tool("issue", "device", "A1B2C3D4", "--card", card)
        names = ["certs_device.key", "certs_device.p7b", "certs_device.pem", "certs_server.p7b"]
        self.assertEqual(sorted(path.name for path in card.iterdir()), names)
        for name in names:
            self.assertEqual((card / name).read_bytes(), (self.device("A1B2C3D4") / name).read_bytes())
        self.assertEqual((card / "certs_device.key").stat().st_mode & 0o777, 0o600)
        first = (card / "certs_device.key").read_bytes()
        self.run_tool("renew", "A1B2C3D4", "--card", card)
        self.assertNotEqual((card / "certs_device.key").read_bytes(), first, "a renewal makes a new key")
        self.assertEqual(openssl("pkey", "-in", card / "certs_device.key", "-pubout"),
                         openssl("x509", "-in", card / "certs_device.pem", "-noout", "-pubkey"))


class Revocation(PkiTool):
    def test_revoke_hold_and_renew_as_openssl_sees_them(self):
        self.run_tool("init")
        self.run_tool("issue", "device", "A1B2C3D4")
        self.run_tool("issue", "device", "B1B2C3D4")
        first = self.folder / "first.pem"
        first.write_bytes((self.device("A1B2C3D4") / "certs_device.pem").read_bytes())
        other = self.device("B1B2C3D4") / "certs_device.pem"

        self.run_tool("renew", "A1B2C3D4")
        self.assertTrue(self.verify(first, "sslclient")[0], "the old certificate stays valid")
        self.run_tool("hold", "A1B2C3D4")
        self.assertFalse(self.verify(first, "sslclient")[0])
        self.assertEqual(set(self.crl().entries.values()), {"Certificate Hold"})
        self.run_tool("unhold", "A1B2C3D4")
        self.assertTrue(self.verify(first, "sslclient")[0])
        out = self.run_tool("revoke", "A1B2C3D4", "--reason", "keyCompromise")
        for line in out.splitlines():
            self.assertRegex(line, r"^revoked [0-9A-F]{34} \(A1B2C3D4\), device-ca CRL number 4 written to "
                             + re.escape(str(self.depot / "crl/device-ca.crl.pem")) + "$")
        self.assertIn("certificate revoked", self.verify(first, "sslclient")[1])
        self.assertFalse(self.verify(self.device("A1B2C3D4") / "certs_device.pem", "sslclient")[0])
        self.assertTrue(self.verify(other, "sslclient")[0], "the neighbour is not concerned")
        self.assertEqual(list(self.crl().entries.values()), ["Key Compromise"] * 2)
        self.run_tool("revoke", "B1B2C3D4")
        self.assertIsNone(self.crl().entries[self.serial("B1B2C3D4")], "no reasonCode for unspecified")

    def test_crls_have_version_2_and_the_issuers_key_identifier(self):
        self.run_tool("init")
        for name in AUTHORITIES:
            crl = self.crl(name)
            self.assertIn("Version 2 (0x1)", crl.text)
            self.assertEqual(crl.number, 1)
            identifier = re.search(r"Subject Key Identifier: *\n *(\S+)",
                                   openssl("x509", "-in", self.depot / f"{name}.pem", "-noout", "-text")).group(1)
            self.assertIn(identifier, crl.text)
            accepted, output = judge("openssl", "crl", "-in", self.depot / "crl" / f"{name}.crl.pem", "-noout",
                                     "-CAfile", self.depot / f"{name}.pem", "-verify")
            self.assertTrue(accepted and "verify OK" in output, output)
        self.run_tool("crl")
        self.assertEqual([self.crl(name).number for name in AUTHORITIES], [2, 2, 2])
        web = self.folder / "web"
        web.mkdir()
        self.run_tool("publish", "--to", web)
        self.assertIn("CRL Number", openssl("crl", "-inform", "DER", "-in", web / "device-ca.crl", "-noout", "-text"))

    def test_reports_for_machines(self):
        self.run_tool("init")
        self.run_tool("issue", "device", "A1B2C3D4")
        self.run_tool("revoke", "A1B2C3D4", "--reason", "superseded")
        rows = json.loads(self.run_tool("list", "--json"))
        self.assertEqual([row["name"] for row in rows], ["root", "device-ca", "server-ca", "A1B2C3D4"])
        self.assertEqual((rows[3]["status"], rows[3]["reason"]), ("revoked", "superseded"))
        shown = json.loads(self.run_tool("show", rows[3]["serial"], "--json"))
        self.assertEqual([event["action"] for event in shown[0]["events"]], ["issued", "revoked"])


class Writers(PkiTool):
    def test_a_second_writer_waits_and_then_says_who_holds_the_depot(self):
        self.run_tool("init")
        with open(self.depot / "lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            began = time.monotonic()
            error = self.run_tool("crl", expect=3)
            self.assertGreater(time.monotonic() - began, 2)
            self.assertIn(f"process {os.getpid()}", error)
            self.run_tool("list")  # reading needs no lock
        self.run_tool("crl")

    def test_writers_at_the_same_time_lose_nothing(self):
        self.run_tool("init")
        devices = [f"0000000{i}" for i in range(6)]
        for device in devices:
            self.run_tool("issue", "device", device)
        writers = [subprocess.Popen([TOOL, "revoke", device, "--depot", self.depot], stdout=subprocess.DEVNULL)
                   for device in devices]
        self.assertEqual([writer.wait(timeout=60) for writer in writers], [0] * len(writers))
        self.assertEqual(self.crl().number, 1 + len(devices))
        self.assertEqual(set(self.crl().entries), {self.serial(device) for device in devices})

    def test_a_killed_init_is_completed_by_the_next_one(self):
        """Killed anywhere, init leaves nothing that another command would take for a depot."""
        chance = random.Random(1)
        for _ in range(10):
            shutil.rmtree(self.depot, ignore_errors=True)
            init = subprocess.Popen([TOOL, "init", "--depot", self.depot], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, 0.6))
            init.kill()
            if init.wait() == 0:
                self.run_tool("init", expect=2)
            elif (self.depot / "index.sqlite").exists() and not (self.depot / "init-unfinished").exists():
                pass  # killed after its last step
            else:
                self.run_tool("list", expect=2)
                self.run_tool("init")
            self.run_tool("issue", "device", "A1B2C3D4")
            self.assertTrue(self.verify(self.device("A1B2C3D4") / "certs_device.pem", "sslclient")[0])


class Kills(PkiTool):
    """kill -9 at random points: no CRL number and no serial comes twice, and nobody is un-revoked."""

    ROUNDS = 30

    def setUp(self):
        super().setUp()
        self.seen = {}  # CRL number -> digest of the file
        self.highest = 0
        self.shut_out = set()  # serials that a CRL or the tool has called revoked

    def observe(self):
        path = self.depot / "crl/device-ca.crl.pem"
        crl, digest = Crl(path), hashlib.sha256(path.read_bytes()).hexdigest()
        self.assertEqual(self.seen.setdefault(crl.number, digest), digest, f"CRL number {crl.number} came twice")
        self.assertGreaterEqual(crl.number, self.highest)
        self.highest = crl.number
        return crl

    def kill_after(self, delay, *arguments):
        """True when the tool had finished by then. Whatever it printed is a promise."""
        tool = subprocess.Popen([TOOL, *arguments, "--depot", self.depot], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        try:
            out, _ = tool.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            tool.kill()
            out, _ = tool.communicate()
        self.shut_out |= set(re.findall(r"^revoked ([0-9A-F]+) ", out, re.M))
        return tool.returncode == 0

    def duration(self, *arguments):
        began = time.monotonic()
        self.run_tool(*arguments)
        return time.monotonic() - began

    def test_killed_at_random_points(self):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        self.run_tool("init")
        issuing = self.duration("issue", "device", "FFFFFFFF")
        revoking = self.duration("hold", "FFFFFFFF")
        interrupted = 0
        for round_number in range(self.ROUNDS):
            with self.subTest(round=round_number, seed=seed):
                device = f"{round_number:08X}"
                interrupted += not self.kill_after(chance.uniform(0, 1.3 * issuing), "issue", "device", device)
                self.observe()
                known = json.loads(self.run_tool("list", "--json"))
                if not any(row["name"] == device for row in known):
                    self.run_tool("issue", "device", device)
                for _ in range(3):
                    interrupted += not self.kill_after(chance.uniform(0, 1.3 * revoking), "revoke", device)
                    self.assertLessEqual(self.shut_out, set(self.observe().entries))
                    interrupted += not self.kill_after(chance.uniform(0, 1.3 * revoking), "crl", "--ca", "device-ca")
                    self.assertLessEqual(self.shut_out, set(self.observe().entries))
                self.run_tool("revoke", device)  # says that it is done, or does it
                crl = self.observe()
                self.assertIn(self.serial(device), crl.entries)
                self.shut_out |= set(crl.entries) - {self.serial("FFFFFFFF")}
                self.assertEqual(openssl("pkey", "-in", self.device(device) / "certs_device.key", "-pubout"),
                                 openssl("x509", "-in", self.device(device) / "certs_device.pem", "-noout", "-pubkey"))
        rows = json.loads(self.run_tool("list", "--json"))
        serials = [row["serial"] for row in rows]
        self.assertEqual(len(serials), len(set(serials)))
        self.assertEqual(set(self.crl().entries), {row["serial"] for row in rows if row["status"] != "valid"})
        self.assertEqual(list((self.depot / "staging").iterdir()), [])
        self.assertGreater(interrupted, self.ROUNDS, "too few kills hit: the test showed nothing")


if __name__ == "__main__":
    unittest.main(verbosity=2)
