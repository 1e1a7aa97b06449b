"""Chunks whose ends two readers could see in different places (RFC 9112 7.1)."""

from smuggling.cases import SMUGGLED, Case, Cut, Unfinished, chunked, passes, put

_CODED = b"Transfer-Encoding: chunked"
_LAST = b"0\r\n\r\n"


def _sound(name, body, content=b"hello"):
    return passes(name, put(_CODED, body=body), chunked(body=content))


_SIZES = {
    "0x": b"0x5",
    "0X": b"0X5",
    "plus sign": b"+5",
    "minus sign": b"-5",
    "underscore": b"0_5",
    "underscore behind": b"5_",
    "point": b"5.",
    "comma": b"5,",
    "empty": b"",
    "no digit": b"g",
    "a letter behind": b"5g",
    "h for hexadecimal": b"5h",
    "space before": b" 5",
    "tab before": b"\t5",
    "tab behind": b"5\t",
    "space behind": b"5 ",
    "two numbers": b"5 5",
    "NUL before": b"\x005",
    "NUL behind": b"5\0",
    "vertical tab behind": b"5\x0b",
    "8-bit byte behind": b"5\xa0",
    "quoted": b'"5"',
    "full-width digit": "５".encode(),
    "CR behind": b"5\r",
    "2^64 + 5": b"10000000000000005",
    "2^64 - 1": b"ffffffffffffffff",
    "2^63 + 5": b"8000000000000005",
    "17 leading zeros": b"0" * 17 + b"5",
    "1000 leading zeros": b"0" * 1000 + b"5",
    "a million leading zeros": b"0" * 1_000_000 + b"5",
}

_ENDS = {
    "end of size: LF": b"5\nhello\r\n" + _LAST,
    "end of size: CR": b"5\rhello\r\n" + _LAST,
    "end of size: LF CR": b"5\n\rhello\r\n" + _LAST,
    "end of size: none": b"5hello\r\n" + _LAST,
    "end of size: CR and a byte": b"5\rXhello\r\n" + _LAST,
    "end of data: none": b"5\r\nhello" + _LAST,
    "end of data: LF": b"5\r\nhello\n" + _LAST,
    "end of data: CR": b"5\r\nhello\r" + _LAST,
    "end of data: two other bytes": b"5\r\nhelloXX" + _LAST,
    "end of data: one byte too many": b"5\r\nhello!\r\n" + _LAST,
    "end of data: one byte too few": b"6\r\nhello\r\n" + _LAST,
    "end of data: an empty line too many": b"5\r\nhello\r\n\r\n" + _LAST,
    "begin: an empty line": b"\r\n5\r\nhello\r\n" + _LAST,
    "begin: LF": b"\n5\r\nhello\r\n" + _LAST,
    "last chunk: LF": b"5\r\nhello\r\n0\n\r\n",
    "last chunk: LF LF": b"5\r\nhello\r\n0\n\n",
    "last chunk: an empty line of LF": b"5\r\nhello\r\n0\r\n\n",
    "last chunk: an empty line of CR": b"5\r\nhello\r\n0\r\n\r",
    "last chunk: no empty line": b"5\r\nhello\r\n0\r\n",
    "last chunk: minus zero": b"5\r\nhello\r\n-0\r\n\r\n",
    "last chunk: 0x0": b"5\r\nhello\r\n0x0\r\n\r\n",
    "last chunk: space before": b"5\r\nhello\r\n 0\r\n\r\n",
    "last chunk: space behind": b"5\r\nhello\r\n0 \r\n\r\n",
    "no chunks at all": b"",
    "a chunk as large as no object": b"7fffffffffffffff\r\nhello",
}

_EXTENSIONS = {
    "extension: LF within": b"5;a=\nb\r\nhello\r\n" + _LAST,
    "extension: ended by LF": b"5;a\nhello\r\n" + _LAST,
    "extension: a size behind LF": b"5;\n5\r\nhello\r\n" + _LAST,
    "extension: CR within": b"5;a=\rb\r\nhello\r\n" + _LAST,
    "extension: NUL within": b"5;a=\0b\r\nhello\r\n" + _LAST,
    "extension: NUL in quotes": b'5;a="\0"\r\nhello\r\n' + _LAST,
    "extension: LF in quotes": b'5;a="\n"\r\nhello\r\n' + _LAST,
    "extension: CR LF in quotes": b'5;a="\r\n"\r\nhello\r\n' + _LAST,
    "extension: quotes without end": b'5;a="b\r\nhello\r\n' + _LAST,
    "extension: no semicolon": b"5 a=b\r\nhello\r\n" + _LAST,
    "extension: no name": b"5;=b\r\nhello\r\n" + _LAST,
    "extension: no name at all": b"5;\r\nhello\r\n" + _LAST,
    "extension: a million bytes": b"5;a=" + b"b" * 1_000_000 + b"\r\nhello\r\n" + _LAST,
    "extension: a million extensions": b"5" + b";a" * 500_000 + b"\r\nhello\r\n" + _LAST,
}

_TRAILERS = {
    "a field": b"X-A: b",
    "Content-Length": b"Content-Length: 60",
    "Transfer-Encoding": b"Transfer-Encoding: chunked",
    "Host": b"Host: other.test",
    "Authorization": b"Authorization: AWS4-HMAC-SHA256 x",
    "a checksum": b"x-amz-checksum-crc32: AAAAAA==",
    "a copy source": b"x-amz-copy-source: /fleet/11223344/a",
    "folded": b"X-A: b\r\n c",
    "ended by LF": b"X-A: b\nX-B: c",
    "no colon": b"X-A",
    "a space before the colon": b"X-A : b",
    "only a space": b" ",
    "a hundred kilobytes": b"X-A: " + b"b" * 100_000,
}

# No reader may take these for a whole body, whichever way they go and whatever is behind them.
BROKEN = {
    **{f"size: {name}": size + b"\r\nhello\r\n" + _LAST for name, size in _SIZES.items()},
    **_ENDS,
    **_EXTENSIONS,
    **{f"trailer: {name}": b"5\r\nhello\r\n0\r\n" + field + b"\r\n\r\n" for name, field in _TRAILERS.items()},
}

_UNFINISHED = [
    Case(f"left {name}", put(_CODED, body=body), Unfinished())
    for name, body in {
        "within a size": b"5\r\nhello\r\n5",
        "within the end of a size": b"5\r",
        "within data": b"5\r\nhel",
        "before the last chunk": b"5\r\nhello\r\n",
        "within the last chunk": b"5\r\nhello\r\n0\r\n",
        "within the last line end": b"5\r\nhello\r\n0\r\n\r",
    }.items()
]

_SOUND = [
    _sound("capital digit", b"A\r\n0123456789\r\n" + _LAST, b"0123456789"),
    _sound("small digit", b"a\r\n0123456789\r\n" + _LAST, b"0123456789"),
    _sound("leading zeros", b"0005\r\nhello\r\n" + _LAST),
    _sound("several chunks", b"1\r\nh\r\n4\r\nello\r\n" + _LAST),
    _sound("zeros as last size", b"5\r\nhello\r\n000\r\n\r\n"),
    _sound("extension", b"5;a=b\r\nhello\r\n" + _LAST),
    _sound("extension in quotes", b'5;a="b; c"\r\nhello\r\n' + _LAST),
    _sound("extension of the last chunk", b"5\r\nhello\r\n0;a\r\n\r\n"),
    _sound("chunks within a chunk", b"f\r\n5\r\nhello\r\n0\r\n\r\n\r\n" + _LAST, b"5\r\nhello\r\n0\r\n\r\n"),
    _sound("a request within a chunk", b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED), SMUGGLED),
]

CASES = [
    *(Case(name, put(_CODED, body=body + SMUGGLED), Cut()) for name, body in BROKEN.items()),
    *_UNFINISHED,
    *_SOUND,
]
