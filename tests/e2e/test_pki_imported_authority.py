"""sallyport-pki takes over an authority that OpenSSL ran, with small serials, a CRL and what that CRL revoked."""

from cryptography import x509
from support.case import EndToEndTest, main
from support.depot import Depot
from support.processes import run

CONFIGURATION = """\
[ca]
default_ca = issuing
[issuing]
database = {folder}/index.txt
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
crlnumber = {folder}/crlnumber
default_md = sha256
default_crl_days = 30
crl_extensions = of_crl
[of_crl]
authorityKeyIdentifier = keyid
[of_delta]
authorityKeyIdentifier = keyid
2.5.29.27 = critical,ASN1:INTEGER:41
[of_root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[of_ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[of_device]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class ImportedAuthority(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        """Serial 1 is the issuing authority's, from its root, and a device's, from the issuing authority; 2 is
        another device's, which is revoked in CRL number 41."""
        super().setUpClass()
        cls.configuration = cls.folder / "openssl.cnf"
        cls.configuration.write_text(CONFIGURATION.format(folder=cls.folder))
        (cls.folder / "index.txt").write_text("")
        cls.keys = {}
        cls.make("root", "Company Root", "1", "of_root")
        cls.make("ca", "Company Devices", "1", "of_ca", signer="root")
        cls.make("one", "0000AAAA", "1", "of_device", signer="ca")
        cls.make("two", "0000BBBB", "2", "of_device", signer="ca")
        cls.make("impostor", "Company Devices", "1", "of_root")
        cls.make("successor", "Company Devices 2", "9", "of_root", key="ca")
        cls.make("three", "0000CCCC", "2", "of_device", signer="successor")
        (cls.folder / "crlnumber").write_text("29\n")
        cls.openssl("ca", "-config", cls.configuration, "-revoke", cls.folder / "two.pem")
        cls.make_crl("newest")
        (cls.folder / "chain.pem").write_text((cls.folder / "ca.pem").read_text() + (cls.folder / "root.pem").read_text())

    @staticmethod
    def openssl(*arguments):
        run("openssl", *arguments)

    @classmethod
    def make(cls, name, common_name, serial, extensions, signer=None, key=None):
        key, certificate = cls.folder / f"{key or name}.key", cls.folder / f"{name}.pem"
        new = ("-key", key) if key.exists() else ("-newkey", "rsa:2048", "-nodes", "-keyout", key)
        sign = ("-CA", cls.folder / f"{signer}.pem", "-CAkey", cls.keys.get(signer)) if signer else ()
        cls.keys[name] = key
        cls.openssl("req", "-x509", "-config", cls.configuration, *new, "-out", certificate, "-subj", f"/CN={common_name}", "-days", "300", "-set_serial", serial,
                    "-extensions", extensions, *sign)

    @classmethod
    def make_crl(cls, name, extensions="of_crl"):
        cls.openssl("ca", "-config", cls.configuration, "-gencrl", "-crlexts", extensions,
                    "-out", cls.folder / f"{name}.crl")

    def setUp(self):
        super().setUp()
        self.depot = Depot(self.folder / self._testMethodName)

    def take_over(self, *arguments):
        return self.depot.run("init", "--import", self.folder / "chain.pem", "--import-key", self.folder / "ca.key",
                              *arguments)

    def import_all(self):
        done = self.take_over("--import-crl", self.folder / "newest.crl")
        self.assertEqual(done.returncode, 0, done.stderr)

    def listed(self):
        crl = self.depot.crl("device-ca")
        return {entry.serial_number for entry in crl}, crl

    def test_without_its_crl_it_is_not_taken_over(self):
        done = self.take_over()
        self.assertEqual(done.returncode, 2)
        self.assertIn("--import-crl", done.stderr)
        self.assertFalse(self.depot.path.exists())

    def test_what_it_revoked_stays_revoked_and_its_number_goes_on(self):
        self.import_all()
        serials, crl = self.listed()
        self.assertEqual(serials, {2})
        self.assertGreater(crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number, 41)

    def test_its_certificates_are_revoked_by_file_though_their_serials_are_small(self):
        self.import_all()
        told = self.depot.do("revoke", "--cert", self.folder / "one.pem", "--reason", "keyCompromise",
                             "--yes-revoke", "1")
        self.assertIn("revoked 01 (0000AAAA)", told)
        self.assertEqual(self.listed()[0], {1, 2})
        done = self.depot.run("revoke", "--serial", "01", "--yes-revoke", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--cert FILE", done.stderr)
        shown = self.depot.do("show", "01")
        authority, device = shown.split("\n\n")
        self.assertNotIn("revoked", authority)
        self.assertEqual(device.count("revoked keyCompromise"), 1, shown)
        self.depot.do("doctor")
        self.depot.do("audit", "verify")

    def test_what_its_crl_lists_already_stands_in_the_way_of_nothing(self):
        self.import_all()
        told = self.depot.do("revoke", "--cert", self.folder / "two.pem", "--cert", self.folder / "one.pem",
                             "--yes-revoke", "1")
        self.assertIn("revoked 01 (0000AAAA)", told)
        self.assertEqual(self.listed()[0], {1, 2})
        done = self.depot.run("revoke", "--cert", self.folder / "two.pem")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("already revoked", done.stdout)

    def test_it_does_not_revoke_itself(self):
        self.import_all()
        before = self.depot.state()
        done = self.depot.run("revoke", "--cert", self.folder / "ca.pem", "--yes-revoke", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("its issuer is outside of this depot", done.stderr)
        self.assertEqual(self.depot.state(), before)

    def test_the_certificate_of_a_namesake_is_refused(self):
        self.import_all()
        before = self.depot.state()
        for name in "impostor", "root", "three":
            done = self.depot.run("revoke", "--cert", self.folder / f"{name}.pem", "--yes-revoke", "1")
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("signed by no authority of this depot", done.stderr)
        two_leaves = self.folder / "both.pem"
        two_leaves.write_text((self.folder / "one.pem").read_text() + (self.folder / "two.pem").read_text())
        done = self.depot.run("revoke", "--cert", two_leaves, "--yes-revoke", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("several certificates", done.stderr)
        self.assertEqual(self.depot.state(), before)

    def test_a_delta_crl_is_not_adopted_for_the_whole(self):
        self.make_crl("delta", "of_delta")
        done = self.take_over("--import-crl", self.folder / "delta.crl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("delta CRL", done.stderr)


if __name__ == "__main__":
    main()
