"""Certification requests for sallyport-pki: a bad one changes nothing, and a good one gives its key and no more."""

import base64
import re

from certificate_rules import certificates
from certificate_rules.certificates import Certificate
from support import der
from support.case import EndToEndTest, main
from support.depot import Depot
from support.processes import run

DEVICE = "A1B2C3D4"
RSA, EC = ("-newkey", "rsa:2048"), ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
BEGIN = "-----BEGIN CERTIFICATE REQUEST-----\n"
END = "-----END CERTIFICATE REQUEST-----\n"
NOT_ONE = "not one whole certification request"
WEAK = "neither RSA with 2048 to 4096 bits nor P-256"
ANOTHER = f"asks for another device than {DEVICE}"
URN = "subjectAltName=URI:urn:canedge:device:"

# What openssl req is to make, and what the tool says of it.
MADE = (
    ("SHA-1", (*RSA, "-sha1"), "not signed with SHA-256 or better"),
    ("MD5", (*RSA, "-md5"), "not signed with SHA-256 or better"),
    ("RSA of 1024 bits", ("-newkey", "rsa:1024"), WEAK),
    ("RSA of 2047 bits", ("-newkey", "rsa:2047"), WEAK),
    ("RSA with exponent 3", (*RSA, "-pkeyopt", "rsa_keygen_pubexp:3"), WEAK),
    ("RSA-PSS key", ("-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"), WEAK),
    ("P-384", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"), WEAK),
    ("P-256 by its numbers", (*EC, "-pkeyopt", "ec_param_enc:explicit"), WEAK),
    ("Ed25519", ("-newkey", "ed25519"), WEAK),
    ("names another device", (*RSA, "-subj", "/CN=A1B2C3D5"), ANOTHER),
    ("names two devices", (*RSA, "-subj", f"/CN={DEVICE}/CN=A1B2C3D5"), ANOTHER),
    ("names it in lower case", (*RSA, "-subj", f"/CN={DEVICE.lower()}"), ANOTHER),
    ("has another device's URN", (*RSA, "-addext", URN + "A1B2C3D5"), ANOTHER),
    ("has two URNs", (*RSA, "-addext", f"{URN}{DEVICE},URI:urn:canedge:device:A1B2C3D5"), ANOTHER),
    ("P-256 for a device", EC, "not an RSA key; devices know RSA only"),
)


def flipped(pem, octet):
    """The request with one bit of one octet changed."""
    data = bytearray(base64.b64decode("".join(pem.splitlines()[1:-1])))
    data[octet] ^= 1
    return armoured(bytes(data))


def armoured(data):
    return BEGIN + base64.encodebytes(data).decode() + END


# What is done to a good request, and what the tool says of it.
SPOILT = (
    ("its signature is broken", lambda pem: flipped(pem, -1), "its signature does not fit its key"),
    ("its subject was changed", lambda pem: flipped(pem, 25), None),
    ("two of them", lambda pem: pem + pem, NOT_ONE),
    ("a key before it", lambda pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + pem, NOT_ONE),
    ("cut in the middle", lambda pem: pem[: len(pem) // 2], NOT_ONE),
    ("cut in DER", lambda pem: armoured(base64.b64decode("".join(pem.splitlines()[1:-1]))[:-1]), "not a certification"),
    ("more behind its DER", lambda pem: armoured(base64.b64decode("".join(pem.splitlines()[1:-1])) + b"\0"),
     "not a certification request"),
    ("another label", lambda pem: pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"), NOT_ONE),
    ("garbage", lambda pem: "\x01\x02 garbage \x1b[31m\n" * 100, NOT_ONE),
    ("garbage in its armour", lambda pem: armoured(b"\x30\x82\xff\xff" + bytes(100)), "not a certification request"),
    ("empty", lambda pem: "", NOT_ONE),
    ("1 MB of it", lambda pem: pem + "\n" * 1_000_000, "larger than"),
    ("1 MB in its armour", lambda pem: armoured(b"\x30\x83\x0f\x42\x40" + bytes(1_000_000)), "larger than"),
)


class Requests(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.depot = Depot(cls.folder / "depot")
        cls.depot.do("init")
        profile = cls.depot / "depot.yaml"
        profile.write_text(profile.read_text() + "  - {name: operator-ca, issuer: root, issues: operators}\n")
        cls.depot.do("authority", "add", "operator-ca")
        cls.good = cls.request("good", *RSA, "-subj", f"/CN={DEVICE}").read_text()

    @classmethod
    def request(cls, name, *options):
        path = cls.folder / f"{name.replace(' ', '-')}.csr"
        subject = () if "-subj" in options else ("-subj", f"/CN={DEVICE}")
        key = path.with_suffix(".key")
        done = run("openssl", "req", "-new", "-nodes", *options, *subject, "-keyout", key, "-out", path)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return path

    def assert_refused(self, path, said, *command):
        before = self.depot.state()
        done = self.depot.run(*command)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        (line,) = done.stderr.splitlines()
        self.assertTrue(line.startswith(f"sallyport-pki: {path}: "), line)
        self.assertIn(said or "", line)
        self.assertTrue(line.isprintable(), line)
        self.assertEqual(self.depot.state(), before)

    def test_a_request_that_openssl_makes_may_be_wrong(self):
        for name, options, said in MADE:
            path = self.request(name, *options)
            with self.subTest(name):
                self.assert_refused(path, said, "issue", "device", DEVICE, "--request", path)

    def test_a_spoilt_request_changes_nothing_for_any_kind(self):
        for name, spoil, said in SPOILT:
            path = self.folder / "spoilt.csr"
            path.write_text(spoil(self.good))
            for command in ("device", DEVICE), ("server", "--name", "gw.example"), ("operator", "ada"):
                with self.subTest(name, command=command[0]):
                    self.assert_refused(path, said, "issue", *command, "--request", path)

    def test_what_is_no_file_is_told(self):
        for path in self.folder / "missing.csr", self.folder:
            self.assert_refused(path, None, "issue", "device", DEVICE, "--request", path)

    def test_one_bad_request_in_a_folder_keeps_all_back(self):
        requests = self.folder / "requests"
        requests.mkdir()
        for device in ("0000000A", "0000000B", "0000000C"):
            (requests / f"{device}.csr").write_text(self.request(device, *RSA, "-subj", f"/CN={device}").read_text())
        (requests / "0000000B.csr").write_text((requests / "0000000A.csr").read_text())
        before = self.depot.state()
        done = self.depot.run("issue", "devices", "--range", "0000000A", "0000000D", "--requests", requests)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{requests}/0000000B.csr: asks for another device than 0000000B", done.stderr)
        self.assertIn(f"{requests}/0000000D.csr: ", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertEqual(self.depot.state(), before)

    def test_only_the_key_of_a_request_is_certified(self):
        """What it wants beside: to be an authority, other names and purposes, another subject, a long life."""
        wants = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 "-addext", "extendedKeyUsage=serverAuth,clientAuth,OCSPSigning,anyExtendedKeyUsage",
                 "-addext", "certificatePolicies=1.2.3.4", "-addext", "1.2.3.4.5=critical,DER:0500")
        names = ("-addext", "subjectAltName=DNS:evil.example,email:a@evil.example,IP:10.0.0.1")
        evil = "/O=Evil/OU=Evil/CN=evil.example/emailAddress=a@evil.example"
        urn = b"urn:canedge:device:0000000F"
        for kind, command, key, subject, file, role, expected in (
            ("device", ("0000000F",), RSA, "/O=Evil/CN=0000000F", "devices/0000000F/certs_device.pem", "devices",
             [(0x86, urn)]),
            ("server", ("--name", "gw.example"), EC, evil, "servers/gw.example/server.chain.pem", "servers",
             [(0x82, b"gw.example")]),
            ("operator", ("ada",), EC, evil, "operators/ada/operator.chain.pem", "operators", []),
        ):
            with self.subTest(kind):
                path = self.request(f"evil-{kind}", *key, "-subj", subject, *wants, *names)
                self.depot.do("issue", kind, *command, "--request", path)
                issuer = self.read(f"{role.removesuffix('s')}-ca.pem", role, self.read("root.pem", "root"))
                leaf = self.read(file, kind, issuer, expected)
                for rule in certificates.RULES:
                    self.assertEqual(list(rule(leaf)), [], rule.__name__)
                text = run("openssl", "x509", "-in", self.depot / file, "-noout", "-text").stdout
                self.assertIsNone(re.search("evil", text, re.IGNORECASE), text)
                wanted = run("openssl", "req", "-in", path, "-noout", "-pubkey").stdout
                self.assertEqual(run("openssl", "x509", "-in", self.depot / file, "-noout", "-pubkey").stdout, wanted)
                self.assertEqual([path.name for path in (self.depot / file).parent.glob("*.key")], [])
                self.assertEqual(leaf.subject.children[-1][0][1].tag, der.UTF8_STRING)

    def read(self, file, kind, issuer=None, names=()):
        pem = (self.depot / file).read_bytes().split(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
        return Certificate(pem, kind, issuer, None, names)


if __name__ == "__main__":
    main()
