"""What must hold for each certificate."""

import base64
import hashlib
import re

from certificate_rules import COMMON, EC, RSA, Signed, read_extensions, urls, year_first
from support import der

BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SUBJECT_KEY_ID, AUTHORITY_KEY_ID = "2.5.29.14", "2.5.29.35"
ALTERNATIVE_NAMES, DISTRIBUTION_POINTS = "2.5.29.17", "2.5.29.31"
ORGANIZATION, COMMON_NAME = "2.5.4.10", "2.5.4.3"
SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
P256 = "1.2.840.10045.3.1.7"

AUTHORITIES = ("root", "devices", "servers", "operators")
CRITICAL = {BASIC_CONSTRAINTS, KEY_USAGE}
ALWAYS = {BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_KEY_ID, AUTHORITY_KEY_ID}
# What a kind has beyond these and beyond the distribution point.
MORE = {
    "root": set(),
    "devices": {EXTENDED_KEY_USAGE},
    "servers": {EXTENDED_KEY_USAGE},
    "operators": {EXTENDED_KEY_USAGE},
    "device": {EXTENDED_KEY_USAGE, ALTERNATIVE_NAMES},
    "server": {EXTENDED_KEY_USAGE, ALTERNATIVE_NAMES},
    "operator": {EXTENDED_KEY_USAGE},
}
# pathLenConstraint: a root has authorities below it, and these have none.
CONSTRAINTS = {"root": "30060101ff020101", **dict.fromkeys(AUTHORITIES[1:], "30060101ff020100")}
PURPOSES = {
    "devices": CLIENT_AUTH,
    "servers": SERVER_AUTH,
    "operators": CLIENT_AUTH,
    "device": CLIENT_AUTH,
    "server": SERVER_AUTH,
    "operator": CLIENT_AUTH,
}


class Certificate(Signed):
    """`kind` is what it is for; `point` the URL of the CRL that is to list it, if any."""

    def __init__(self, pem, kind, issuer=None, point=None, names=()):
        self.pem = pem
        super().__init__(base64.b64decode(b"".join(pem.splitlines()[1:-1])))
        self.kind, self.point, self.names = kind, point, names
        fields = list(self.tbs.children)
        self.version = fields.pop(0) if fields[0].tag == 0xA0 else None
        self.serial, self.tbs_algorithm, self.issuer_name, validity, self.subject, self.key = fields[:6]
        self.rest = fields[6:]
        self.dates = validity.children
        self.extensions = read_extensions(self.rest[-1][0])
        self.key_algorithm = der.oid_text(self.key[0][0].content)
        self.issuer = issuer or self

    @property
    def is_authority(self):
        return self.kind in AUTHORITIES


def pem_is_strict(certificate):
    """RFC 7468: lines of 64, the last one shorter, no text around it."""
    first, *lines, last = certificate.pem.split(b"\n")[:-1]
    if (first, last) != (b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"):
        yield "its lines around"
    if any(len(line) != 64 for line in lines[:-1]) or not 0 < len(lines[-1]) <= 64:
        yield "the length of its lines"


def version_is_3(certificate):
    if certificate.version is None or certificate.version.content != b"\x02\x01\x02":
        yield "not v3"


def serial_is_positive_and_short(certificate):
    """4.1.2.2: positive, at most 20 octets. CA/B 7.1: more than 64 bits from a generator."""
    content = certificate.serial.content
    if not 9 <= len(content) <= 20 or content[0] & 0x80:
        yield content.hex()


def names_are_utf8_or_printable(certificate):
    """4.1.2.4 and appendix A.1: string types, upper bound of 64 characters, one attribute in each RDN."""
    found = []
    for rdn in certificate.subject.children:
        if len(rdn.children) != 1:
            yield "an RDN of more than one attribute"
        kind, value = rdn[0].children
        found.append(der.oid_text(kind.content))
        if value.tag not in (der.UTF8_STRING, der.PRINTABLE_STRING):
            yield f"string type {value.tag}"
        text = value.content.decode("utf-8")
        if value.tag == der.PRINTABLE_STRING and not re.fullmatch(r"[A-Za-z0-9 '()+,./:=?-]*", text):
            yield f"{text!r} is not printable"
        if not 0 < len(text) <= 64 or text.strip() != text or not text.isprintable():
            yield repr(text)
    if found != [ORGANIZATION, COMMON_NAME]:
        yield str(found)


def there_is_no_unique_identifier(certificate):
    if [child.tag for child in certificate.rest] != [0xA3]:
        yield "a field beside the extensions"


def extensions_are_the_expected_ones(certificate):
    wanted = ALWAYS | MORE[certificate.kind] | ({DISTRIBUTION_POINTS} if certificate.point else set())
    got = {name for name, _, _ in certificate.extensions}
    if got != wanted:
        yield f"{got ^ wanted}"


def criticality_is_right(certificate):
    for name, critical, _ in certificate.extensions:
        if critical != (name in CRITICAL):
            yield f"{name}: {critical}"


def basic_constraints_fit_the_kind(certificate):
    """In DER a CA that is FALSE is not written (4.2.1.9)."""
    value = certificate.extension(BASIC_CONSTRAINTS).whole.hex()
    if value != CONSTRAINTS.get(certificate.kind, "3000"):
        yield value


def key_usage_fits_the_kind_and_the_key(certificate):
    """RFC 5480 3: no keyEncipherment with an EC key. X.690 11.2.2: no zero bits at the end."""
    wanted = "03020106" if certificate.is_authority else "03020780"
    if certificate.kind == "server" and certificate.key_algorithm == RSA:
        wanted = "030205a0"
    value = certificate.extension(KEY_USAGE).whole.hex()
    if value != wanted:
        yield value


def extended_key_usage_has_the_one_purpose(certificate):
    value = certificate.extension(EXTENDED_KEY_USAGE)
    got = [der.oid_text(child.content) for child in value.children] if value else None
    wanted = PURPOSES.get(certificate.kind)
    if got != (wanted and [wanted]):
        yield str(got)


def subject_key_id_is_the_digest_of_the_key(certificate):
    """4.2.1.2 method (1): SHA-1 of the bits of the public key."""
    value = certificate.extension(SUBJECT_KEY_ID).content
    if value != hashlib.sha1(certificate.key[1].content[1:]).digest():
        yield value.hex()


def alternative_names_are_the_wanted_ones(certificate):
    """4.2.1.6: not empty, and none of them empty."""
    value = certificate.extension(ALTERNATIVE_NAMES)
    got = [(child.tag, child.content) for child in value.children] if value else []
    if got != list(certificate.names) or not all(content for _, content in got):
        yield str(got)


def a_servers_common_name_is_among_its_names(certificate):
    """CA/B 7.1.4.3."""
    if certificate.kind != "server":
        return
    name = certificate.subject.children[-1][0][1].content
    if name not in [content for _, content in certificate.names]:
        yield name.decode()


def distribution_point_is_one_url(certificate):
    value = certificate.extension(DISTRIBUTION_POINTS)
    if value is None:
        return
    if len(value.children) != 1 or [child.tag for child in value[0].children] != [0xA0]:
        yield "reasons, an issuer of CRLs, or more than one point"
    got = urls(value[0][0])
    if got != [(0x86, certificate.point)]:
        yield str(got)


def key_is_well_encoded(certificate):
    """RFC 3279 2.3.1: RSA has NULL parameters; RFC 5480 2: a named curve, the point uncompressed."""
    algorithm, bits = certificate.key.children
    if certificate.key_algorithm == RSA:
        modulus, exponent = der.parse(bits.content[1:]).children
        if algorithm[1].tag != der.NULL or exponent.content != b"\x01\x00\x01":
            yield "parameters or exponent"
        if int.from_bytes(modulus.content, "big").bit_length() not in (2048, 3072, 4096):
            yield "its size"
    elif certificate.key_algorithm == EC:
        if der.oid_text(algorithm[1].content) != P256 or bits.content[:2] != b"\x00\x04" or len(bits.content) != 66:
            yield "curve or form of the point"
    else:
        yield certificate.key_algorithm


def it_does_not_outlive_its_issuer(certificate):
    if year_first(certificate.dates[1]) > year_first(certificate.issuer.dates[1]):
        yield certificate.dates[1].content.decode()


RULES = (
    *COMMON,
    pem_is_strict,
    version_is_3,
    serial_is_positive_and_short,
    names_are_utf8_or_printable,
    there_is_no_unique_identifier,
    extensions_are_the_expected_ones,
    criticality_is_right,
    basic_constraints_fit_the_kind,
    key_usage_fits_the_kind_and_the_key,
    extended_key_usage_has_the_one_purpose,
    subject_key_id_is_the_digest_of_the_key,
    alternative_names_are_the_wanted_ones,
    a_servers_common_name_is_among_its_names,
    distribution_point_is_one_url,
    key_is_well_encoded,
    it_does_not_outlive_its_issuer,
)
