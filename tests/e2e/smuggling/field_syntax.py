"""Header sections that two readers could split differently (RFC 9112 2.2, 5), and fields by two names."""

from smuggling.cases import HOST, SMUGGLED, START, Case, Denied, Seen, get, lines, passes, put, refused, sized

_FIVE = b"Content-Length: 5"
_HELLO = b"hello"


def _field(name, *fields, status=400):
    return refused(name, put(*fields, _FIVE, body=_HELLO), status)


_LINES = [
    _field("fold by a space", b"X-A: a", b" b"),
    _field("fold by a tab", b"X-A: a", b"\tb"),
    _field("fold of an empty value", b"X-A:", b" b"),
    _field("fold that is only white space", b"X-A: a", b" "),
    refused("fold of the first line", lines(START, b" X-A: a", HOST, _FIVE) + _HELLO),
    refused("fold of the first line into Host", lines(START, b" Host: gw.test", _FIVE) + _HELLO),
    _field("bare CR", b"X-A: a\rb"),
    _field("bare CR at the end", b"X-A: a\r"),
    _field("bare LF", b"X-A: a\nb"),
    _field("bare LF and a field", b"X-A: a\nX-B: b"),
    _field("LF CR", b"X-A: a\n\rX-B: b"),
    refused("line ends of LF only", put(_FIVE).replace(b"\r\n", b"\n") + _HELLO),
    refused("line ends of CR only", put(_FIVE).replace(b"\r\n", b"\r") + b"\r\n\r\n"),
    refused("the empty line by LF", START + b"\r\n" + HOST + b"\r\n" + _FIVE + b"\r\n\n" + _HELLO),
    refused("the empty line by CR", START + b"\r\n" + HOST + b"\r\n" + _FIVE + b"\r\n\r" + _HELLO),
    refused("LF LF within a value", put(b"X-A: a\n\n" + SMUGGLED)),
    _field("no colon", b"X-A"),
    _field("only a colon", b":"),
    _field("no name", b": a"),
    _field("a request line as field", b"GET /fleet/AABBCCDD/smuggled HTTP/1.1"),
    refused("a head without end", START + b"\r\n" + HOST + b"\r\nX-A: " + b"a" * 300_000, 431),
    refused("a thousand fields", put(*[b"X-%d: a" % i for i in range(1000)]), 431),
    refused("a hundred thousand empty fields", START + b"\r\n" + b"X:\r\n" * 100_000, 431),
]

_NAMES = [
    _field(f"name with {name}", field)
    for name, field in {
        "a space within": b"X A: a",
        "a space behind": b"X-A : a",
        "a tab behind": b"X-A\t: a",
        "a NUL": b"X\0A: a",
        "a BEL": b"X\aA: a",
        "DEL": b"X\x7fA: a",
        "an 8-bit byte": b"X\xe4: a",
        "UTF-8": "Xä: a".encode(),
        "parentheses": b"X(A): a",
        "brackets": b"X[A]: a",
        "braces": b"X{A}: a",
        "an at sign": b"X@A: a",
        "a slash": b"X/A: a",
        "a backslash": b"X\\A: a",
        "a comma": b"X,A: a",
        "a semicolon": b"X;A: a",
        "an equals sign": b"X=A: a",
        "a question mark": b"X?A: a",
        "quotes": b'X"A": a',
        "less than": b"X<A: a",
    }.items()
]

_VALUES = [
    _field(f"value with {name}", b"X-A: a" + byte + b"b")
    for name, byte in {
        "NUL": b"\0",
        "SOH": b"\x01",
        "backspace": b"\b",
        "vertical tab": b"\x0b",
        "form feed": b"\x0c",
        "escape": b"\x1b",
        "unit separator": b"\x1f",
        "DEL": b"\x7f",
    }.items()
]

_OTHER_NAMES = [
    _field(f"underscore: {name.decode()}", name + b": " + value)
    for name, value in {
        b"x_amz_copy_source": b"/fleet/11223344/a",
        b"X_AMZ_COPY_SOURCE": b"/fleet/11223344/a",
        b"x-amz_copy-source": b"/fleet/11223344/a",
        b"x_amz_acl": b"public-read",
        b"x_amz_date": b"20200101T000000Z",
        b"x_amz_security_token": b"x",
        b"content_type": b"text/html",
        b"content_md5": b"x",
    }.items()
] + [
    _field("two signatures", b"Authorization: AWS4-HMAC-SHA256 a", b"Authorization: AWS4-HMAC-SHA256 b"),
    Case(
        "method override",
        put(b"X-HTTP-Method-Override: DELETE", _FIVE, body=_HELLO),
        Denied(403),
    ),
    Case("method override in short", put(b"X-HTTP-Method: DELETE", _FIVE, body=_HELLO), Denied(403)),
    Case("copy of another device's object", put(b"x-amz-copy-source: /fleet/11223344/a"), Denied(403)),
]

_SOUND = [
    passes(f"field: {name}", put(field, _FIVE, body=_HELLO), sized(seen or field))
    for name, field, seen in (
        ("plain", b"X-A: a", None),
        ("no white space", b"X-A:a", b"X-A: a"),
        ("white space around", b"X-A: \t a \t ", b"X-A: a"),
        ("a tab within", b"X-A: a\tb", None),
        ("spaces within", b"X-A: a   b", None),
        ("empty", b"X-A:", b"X-A: "),
        ("colons", b"X-A: a: b", None),
        ("8-bit bytes", b"X-A: \xe4\xff", None),
        ("UTF-8", "X-A: ä".encode(), None),
        ("every byte that names may have", b"!#$%&'*+-.^`|~09azAZ: a", None),
        ("an underscore that is nobody's dash", b"X_A: a", None),
    )
] + [
    passes("field: twice, in order", get(b"X-A: 1", b"x-a: 2"), Seen(get(b"X-A: 1", b"x-a: 2"))),
    passes("field: before Host", lines(b"GET /fleet/AABBCCDD/a HTTP/1.1", b"X-A: a", HOST)),
]

CASES = _LINES + _NAMES + _VALUES + _OTHER_NAMES + _SOUND
