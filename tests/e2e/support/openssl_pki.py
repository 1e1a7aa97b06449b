"""A PKI made by the `openssl` command, so that our own library is not its own judge."""

import re
from dataclasses import dataclass
from pathlib import Path

from support.processes import run

CONFIGURATION = """\
[req]
prompt = no
distinguished_name = name
[name]
CN = unused
[ca]
default_ca = issuing
[issuing]
dir = {folder}
database = $dir/index.txt
crlnumber = $dir/crlnumber
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any_name
unique_subject = no
crl_extensions = crl
[any_name]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
[delta]
authorityKeyIdentifier = keyid
2.5.29.27 = critical, DER:{base}
[partition]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical, @point
[point]
fullname = URI:{point}
[unknown_critical]
1.2.3.4 = critical, DER:0500
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
"""

LEAF = """\
[req]
distinguished_name = leaf
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {purpose}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
{more}
"""


@dataclass
class Identity:
    """A certificate with its chain (leaf first, without the root) and its key."""

    id: str
    chain: Path
    key: Path


def openssl(*arguments):
    done = run("openssl", *arguments)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def device_uri(device):
    return f"URI:urn:canedge:device:{device}"


class OpensslPki:
    """Root -> device CA -> devices, and root -> server. Two PKIs have the same names and other keys."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        self.config = folder / "openssl.cnf"
        self.write_config()
        self.root = folder / "root.pem"
        self.device_ca = folder / "device-ca.pem"
        self.trust = self.device_ca
        for name in ("root", "device-ca", "device"):
            self.new_key(name)
        self._self_signed("root", "Test Root", self.root, self.config, "authority")
        self._issue(
            "root", self.folder / "device-ca.key", "Test Device CA", self.device_ca, self.config, "authority"
        )

    def write_config(self, base=1, point="http://crl.test/1"):
        """`base`: the number that a delta CRL needs; `point`: of a partitioned CRL."""
        self.config.write_text(CONFIGURATION.format(folder=self.folder, base=f"0201{base:02X}", point=point))

    def renew_device_ca(self, out, dates):
        """Another certificate of the device CA's name and key."""
        key = self.folder / "device-ca.key"
        self._issue("root", key, "Test Device CA", out, self.config, "authority", dates)

    def new_key(self, name, bits=2048):
        key = self.folder / f"{name}.key"
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", key)
        key.chmod(0o600)
        return key

    def _self_signed(self, key, subject, out, extension_file, extensions):
        openssl(
            "req",
            "-x509",
            "-new",
            "-key",
            self.folder / f"{key}.key",
            "-subj",
            f"/CN={subject}",
            "-days",
            30,
            "-out",
            out,
            "-config",
            extension_file,
            "-extensions",
            extensions,
        )

    def _issue(self, issuer, key, subject, out, extension_file, extensions, dates=()):
        request = out.with_suffix(".csr")
        openssl(
            "req", "-new", "-key", key, "-subj", f"/CN={subject}", "-config", self.config, "-out", request
        )
        openssl(
            "ca",
            "-batch",
            "-notext",
            "-config",
            self.config,
            "-in",
            request,
            "-out",
            out,
            *dates,
            "-cert",
            self.folder / f"{issuer}.pem",
            "-keyfile",
            self.folder / f"{issuer}.key",
            "-extfile",
            extension_file,
            "-extensions",
            extensions,
        )

    def _leaf_extensions(self, name, purpose, names, more=""):
        file = self.folder / f"{name}.ext"
        text = LEAF.format(purpose=purpose, names=names, more=more)
        if not purpose:
            text = text.replace("extendedKeyUsage = \n", "")
        file.write_text(text)
        return file

    def server(self, name="server", dates=(), names="IP:127.0.0.1,DNS:localhost", issuer="root"):
        """A certificate, alone in its file. `dates`: as for `device`."""
        chain = self.folder / f"{name}.pem"
        key = self.new_key(name)
        extensions = self._leaf_extensions(name, "serverAuth", names)
        self._issue(issuer, key, "localhost", chain, extensions, "leaf", dates)
        return Identity("", chain, key)

    def device(self, device, name=None, purpose="clientAuth", uri=None, dates=(), more="", key_bits=None):
        """A device's certificate. `dates`: arguments of `openssl ca` such as -startdate, -enddate. `more`:
        lines with other extensions. `key_bits`: for a key of its own."""
        name = name or device
        chain = self.folder / f"{name}.pem"
        key = self.folder / "device.key"  # one key for all: making RSA keys is slow
        if key_bits:
            key = self.new_key(name, key_bits)
        extensions = self._leaf_extensions(name, purpose, uri or device_uri(device), more)
        self._issue("device-ca", key, device, chain, extensions, "leaf", dates)
        with open(chain, "a") as file:
            file.write(self.device_ca.read_text())
        return Identity(device, chain, key)

    def authority(self, name, issuer="root", bits=2048):
        certificate = self.folder / f"{name}.pem"
        self._issue(issuer, self.new_key(name, bits), name, certificate, self.config, "authority")
        return certificate

    def device_of(self, issuer, device, chain):
        """A device of another CA; `chain`: the files of what is above it."""
        out = self.folder / f"{device}.pem"
        key = self.folder / "device.key"
        extensions = self._leaf_extensions(device, "clientAuth", device_uri(device))
        self._issue(issuer, key, device, out, extensions, "leaf")
        with open(out, "a") as file:
            file.writelines(above.read_text() for above in chain)
        return Identity(device, out, key)

    def expired_device(self, device):
        return self.device(
            device,
            f"{device}-expired",
            dates=("-startdate", "20240101000000Z", "-enddate", "20240201000000Z"),
        )

    def self_signed_device(self, device):
        chain = self.folder / f"{device}-self-signed.pem"
        extensions = self._leaf_extensions(f"{device}-self-signed", "clientAuth", device_uri(device))
        self._self_signed("device", device, chain, extensions, "leaf")
        return Identity(device, chain, self.folder / "device.key")

    def _device_ca(self):
        return "-cert", self.device_ca, "-keyfile", self.folder / "device-ca.key"

    def revoke(self, identity, reason="keyCompromise"):
        openssl(
            "ca", "-config", self.config, *self._device_ca(), "-revoke", identity.chain, "-crl_reason", reason
        )

    def forgetful_crl(self):
        """A list with the next number from a CA whose database was lost: soundly signed, and empty."""
        index = self.folder / "index.txt"
        remembered = index.read_text()
        index.write_text("")
        try:
            return self.crl()
        finally:
            index.write_text(remembered)

    def delta_crl(self, base):
        self.write_config(base=base)
        return self.crl("-crlexts", "delta")

    def partitioned_crl(self, point):
        self.write_config(point=point)
        return self.crl("-crlexts", "partition")

    def crl(self, *options, issuer="device-ca"):
        """A new CRL, as PEM text. `options`: arguments of `openssl ca -gencrl`."""
        out = self.folder / f"{issuer}.crl.pem"
        signer = "-cert", self.folder / f"{issuer}.pem", "-keyfile", self.folder / f"{issuer}.key"
        openssl("ca", "-config", self.config, *signer, "-gencrl", "-out", out, *options)
        return out.read_text()


def serial(identity):
    """The serial number of the certificate, as upper-case hex."""
    return re.sub("^serial=", "", openssl("x509", "-in", identity.chain, "-noout", "-serial").strip())
