"""Rules of RFC 5280 and of the CA/Browser Forum's baseline requirements, as tables for test_pki_certificate_rules.py.

A rule is a function that yields what is wrong with one certificate or CRL. What both have is here.
"""

from support import der

SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
RSA, EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
SUBJECT_KEY_ID, AUTHORITY_KEY_ID = "2.5.29.14", "2.5.29.35"


class Signed:
    """The parts of SIGNED{} (RFC 5280 4.1.1): what is signed, with which algorithm, the signature."""

    def __init__(self, data):
        self.der = data
        self.tbs, self.algorithm, self.signature = der.parse(data).children

    def extension(self, oid):
        """The parsed value of an extension; None without it."""
        found = [value for name, _, value in self.extensions if name == oid]
        return der.parse(found[0]) if found else None


def read_extensions(holder):
    """Object identifier, criticality and value of each. A FALSE that is written is not DER."""
    extensions = []
    for extension in holder.children:
        oid = der.oid_text(extension[0].content)
        critical = len(extension.children) == 3
        if critical and extension[1].whole != b"\x01\x01\xff":
            raise der.NotDer(f"extension {oid} writes a criticality that is the default")
        extensions.append((oid, critical, extension.children[-1].content))
    return extensions


def key_id(certificate):
    return certificate.extension(SUBJECT_KEY_ID).content


def urls(point_name):
    """The URLs of a DistributionPointName (RFC 5280 4.2.1.13) that is a fullName."""
    if [child.tag for child in point_name.children] != [0xA0]:
        raise der.NotDer("a distribution point that is no full name")
    return [(name.tag, name.content) for name in point_name[0].children]


# ---- rules for both --------------------------------------------------------------------------------


def algorithm_is_the_same_inside_and_outside(thing):
    inner = thing.tbs_algorithm.whole
    if inner != thing.algorithm.whole:
        yield f"inside {inner.hex()}, outside {thing.algorithm.whole.hex()}"


def algorithm_fits_the_issuers_key(thing):
    wanted = SHA256_WITH_RSA if thing.issuer.key_algorithm == RSA else ECDSA_WITH_SHA256
    if thing.algorithm.whole != wanted:
        yield thing.algorithm.whole.hex()


def signature_has_no_unused_bits(thing):
    if thing.signature.content[0] != 0:
        yield "unused bits"


def issuer_is_the_subject_of_the_issuer_octet_by_octet(thing):
    if thing.issuer_name.whole != thing.issuer.subject.whole:
        yield thing.issuer_name.whole.hex()


def dates_have_their_form(thing):
    """4.1.2.5 and 5.1.2.4: UTCTime through 2049, GeneralizedTime from 2050; seconds, Z, no fraction."""
    for date in thing.dates:
        text = date.content.decode("ascii")
        if date.tag == der.UTC_TIME:
            good = len(text) == 13 and text[:-1].isdigit() and text[-1] == "Z"
        else:
            good = date.tag == der.GENERALIZED_TIME and is_generalized(text) and text >= "2050"
        if not good:
            yield text


def is_generalized(text):
    return len(text) == 15 and text[:-1].isdigit() and text[-1] == "Z"


def dates_are_in_order(thing):
    first, last = map(year_first, thing.dates[:2])
    if first >= last:
        yield f"{first} to {last}"


def year_first(date):
    """A date as digits that sort; two digits of a year mean 1950 to 2049."""
    text = date.content.decode("ascii")
    if date.tag == der.GENERALIZED_TIME:
        return text
    return ("20" if text[0] < "5" else "19") + text


def no_extension_comes_twice(thing):
    names = [name for name, _, _ in thing.extensions]
    if len(names) != len(set(names)):
        yield str(names)


def authority_key_id_is_that_of_the_issuer(thing):
    """4.2.1.1: the keyIdentifier alone; with the issuer's name and serial a renewed issuer would not fit."""
    value = thing.extension(AUTHORITY_KEY_ID)
    if [child.tag for child in value.children] != [0x80] or value[0].content != key_id(thing.issuer):
        yield value.whole.hex()


COMMON = (
    algorithm_is_the_same_inside_and_outside,
    algorithm_fits_the_issuers_key,
    signature_has_no_unused_bits,
    issuer_is_the_subject_of_the_issuer_octet_by_octet,
    dates_have_their_form,
    dates_are_in_order,
    no_extension_comes_twice,
    authority_key_id_is_that_of_the_issuer,
)
