"""Answer heads that are none (RFC 9112 4, 5), or that frame a body in two ways (6)."""

from store_answers.answers import (
    EVIL,
    Answer,
    Refused,
    drip,
    flood,
    hang,
    head,
    leave,
    reset,
    sized,
    stay,
)


def _no_answer(name, data):
    return Answer(name, stay(data + EVIL), Refused())


def _status_line(line):
    return _no_answer(f"status line {line.decode('latin-1')!r}", sized(start=line))


def _field(name, *fields):
    return _no_answer(f"field: {name}", sized(*fields))


def _framing(name, *fields, body=b"hello"):
    return _no_answer(f"framing: {name}", head(*fields) + body)


_STATUS_LINES = [
    _status_line(line)
    for line in (
        b"HTTP/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1.1 OK",
        b"HTTP/1.1 0 Zero",
        b"HTTP/1.1 000 Zero",
        b"HTTP/1.1 099 Odd",
        b"HTTP/1.1 600 Odd",
        b"HTTP/1.1 999 Odd",
        b"HTTP/1.1 1000 Odd",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 -200 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2O0 OK",
        b"HTTP/1.1 0xC8 OK",
        b"HTTP/1.1 200OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1200 OK",
        b" HTTP/1.1 200 OK",
        b"HTTP/1.1 200 O\0K",
        b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 OK\x1b[31m",
        b"HTTP/0.9 200 OK",
        b"HTTP/1.2 200 OK",
        b"HTTP/1.10 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/2 200 OK",
        b"HTTP/3.0 200 OK",
        b"http/1.1 200 OK",
        b"HTTP 200 OK",
        b"ICY 200 OK",
        b"200 OK",
        b"GET /fleet/AABBCCDD/a HTTP/1.1",
        b"Status: 200 OK",
        b"",
    )
] + [
    _no_answer("an empty line first", b"\r\n" + sized()),
    _no_answer("line ends of LF only", sized().replace(b"\r\n", b"\n")),
    _no_answer("a status line that ends with LF", sized(start=b"HTTP/1.1 200 OK\nX-A: a")),
    _no_answer("a document without a head", b"<html>hello</html>\r\n\r\n"),
    _no_answer("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x28\r\n\r\n"),
    _no_answer("the greeting of a mail server", b"220 mail.test ESMTP\r\n\r\n"),
    _no_answer("the greeting of SSH", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    _no_answer("a settings frame of HTTP/2", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\r\n\r\n"),
]

_FIELDS = [
    _field("folded", b"ETag: a", b" b"),
    _field("folded by a tab", b"ETag: a", b"\tb"),
    _field("folded first line", b" ETag: a"),
    _field("bare LF", b"ETag: a\nSet-Cookie: b"),
    _field("bare CR", b"ETag: a\rSet-Cookie: b"),
    _field("CR CR LF", b"ETag: a\r"),
    _field("NUL", b"ETag: a\0b"),
    _field("escape", b"ETag: a\x1b[31mb"),
    _field("DEL", b"ETag: a\x7fb"),
    _field("vertical tab", b"ETag: a\x0bb"),
    _field("no colon", b"ETag"),
    _field("no name", b": a"),
    _field("a space in the name", b"E Tag: a"),
    _field("a space before the colon", b"ETag : a"),
    _field("a NUL in the name", b"E\0Tag: a"),
    _field("an 8-bit byte in the name", b"E\xe4Tag: a"),
    _field("a status line", b"HTTP/1.1 200 OK"),
    _field("a thousand", *[b"X-%d: a" % i for i in range(1000)]),
    Answer("field: without end", flood(b"HTTP/1.1 200 OK\r\nETag: ", b"a" * 65536), Refused()),
    Answer("fields without end", flood(b"HTTP/1.1 200 OK\r\n", b"ETag: a\r\n" * 5000), Refused()),
]

_FRAMING = [
    _framing(f"length {value.decode('latin-1')!r}", b"Content-Length: " + value)
    for value in (
        b"",
        b"+5",
        b"-5",
        b"-0",
        b"0x5",
        b"5.0",
        b"5,5",
        b"5, 5",
        b"5, 6",
        b"5 5",
        b"5;",
        b"05",
        b"five",
        b"5\xa0",
        b"18446744073709551621",
        b"99999999999999999999999999",
    )
] + [
    _framing("two equal lengths", b"Content-Length: 5", b"Content-Length: 5"),
    _framing("two lengths", b"Content-Length: 5", b"Content-Length: 50"),
    _framing("two lengths in other letters", b"Content-Length: 50", b"content-length: 5"),
    _framing("length with a space before the colon", b"Content-Length : 5"),
    _framing(
        "length and coding",
        b"Content-Length: 5",
        b"Transfer-Encoding: chunked",
        body=b"5\r\nhello\r\n0\r\n\r\n",
    ),
    _framing(
        "coding and length",
        b"Transfer-Encoding: chunked",
        b"Content-Length: 0",
        body=b"5\r\nhello\r\n0\r\n\r\n",
    ),
    _framing("chunked twice", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    _framing("chunked, chunked", b"Transfer-Encoding: chunked, chunked"),
    _framing("gzip", b"Transfer-Encoding: gzip"),
    _framing("gzip, chunked", b"Transfer-Encoding: gzip, chunked"),
    _framing("identity", b"Transfer-Encoding: identity"),
    _framing("xchunked", b"Transfer-Encoding: xchunked"),
    _framing("chunked with a vertical tab", b"Transfer-Encoding: \x0bchunked"),
    _framing("an empty coding", b"Transfer-Encoding:"),
    _no_answer(
        "framing: chunked in HTTP/1.0",
        head(b"Transfer-Encoding: chunked", start=b"HTTP/1.0 200 OK") + b"5\r\nhello\r\n0\r\n\r\n",
    ),
]

_INTERIM = [
    _no_answer("interim: a flood", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    Answer("interim: without end", flood(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1000), Refused()),
    _no_answer(
        "interim: 101 that nobody asked for",
        head(b"Upgrade: h2c", b"Connection: Upgrade", start=b"HTTP/1.1 101 Switching Protocols"),
    ),
    Answer("interim: nothing behind it", leave(b"HTTP/1.1 100 Continue\r\n\r\n"), Refused()),
    Answer("interim: a head without end", leave(b"HTTP/1.1 100 Continue\r\nX-A: a"), Refused()),
    _no_answer("interim: folded", head(b"X-A: a", b" b", start=b"HTTP/1.1 100 Continue") + b"x"),
    _no_answer("interim: garbage behind it", b"HTTP/1.1 100 Continue\r\n\r\ngarbage\r\n\r\n"),
]

_ENDS = [
    Answer("the end instead of an answer", leave(b""), Refused()),
    Answer("RST instead of an answer", reset(b""), Refused()),
    Answer("the end within the status line", leave(b"HTTP/1.1 20"), Refused()),
    Answer("the end within a field", leave(b"HTTP/1.1 200 OK\r\nContent-Le"), Refused()),
    Answer("the end before the empty line", leave(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), Refused()),
    Answer("RST within the head", reset(b"HTTP/1.1 200 OK\r\nContent-Le"), Refused()),
    Answer("silence", hang(b""), Refused(504)),
    Answer("silence within the head", hang(b"HTTP/1.1 200 OK\r\nContent-Le"), Refused(504)),
    Answer("silence behind an interim answer", hang(b"HTTP/1.1 100 Continue\r\n\r\n"), Refused(504)),
    Answer("a head in drops", drip(b"HTTP/1.1 200 OK\r\nETag: " + b"a" * 1000, 0.02), Refused(504)),
    Answer("the end before an upload's answer", leave(b""), Refused(), "PUT"),
    Answer("silence about an upload", hang(b""), Refused(504), "PUT"),
    Answer("half a success of an upload", leave(b"HTTP/1.1 200 OK\r\nETag: a\r\n"), Refused(), "PUT"),
]

ANSWERS = _STATUS_LINES + _FIELDS + _FRAMING + _INTERIM + _ENDS
