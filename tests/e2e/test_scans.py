"""What scanners find on a listener that takes all of the devices' suites: nothing that these do not imply.

Slow, therefore only in `./test --long`, which installs the scanners. Their reports stay in build/PRESET/reports/.
"""

import json
import os
import shutil
import unittest
import xml.etree.ElementTree
from pathlib import Path

from support.case import EndToEndTest, main
from support.gateway import Gateway
from support.imposter import ImposterStore
from support.processes import run
from support.sallyport_pki import SallyportPki

DEVICE_SUITES = {
    f"{exchange}{cipher}"
    for exchange in ("ECDHE-RSA-", "DHE-RSA-", "")
    for cipher in ("AES128-GCM-SHA256", "AES128-SHA256", "AES128-SHA")
}
TLS_1_3_SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}

CBC = "the devices' suites 1 to 6 are CBC suites"
TEST_CA = "the certificate is of the test's own CA"
# By testssl's id: why the finding is what must be found here.
EXPECTED_FINDINGS = {
    "cipherlist_AVERAGE": CBC,
    "LUCKY13": f"{CBC}; OpenSSL checks their MACs in constant time",
    "cert_chain_of_trust": TEST_CA,
    "cert_revocation": f"{TEST_CA}, which serves neither CRL nor OCSP for servers",
    "engine_problem": "Debian's openssl has no engine for GOST, which testssl would use",
}
# Said of a scan that went through, not of one that broke off half-way.
SOUND = {
    "SSLv2",
    "SSLv3",
    "cipherlist_NULL",
    "cipherlist_EXPORT",
    "PFS",
    "cipher_order",
    "heartbleed",
    "CCS",
    "ROBOT",
    "secure_client_renego",
    "CRIME_TLS",
    "SWEET32",
    "DROWN",
    "LOGJAM",
    "RC4",
}


def needs(tool):
    return unittest.skipUnless(shutil.which(tool), f"{tool} is not installed: ./test --long installs it")


class Scans(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        store = ImposterStore()
        cls.addClassCleanup(store.stop)
        gateway = Gateway(cls.folder, SallyportPki(cls.folder / "pki"), store.endpoint)
        text = gateway.configuration.read_text().replace("mode: high", "mode: medium")
        gateway.write_configuration(text.replace("who: device", "who: credentials").replace("{device}/", ""))
        cls.addClassCleanup(gateway.stop)
        gateway.start()
        cls.address = f"127.0.0.1:{gateway.port}"
        cls.reports = Path(os.environ["SALLYPORT_BIN"]).resolve().parent / "reports"
        cls.reports.mkdir(exist_ok=True)

    def scan(self, tool, *options, report, seconds):
        """Runs it, keeps what it printed, and returns its report's path."""
        path = self.reports / report
        path.unlink(missing_ok=True)
        done = run(tool, *(option.format(report=path) for option in options), self.address, seconds=seconds)
        path.with_suffix(".txt").write_text(done.stdout + done.stderr)
        self.assertTrue(path.exists(), done.stdout + done.stderr)
        return path

    @needs("sslscan")
    def test_sslscan(self):
        report = self.scan("sslscan", "--no-colour", "--xml={report}", report="sslscan.xml", seconds=200)
        found = xml.etree.ElementTree.parse(report).getroot().find("ssltest")
        self.assertIsNotNone(found, "the scan did not get through")

        versions = {
            entry.get("type") + entry.get("version"): entry.get("enabled") for entry in found.iter("protocol")
        }
        self.assertEqual(
            versions,
            {"ssl2": "0", "ssl3": "0", "tls1.0": "0", "tls1.1": "0", "tls1.2": "1", "tls1.3": "1"},
        )
        suites = [(entry.get("sslversion"), entry.get("cipher")) for entry in found.iter("cipher")]
        self.assertCountEqual(
            suites,
            [("TLSv1.2", suite) for suite in DEVICE_SUITES] + [("TLSv1.3", suite) for suite in TLS_1_3_SUITES],
        )
        # Debian's sslscan cannot try compression and then says nothing of it; testssl can.
        compression = [entry.get("supported") for entry in found.iter("compression")]
        self.assertEqual(set(compression) - {"0"}, set())
        self.assertEqual([entry.get("supported") for entry in found.iter("renegotiation")], ["0"])
        heartbleed = {entry.get("sslversion"): entry.get("vulnerable") for entry in found.iter("heartbleed")}
        self.assertEqual(heartbleed, {"TLSv1.2": "0", "TLSv1.3": "0"})

    @needs("testssl")
    def test_testssl(self):
        # All but what is about browsers: HTTP headers, simulated clients. Nothing leaves the machine.
        report = self.scan(
            "testssl",
            *("--protocols", "--standard", "--pfs", "--server-preference", "--server-defaults", "--vulnerable"),
            *("--quiet", "--color=0", "--warnings=off", "--nodns=none", "--jsonfile={report}"),
            *("--connect-timeout=20", "--openssl-timeout=20"),
            report="testssl.json",
            seconds=800,
        )
        findings = json.loads(report.read_text())
        unexpected = [
            entry
            for entry in findings
            if entry["severity"] not in ("OK", "INFO") and entry["id"] not in EXPECTED_FINDINGS
        ]
        self.assertEqual(unexpected, [])
        sound = {entry["id"] for entry in findings if entry["severity"] == "OK"}
        self.assertEqual(SOUND - sound, set(), "not said to be in order")
        for entry in findings:
            if entry["severity"] not in ("OK", "INFO"):
                print(f"    {entry['severity']} {entry['id']}: {EXPECTED_FINDINGS[entry['id']]}")


if __name__ == "__main__":
    main()
