"""Content-Length and Transfer-Encoding that two readers could take for different bodies (RFC 9112 6.1, 6.3)."""

from smuggling.cases import CHUNKS, SMUGGLED, chunked, passes, put, refused, sized

_CODED = b"Transfer-Encoding: chunked"
_HELLO = b"hello"
# 5 for a reader of lengths, and a chunked body that ends before the smuggled request for the other.
_BOTH = b"0\r\n\r\n"


def _length(name, value):
    """Told to be five bytes long in some way."""
    return refused(f"length: {name}", put(b"Content-Length: " + value, body=_HELLO))


def _coding(name, value):
    """Chunked to some, and with the length that the others go by."""
    return refused(f"coding: {name}", put(b"Transfer-Encoding: " + value, body=CHUNKS))


def _hidden(name, field):
    """A field that is Transfer-Encoding to some, beside a length."""
    return refused(f"hidden coding: {name}", put(b"Content-Length: 5", field, body=_BOTH))


_LENGTHS = [
    _length("plus sign", b"+5"),
    _length("minus sign", b"-5"),
    _length("minus zero", b"-0"),
    _length("hexadecimal", b"0x5"),
    _length("hexadecimal digit", b"A"),
    _length("octal", b"0o5"),
    _length("leading zero", b"05"),
    _length("leading zeros", b"0000000005"),
    _length("zero twice", b"00"),
    _length("decimal fraction", b"5.0"),
    _length("exponent", b"5e0"),
    _length("digit separator", b"1_0"),
    _length("thousands", b"1,000"),
    _length("list of the same", b"5, 5"),
    _length("list of others", b"5, 6"),
    _length("list without a space", b"5,5"),
    _length("list with an empty end", b"5,"),
    _length("list with an empty begin", b",5"),
    _length("two words", b"5 5"),
    _length("two words by a tab", b"5\t5"),
    _length("parameter", b"5;x=1"),
    _length("quoted", b'"5"'),
    _length("empty", b""),
    _length("spaces only", b"   "),
    _length("a word", b"five"),
    _length("superscript digit", b"\xb2"),
    _length("full-width digit", "５".encode()),
    _length("no-break space behind", b"5\xa0"),
    _length("vertical tab before", b"\x0b5"),
    _length("form feed behind", b"5\x0c"),
    _length("NUL behind", b"5\0"),
    _length("2^64 + 5", b"18446744073709551621"),
    _length("2^128 + 5", b"340282366920938463463374607431768211461"),
    _length("4300 digits", b"1" * 4300),
    _length("2^64 - 1", b"18446744073709551615"),
    _length("2^63", b"9223372036854775808"),
    refused("length: twice, different", put(b"Content-Length: 5", b"Content-Length: 0", body=_HELLO)),
    refused("length: twice, equal", put(b"Content-Length: 5", b"Content-Length: 5", body=_HELLO)),
    refused("length: twice, in other letters", put(b"Content-Length: 5", b"content-length: 0", body=_HELLO)),
    refused("length: underscore", put(b"Content_Length: 5", body=_HELLO)),
    refused("length: and one with underscore", put(b"Content-Length: 0", b"Content_Length: 5", body=_HELLO)),
    refused("length: underscore in capitals", put(b"CONTENT_LENGTH: 5", body=_HELLO)),
    refused("length: space before the colon", put(b"Content-Length : 5", body=_HELLO)),
    refused("length: tab before the colon", put(b"Content-Length\t: 5", body=_HELLO)),
    refused("length: folded", put(b"Content-Length:", b" 5", body=_HELLO)),
    refused("length: folded with a second digit", put(b"Content-Length: 5", b" 6", body=_HELLO)),
    refused("length: no colon", put(b"Content-Length 5", body=_HELLO)),
    refused(
        "length: of a GET", put(b"Content-Length: 5", body=_HELLO, start=b"GET /fleet/AABBCCDD/a HTTP/1.1")
    ),
    refused(
        "length: of a HEAD", put(b"Content-Length: 5", body=_HELLO, start=b"HEAD /fleet/AABBCCDD/a HTTP/1.1")
    ),
]

_CODINGS = [
    _coding("identity", b"identity"),
    _coding("gzip", b"gzip"),
    _coding("gzip, chunked", b"gzip, chunked"),
    _coding("chunked, gzip", b"chunked, gzip"),
    _coding("identity, chunked", b"identity, chunked"),
    _coding("chunked, identity", b"chunked, identity"),
    _coding("chunked, chunked", b"chunked, chunked"),
    _coding("trailing comma", b"chunked,"),
    _coding("leading comma", b",chunked"),
    _coding("a parameter", b"chunked;q=1"),
    _coding("quoted", b'"chunked"'),
    _coding("in single quotes", b"'chunked'"),
    _coding("prefixed", b"xchunked"),
    _coding("cut", b"chunke"),
    _coding("prolonged", b"chunkedx"),
    _coding("two words", b"chunked x"),
    _coding("the other order of words", b"x chunked"),
    _coding("empty", b""),
    _coding("cow", b"cow"),
    _coding("vertical tab before", b"\x0bchunked"),
    _coding("vertical tab behind", b"chunked\x0b"),
    _coding("form feed before", b"\x0cchunked"),
    _coding("no-break space", b"\xa0chunked"),
    _coding("NUL behind", b"chunked\0"),
    _coding("DEL behind", b"chunked\x7f"),
    _coding("8-bit byte behind", b"chunked\xff"),
    _coding("long s", "chunſed".encode()),
    _coding("Kelvin sign", "chun\u212aed".encode()),
    _coding("an encoded word", b"=?iso-8859-1?B?Y2h1bmtlZA==?="),
    _coding("of HTTP/0.9", b"chunked\r\nTransfer-Encoding: identity"),
    refused("coding: twice", put(_CODED, _CODED, body=CHUNKS)),
    refused("coding: twice, unknown last", put(_CODED, b"Transfer-encoding: cow", body=CHUNKS)),
    refused("coding: twice, unknown first", put(b"Transfer-encoding: cow", _CODED, body=CHUNKS)),
    refused("coding: folded", put(b"Transfer-Encoding:", b" chunked", body=CHUNKS)),
    refused("coding: folded by a tab", put(b"Transfer-Encoding:", b"\tchunked", body=CHUNKS)),
    refused("coding: of a GET", put(_CODED, body=CHUNKS, start=b"GET /fleet/AABBCCDD/a HTTP/1.1")),
    refused("coding: of HTTP/1.0", put(_CODED, body=CHUNKS, start=b"PUT /fleet/AABBCCDD/a HTTP/1.0")),
    refused("both: length first", put(b"Content-Length: 5", _CODED, body=_BOTH)),
    refused("both: coding first", put(_CODED, b"Content-Length: 5", body=_BOTH)),
    refused("both: length 0", put(b"Content-Length: 0", _CODED, body=CHUNKS)),
    refused("both: length of the whole", put(b"Content-Length: 15", _CODED, body=CHUNKS)),
    refused("both: unknown coding", put(b"Content-Length: 5", b"Transfer-Encoding: xchunked", body=_BOTH)),
    refused(
        "both: in a GET",
        put(b"Content-Length: 5", _CODED, body=_BOTH, start=b"GET /fleet/AABBCCDD/a HTTP/1.1"),
    ),
]

_HIDDEN = [
    _hidden("space before the colon", b"Transfer-Encoding : chunked"),
    _hidden("tab before the colon", b"Transfer-Encoding\t: chunked"),
    _hidden("NUL before the colon", b"Transfer-Encoding\0: chunked"),
    _hidden("8-bit space before the colon", b"Transfer-Encoding\xa0: chunked"),
    _hidden("CR LF before the colon", b"Transfer-Encoding\r\n: chunked"),
    _hidden("CR before the colon", b"Transfer-Encoding\r: chunked"),
    _hidden("LF before the colon", b"Transfer-Encoding\n: chunked"),
    _hidden("a space before the name", b" Transfer-Encoding: chunked"),
    _hidden("a tab before the name", b"\tTransfer-Encoding: chunked"),
    _hidden("a CR before the name", b"\rTransfer-Encoding: chunked"),
    _hidden("a NUL before the name", b"\0Transfer-Encoding: chunked"),
    _hidden("a colon before the name", b": Transfer-Encoding: chunked"),
    _hidden("an 8-bit byte before the name", b"\xffTransfer-Encoding: chunked"),
    _hidden("a byte order mark before the name", b"\xef\xbb\xbfTransfer-Encoding: chunked"),
    _hidden("folded behind another field", b"X-A: a\r\n Transfer-Encoding: chunked"),
    _hidden("behind a bare LF", b"X-A: a\nTransfer-Encoding: chunked"),
    _hidden("behind a bare CR", b"X-A: a\rTransfer-Encoding: chunked"),
    _hidden("behind LF CR", b"X-A: a\n\rTransfer-Encoding: chunked"),
    _hidden("behind CR CR LF", b"X-A: a\r\r\nTransfer-Encoding: chunked"),
    _hidden("behind a NUL", b"X-A: a\0\r\nTransfer-Encoding: chunked"),
    _hidden("underscore", b"Transfer_Encoding: chunked"),
    _hidden("underscore in capitals", b"TRANSFER_ENCODING: chunked"),
    _hidden("equals sign for the colon", b"Transfer-Encoding= chunked"),
    _hidden("parentheses", b"(Transfer-Encoding): chunked"),
    _hidden("quoted name", b'"Transfer-Encoding": chunked'),
]

_SOUND = [
    passes("length", put(b"Content-Length: 5", body=_HELLO), sized()),
    passes("length of nothing", put(b"Content-Length: 0"), sized(body=b"")),
    passes("length in small letters", put(b"content-length: 5", body=_HELLO), sized()),
    passes("length with white space around", put(b"Content-Length: \t 5 \t", body=_HELLO), sized()),
    passes("length without white space", put(b"Content-Length:5", body=_HELLO), sized()),
    passes(
        "a request within the length",
        put(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        sized(body=SMUGGLED),
    ),
    passes("chunked", put(_CODED, body=CHUNKS), chunked()),
    passes("chunked in other letters", put(b"TRANSFER-encoding:\tChUnKeD ", body=CHUNKS), chunked()),
    passes("chunked, of nothing", put(_CODED, body=b"0\r\n\r\n"), chunked(body=b"")),
    passes(
        "a content coding of that name",
        put(b"Content-Encoding: aws-chunked", b"Content-Length: 5", body=_HELLO),
        sized(b"Content-Encoding: aws-chunked"),
    ),
    passes(
        "a field that only looks alike",
        put(b"X-Transfer-Encoding: chunked", b"Content-Length: 5", body=_HELLO),
        sized(b"X-Transfer-Encoding: chunked"),
    ),
]

CASES = _LENGTHS + _CODINGS + _HIDDEN + _SOUND
