"""What sallyport-pki makes keeps the rules of RFC 5280; three other programs verify it."""

import datetime
import json
import subprocess

from certificate_rules import certificates, crls
from certificate_rules.certificates import Certificate
from certificate_rules.crls import REASONS, Crl
from support import der
from support.case import EndToEndTest, main
from support.depot import Depot
from support.distinct_keys import DistinctKeys
from support.processes import run

URL = "http://crl.example/pki"
DNS, IP, URI = 0x82, 0x87, 0x86
REVOKED = [reason for reason in REASONS if reason not in ("certificateHold", "removeFromCRL")]
PROFILE = """\
organization: 'Örtliche Prüfstelle "A", Inc'
authorities:
  - {{name: root, key: {{algorithm: {key}}}, crl: {{url: '{url}/'}}}}
  - name: device-ca
    issuer: root
    issues: devices
    key: {{algorithm: {key}}}
    crl: {{url: {url}, partitions: 3, delta: true}}
  - {{name: server-ca, issuer: root, issues: servers, key: {{algorithm: {key}}}, crl: {{url: {url}, delta: true}}}}
  - {{name: operator-ca, issuer: root, issues: operators, key: {{algorithm: {key}}}}}
servers: {{key: {leaf}}}
operators: {{key: {leaf}}}
revoke: {{ask_above_percent: 100}}
"""
LATE_PROFILE = """\
organization: Example
authorities:
  - {{name: root, days: {root}, key: {{algorithm: p-256}}}}
  - {{name: operator-ca, issuer: root, issues: operators, days: {operators}, key: {{algorithm: p-256}}}}
  - {{name: device-ca, issuer: root, issues: devices, days: {root}, key: {{algorithm: p-256}}}}
"""
ISSUERS = {"root": "root", "device": "device-ca", "server": "server-ca", "operator": "operator-ca"}
FILES = {
    "device": "devices/{}/certs_device.pem",
    "server": "servers/{}/server.chain.pem",
    "operator": "operators/{}/operator.chain.pem",
}


def request(folder, name, subject, *key):
    """A certification request by the openssl command."""
    path = folder / name
    unused = folder / "unused.key"
    done = run("openssl", "req", "-new", "-nodes", *key, "-keyout", unused, "-subj", subject, "-out", path)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return path


RSA_REQUEST = ("-newkey", "rsa:3072")
EC_REQUEST = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Hierarchy:
    """A depot and what was issued in it."""

    def __init__(self, path, partitions=0, delta=(), url=URL, operators=True):
        self.depot = Depot(path)
        self.partitions, self.delta, self.url = partitions, delta, url
        self.kinds = {"root": "root", "device-ca": "devices", "server-ca": "servers"}
        if operators:
            self.kinds["operator-ca"] = "operators"
        self.leaves = []  # kind, file, alternative names

    def issue(self, kind, name, names=(), options=(), file=None):
        self.depot.do("issue", kind, *((name,) if kind != "server" else ()), *options)
        self.leaves.append((kind, FILES[kind].format(file or name), names))

    def device(self, device, *options):
        self.issue("device", device, [(URI, b"urn:canedge:device:" + device.encode())], options)

    def scopes(self, authority):
        if authority == "device-ca" and self.partitions:
            return [f"device-ca-{number}p" for number in range(self.partitions)]
        return [authority]

    def point(self, authority, serial):
        if not self.url or authority == "operator-ca":
            return None
        scopes = self.scopes(authority)
        return f"{self.url}/{scopes[serial[-1] % len(scopes)]}.crl".encode()

    def certificates(self):
        """Every certificate in the depot, with its file."""
        made = {}
        for name, kind in self.kinds.items():
            made[name] = self.read(f"{name}.pem", kind, made.get("root"), "root" if kind != "root" else None)
        yield from ((f"{name}.pem", certificate) for name, certificate in made.items())
        for kind, file, names in self.leaves:
            yield file, self.read(file, kind, made[ISSUERS[kind]], ISSUERS[kind], names)

    def read(self, file, kind, issuer, authority, names=()):
        pem = (self.depot / file).read_bytes().split(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
        certificate = Certificate(pem, kind, issuer, None, names)
        certificate.point = authority and self.point(authority, certificate.serial.content)
        return certificate

    def crls(self):
        """Every CRL in the depot, by the name of its file."""
        issuers = {name: self.read(f"{name}.pem", kind, None, None) for name, kind in self.kinds.items()}
        found = {}
        for authority, issuer in issuers.items():
            for scope in self.scopes(authority):
                for name in (scope, f"{scope}-delta"):
                    if (self.depot / f"crl/{name}.crl.pem").exists():
                        found[name] = self.crl(name, scope, authority, issuer)
        return found

    def crl(self, name, scope, authority, issuer):
        pem = (self.depot / f"crl/{name}.crl.pem").read_bytes()
        done = subprocess.run(["openssl", "crl", "-outform", "DER"], input=pem, capture_output=True, check=True)
        point = f"{self.url}/{scope}.crl".encode() if scope != authority else None
        delta_url = f"{self.url}/{scope}-delta.crl".encode() if authority in self.delta else None
        return Crl(done.stdout, issuer, point, delta_url, delta=name.endswith("-delta"))


def with_requests(hierarchy, folder):
    """Leaves of each kind, with keys of both kinds of their own and from requests."""
    hierarchy.device("A1B2C3D4")
    hierarchy.device("B1B2C3D4", "--request", request(folder, "device.csr", "/CN=B1B2C3D4", *RSA_REQUEST))
    names = [(DNS, b"gw.example"), (DNS, b"*.gw.example"), (IP, b"\x7f\0\0\1"), (IP, bytes(15) + b"\1")]
    options = ("--name", "gw.example", "--name", "*.gw.example", "--ip", "127.0.0.1", "::1")
    hierarchy.issue("server", "gw.example", names, options)
    for number, key in enumerate((RSA_REQUEST, EC_REQUEST)):
        csr = request(folder, f"server-{number}.csr", "/CN=another name", *key)
        name = f"r{number}.example"
        hierarchy.issue("server", name, [(DNS, name.encode())], ("--name", name, "--request", csr))
        if "operator-ca" in hierarchy.kinds:
            own = request(folder, f"operator-{number}.csr", "/CN=another name", *key)
            hierarchy.issue("operator", f"Ada.{number}", options=("--request", own))
    long_name = "a" * 60 + ".gw.example"
    hierarchy.issue("server", long_name, [(DNS, long_name.encode()), (DNS, b"s.example")],
                    ("--name", long_name, "--name", "s.example"))
    if "operator-ca" in hierarchy.kinds:
        hierarchy.issue("operator", "Grace_H@example.com")


class CertificateRules(EndToEndTest):
    keys = DistinctKeys()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hierarchies = {}
        plain = Hierarchy(cls.folder / "plain", operators=False)
        plain.depot.do("init", "--name", "Example, Inc", "--crl-url", URL + "/")
        with_requests(plain, cls.folder)
        cls.hierarchies["plain"] = plain
        for key, leaf in ("rsa-3072", "p-256"), ("p-256", "rsa-2048"):
            cls.hierarchies[key] = cls.partitioned(key, key, leaf)
            with_requests(cls.hierarchies[key], cls.folder)

    @classmethod
    def partitioned(cls, name, key, leaf):
        made = Hierarchy(cls.folder / name, partitions=3, delta=("device-ca", "server-ca"))
        profile = cls.folder / f"{name}.yaml"
        profile.write_text(PROFILE.format(key=key, leaf=leaf, url=URL))
        made.depot.do("init", "--profile", profile)
        return made

    def check(self, rules, file, thing):
        for rule in rules:
            with self.subTest(file=file, rule=rule.__name__):
                self.assertEqual(list(rule(thing)), [])

    def check_crls(self, hierarchy):
        found = hierarchy.crls()
        for name, crl in found.items():
            self.check(crls.RULES, f"{hierarchy.depot.path.name}: {name}", crl)
            issuer = hierarchy.depot / f"{name.split('-ca')[0] + '-ca' if '-ca' in name else name}.pem"
            pem = hierarchy.depot / f"crl/{name}.crl.pem"
            verified = run("openssl", "crl", "-in", pem, "-noout", "-CAfile", issuer, "-verify")
            self.assertIn("verify OK", verified.stdout + verified.stderr, name)
            self.assertEqual(run("openssl", "asn1parse", "-in", pem).returncode, 0)
            info = run("certtool", "--crl-info", "--infile", pem)
            self.assertEqual(info.returncode, 0, info.stderr)
        return found

    # ---- certificates --------------------------------------------------------------------------

    def test_each_certificate_keeps_the_rules(self):
        serials = []
        for name, hierarchy in self.hierarchies.items():
            for file, certificate in hierarchy.certificates():
                self.check(certificates.RULES, f"{name}: {file}", certificate)
                serials.append(certificate.serial.content)
        self.assertEqual(len(serials), len(set(serials)), "a serial stands twice")
        self.assertGreater(len(serials), 25)

    def test_openssl_and_gnutls_verify_each_chain(self):
        client = ("sslclient", certificates.CLIENT_AUTH)
        purposes = {"device": client, "operator": client, "server": ("sslserver", certificates.SERVER_AUTH)}
        for name, hierarchy in self.hierarchies.items():
            root = hierarchy.depot / "root.pem"
            lists = self.folder / f"{name}.crls.pem"
            lists.write_bytes(b"".join((hierarchy.depot / f"crl/{crl}.crl.pem").read_bytes()
                                       for crl in hierarchy.crls() if not crl.endswith("-delta")))
            for kind, file, _ in hierarchy.leaves:
                purpose, oid = purposes[kind]
                chain = hierarchy.depot / file
                with self.subTest(hierarchy=name, file=file):
                    done = run("openssl", "verify", "-x509_strict", "-check_ss_sig", "-policy_check", "-crl_check_all",
                               "-extended_crl", "-auth_level", "2", "-purpose", purpose, "-CAfile", root, "-CRLfile",
                               lists, "-untrusted", chain, chain)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    self.assertEqual(run("openssl", "asn1parse", "-in", chain).returncode, 0)
                    # GnuTLS knows no partitioned CRLs: it refuses their critical extension.
                    more = () if hierarchy.partitions else ("--load-crl", lists)
                    done = run("certtool", "--verify", "--verify-profile", "medium", "--verify-purpose", oid,
                               "--load-ca-certificate", root, *more, "--infile", chain)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_dates_around_2050(self):
        """The last UTCTime and the first GeneralizedTime, in certificates and CRLs."""
        now = datetime.datetime.now(datetime.timezone.utc)
        last = (datetime.datetime(2049, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc) - now).days
        late = Hierarchy(self.folder / "late", url=None)
        profile = self.folder / "late.yaml"
        profile.write_text(LATE_PROFILE.format(root=last + 1, operators=last))
        late.depot.do("init", "--profile", profile)
        late.kinds = {"root": "root", "operator-ca": "operators", "device-ca": "devices"}
        late.device("A1B2C3D4", "--days", last)
        late.device("A1B2C3D5", "--days", last + 1)
        late.device("A1B2C3D6", "--days", last + 100)
        forms = {}
        for file, certificate in late.certificates():
            self.check(certificates.RULES, file, certificate)
            forms[file.split("/")[-2] if "/" in file else file] = [date.tag for date in certificate.dates]
        utc, general = der.UTC_TIME, der.GENERALIZED_TIME
        self.assertEqual(forms, {
            "root.pem": [utc, general], "operator-ca.pem": [utc, utc], "device-ca.pem": [utc, general],
            "A1B2C3D4": [utc, utc], "A1B2C3D5": [utc, general], "A1B2C3D6": [utc, general],
        })
        forms = []
        for days in (last, last + 1):
            late.depot.do("crl", "--ca", "device-ca", "--days", days)
            forms.append(self.check_crls(late)["device-ca"].dates[1].tag)
        self.assertEqual(forms, [der.UTC_TIME, der.GENERALIZED_TIME])

    # ---- CRLs ----------------------------------------------------------------------------------

    def test_each_crl_keeps_the_rules_whatever_it_lists(self):
        for name, hierarchy in self.hierarchies.items():
            depot = hierarchy.depot
            self.check_crls(hierarchy)  # empty ones
            expected = {}
            dates = ("2026-11-26", "1970-01-01", "1999-12-31T23:59:59Z", "2024-02-29T12:00:00Z")
            for number, reason in enumerate(REVOKED * 2):
                device = f"00AA00{number:02X}"
                depot.do("issue", "device", device, "--request", self.device_request(device))
                since = ("--invalid-since", dates[number % 4]) if number >= len(REVOKED) else ()
                printed = json.loads(depot.do("revoke", device, "--reason", reason, *since, "--json"))
                expected[printed["certificates"][0]["serial"]] = REASONS[reason]
            depot.do("issue", "device", "00BB0000", "--request", self.device_request("00BB0000"))
            printed = json.loads(depot.do("hold", "00BB0000", "--json"))
            held = printed["certificates"][0]["serial"]
            depot.do("issue", "server", "--name", "old.example", "--request", self.device_request("unused"))
            server = depot.certificate("servers/old.example/server.chain.pem").serial_number
            depot.do("revoke", "--serial", f"{server:X}", "--reason", "superseded")
            changed = self.check_crls(hierarchy)
            if hierarchy.partitions:  # a revocation alone publishes deltas
                self.assertEqual(self.listed(changed, True), {**expected, held: REASONS["certificateHold"]})
            depot.do("crl")
            depot.do("unhold", "00BB0000")
            changed = self.check_crls(hierarchy)
            if hierarchy.partitions:
                removed = {k: v for k, v in self.listed(changed, True).items() if k == held}
                self.assertEqual(removed, {held: REASONS["removeFromCRL"]})
            depot.do("crl")
            changed = self.check_crls(hierarchy)
            self.assertEqual(self.listed(changed, False), expected, name)
            self.assertEqual(changed["server-ca"].reasons(), {server.to_bytes(17, "big"): REASONS["superseded"]})

    def listed(self, found, delta):
        """Serials and reasons in all CRLs of the device-issuing authority, complete or delta."""
        return {serial.hex().upper(): code for name, crl in found.items()
                if name.startswith("device-ca") and crl.delta == delta
                for serial, code in crl.reasons().items()}

    def device_request(self, device):
        path = self.folder / f"{device}.csr"
        path.write_bytes(self.keys.request()[0])
        return path

    def test_numbers_rise_and_a_delta_names_its_base(self):
        hierarchy = self.partitioned("numbers", "p-256", "p-256")
        depot = hierarchy.depot
        depot.do("issue", "device", "00CC0000", "--request", self.device_request("00CC0000"))
        numbers = {name: (crl.number(), crl.der) for name, crl in hierarchy.crls().items()}
        complete = {name: {number} for name, (number, _) in numbers.items()}
        for command in ("crl",), ("hold", "00CC0000"), ("unhold", "00CC0000"), ("revoke", "00CC0000"), ("crl",):
            depot.do(*command)
            for name, crl in self.check_crls(hierarchy).items():
                if numbers.get(name, (0, b""))[1] != crl.der:
                    self.assertGreater(crl.number(), numbers.get(name, (0, b""))[0], name)
                    if crl.delta:
                        self.assertIn(crl.base(), complete[name.removesuffix("-delta")], name)
                    else:
                        complete.setdefault(name, set()).add(crl.number())
                numbers[name] = (crl.number(), crl.der)
        for name, crl in hierarchy.crls().items():
            if crl.delta:  # 5.2.4: made together, they have the same number
                self.assertEqual(crl.number(), hierarchy.crls()[name.removesuffix("-delta")].number())


if __name__ == "__main__":
    main()
