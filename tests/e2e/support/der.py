"""A strict DER reader (ITU-T X.690 10 and 11) of the tests' own, for what libraries hide: how a value is encoded."""

from dataclasses import dataclass, field

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 1, 2, 3, 4, 5, 6, 10
UTF8_STRING, PRINTABLE_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME = 12, 19, 22, 23, 24
SEQUENCE, SET = 0x30, 0x31
CONSTRUCTED = 0x20


class NotDer(ValueError):
    """The bytes are not DER."""


@dataclass
class Element:
    tag: int
    content: bytes
    whole: bytes
    children: list = field(default_factory=list)

    def __getitem__(self, index):
        return self.children[index]

    def child(self, tag):
        """The only child with this tag; None without one."""
        found = [child for child in self.children if child.tag == tag]
        if len(found) > 1:
            raise NotDer(f"tag {tag:#x} stands {len(found)} times")
        return found[0] if found else None


def parse(data):
    """The one element that `data` is."""
    element, end = _element(data, 0)
    if end != len(data):
        raise NotDer(f"{len(data) - end} octets behind the element")
    return element


def _element(data, at):
    try:
        tag, first = data[at], data[at + 1]
        begin = at + 2
        size = first
        if first & 0x80:
            octets = data[begin : begin + (first & 0x7F)]
            begin += len(octets)
            size = int.from_bytes(octets, "big")
            if size < 0x80 or octets[0] == 0:
                raise NotDer("a length that is not minimal")
    except IndexError:
        raise NotDer("cut off") from None
    if begin + size > len(data):
        raise NotDer("cut off")
    if tag & 0x1F == 0x1F:
        raise NotDer("a tag of more than one octet")
    element = Element(tag, data[begin : begin + size], data[at : begin + size])
    if tag & CONSTRUCTED:
        inner = begin
        while inner < begin + size:
            child, inner = _element(data[: begin + size], inner)
            element.children.append(child)
    _check_value(element)
    return element, begin + size


def _check_value(element):
    content = element.content
    if element.tag == BOOLEAN and content not in (b"\x00", b"\xff"):
        raise NotDer(f"BOOLEAN {content.hex()}")
    if element.tag in (INTEGER, ENUMERATED):
        if not content:
            raise NotDer("an empty INTEGER")
        if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):
            raise NotDer(f"INTEGER {content.hex()} is not minimal")
    if element.tag == BIT_STRING:
        if not content or content[0] > 7:
            raise NotDer("a BIT STRING without its count of unused bits")
        if content[0] and content[-1] & ((1 << content[0]) - 1):
            raise NotDer("a BIT STRING whose unused bits are not zero")
    if element.tag == SET and [child.whole for child in element.children] != sorted(
        child.whole for child in element.children
    ):
        raise NotDer("a SET that is not sorted")


def oid_text(content):
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
