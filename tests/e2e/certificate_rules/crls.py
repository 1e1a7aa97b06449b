"""What must hold for each CRL."""

from certificate_rules import AUTHORITY_KEY_ID, COMMON, Signed, is_generalized, read_extensions, urls
from support import der

NUMBER, DELTA, POINT, FRESHEST = "2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.46"
REASON, INVALIDITY = "2.5.29.21", "2.5.29.24"
REASONS = {
    "unspecified": None,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
}


class Entry:
    def __init__(self, element):
        self.serial, self.date = element[0], element[1]
        self.has_extensions = len(element.children) > 2
        self.extensions = read_extensions(element[2]) if self.has_extensions else []
        values = {name: der.parse(value) for name, _, value in self.extensions}
        self.reason = values.get(REASON)
        self.invalid_since = values.get(INVALIDITY)

    def code(self):
        return self.reason.content[0] if self.reason else None


class Crl(Signed):
    """`point` is the URL of its partition, `delta_url` where its delta is; `delta`: it is one itself."""

    def __init__(self, data, issuer, point=None, delta_url=None, delta=False):
        super().__init__(data)
        self.issuer, self.point, self.delta_url, self.delta = issuer, point, delta_url, delta
        fields = list(self.tbs.children)
        self.version = fields.pop(0) if fields[0].tag == der.INTEGER else None
        self.tbs_algorithm, self.issuer_name = fields[:2]
        rest = fields[2:]
        self.dates = [field for field in rest if field.tag in (der.UTC_TIME, der.GENERALIZED_TIME)]
        self.list = next((field for field in rest if field.tag == der.SEQUENCE), None)
        self.entries = [Entry(element) for element in (self.list.children if self.list else ())]
        self.extensions = read_extensions(rest[-1][0]) if rest[-1].tag == 0xA0 else []

    def number(self):
        return int.from_bytes(self.extension(NUMBER).content, "big")

    def base(self):
        return int.from_bytes(self.extension(DELTA).content, "big")

    def reasons(self):
        return {entry.serial.content: entry.code() for entry in self.entries}


def version_is_2(crl):
    if crl.version is None or crl.version.content != b"\x01":
        yield "not v2"


def next_update_is_there(crl):
    if len(crl.dates) != 2:
        yield f"{len(crl.dates)} dates"


def an_empty_list_is_absent(crl):
    """5.1.2.6."""
    if crl.list is not None and not crl.list.children:
        yield "an empty SEQUENCE"


def entries_are_sorted_and_unique(crl):
    """5.1.2.6 asks for no order; ours is that of the serials, so that the same list has the same bytes."""
    serials = [int.from_bytes(entry.serial.content, "big") for entry in crl.entries]
    if serials != sorted(set(serials)):
        yield str(serials)


def serials_are_positive_and_short(crl):
    for entry in crl.entries:
        if not 1 <= len(entry.serial.content) <= 20 or entry.serial.content[0] & 0x80:
            yield entry.serial.content.hex()


def revocation_dates_have_their_form(crl):
    for entry in crl.entries:
        text = entry.date.content.decode("ascii")
        utc = entry.date.tag == der.UTC_TIME and len(text) == 13
        if not utc and not (entry.date.tag == der.GENERALIZED_TIME and is_generalized(text) and text >= "2050"):
            yield text


def entry_extensions_are_known_and_not_critical(crl):
    for entry in crl.entries:
        names = [name for name, _, _ in entry.extensions]
        if len(names) != len(set(names)) or not set(names) <= {REASON, INVALIDITY}:
            yield str(names)
        if any(critical for _, critical, _ in entry.extensions):
            yield "critical"
        if entry.has_extensions and not names:
            yield "an empty SEQUENCE of extensions"


def reasons_are_codes_that_say_something(crl):
    """5.3.1: no unspecified(0); removeFromCRL(8) in delta CRLs alone; 7 is not used."""
    allowed = {1, 2, 3, 4, 5, 6, 9, 10} | ({8} if crl.delta else set())
    for entry in crl.entries:
        if entry.reason is None:
            continue
        if entry.reason.tag != der.ENUMERATED or entry.code() not in allowed:
            yield entry.reason.whole.hex()


def invalidity_dates_are_generalized(crl):
    """5.3.2: GeneralizedTime for every year."""
    for entry in crl.entries:
        if entry.invalid_since is None:
            continue
        text = entry.invalid_since.content.decode("ascii")
        if entry.invalid_since.tag != der.GENERALIZED_TIME or not is_generalized(text):
            yield text


def extensions_are_the_expected_ones(crl):
    """5.2: freshestCRL has no place in a delta CRL."""
    wanted = {AUTHORITY_KEY_ID, NUMBER}
    wanted |= {DELTA} if crl.delta else set()
    wanted |= {POINT} if crl.point else set()
    wanted |= {FRESHEST} if crl.delta_url and not crl.delta else set()
    got = {name for name, _, _ in crl.extensions}
    if got != wanted:
        yield f"{got ^ wanted}"


def criticality_is_right(crl):
    for name, critical, _ in crl.extensions:
        if critical != (name in (DELTA, POINT)):
            yield f"{name}: {critical}"


def number_is_a_short_positive_integer(crl):
    """5.2.3: at most 20 octets."""
    value = crl.extension(NUMBER)
    if value.tag != der.INTEGER or len(value.content) > 20 or crl.number() < 1:
        yield value.whole.hex()


def base_is_before_it(crl):
    """5.2.4."""
    if crl.delta and not 1 <= crl.base() < crl.number():
        yield f"{crl.base()}, number {crl.number()}"


def issuing_distribution_point_is_the_partition(crl):
    """5.2.5: the same URL as in the certificates; flags that are FALSE are not written."""
    value = crl.extension(POINT)
    if value is None:
        return
    if [child.tag for child in value.children] != [0xA0] or urls(value[0]) != [(0x86, crl.point)]:
        yield value.whole.hex()


def freshest_crl_is_one_url(crl):
    value = crl.extension(FRESHEST)
    if value is None:
        return
    point = value[0]
    if len(value.children) != 1 or [child.tag for child in point.children] != [0xA0]:
        yield value.whole.hex()
    if urls(point[0]) != [(0x86, crl.delta_url)]:
        yield value.whole.hex()


RULES = (
    *COMMON,
    version_is_2,
    next_update_is_there,
    an_empty_list_is_absent,
    entries_are_sorted_and_unique,
    serials_are_positive_and_short,
    revocation_dates_have_their_form,
    entry_extensions_are_known_and_not_critical,
    reasons_are_codes_that_say_something,
    invalidity_dates_are_generalized,
    extensions_are_the_expected_ones,
    criticality_is_right,
    number_is_a_short_positive_integer,
    base_is_before_it,
    issuing_distribution_point_is_the_partition,
    freshest_crl_is_one_url,
)
