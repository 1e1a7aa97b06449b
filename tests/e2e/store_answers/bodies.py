"""Bodies that end early, late or in a way that readers take for different ends (RFC 9112 6.3, 7.1, 8), and
answers that are odd but sound."""

from smuggling.chunked_bodies import BROKEN
from store_answers.answers import (
    EVIL,
    Answer,
    Broken,
    Refused,
    Whole,
    drip,
    hang,
    head,
    leave,
    reset,
    sized,
    stay,
)

_CHUNKED = head(b"Transfer-Encoding: chunked")
_UNTIL_CLOSE = head(b"ETag: a")
_MEBIBYTE = b"x" * (1 << 20)
_LONG = head(b"Content-Length: 2097152") + _MEBIBYTE
_LAST = b"0\r\n\r\n"

_CHUNKS = [
    Answer(f"chunked: {name}", stay(_CHUNKED + body + EVIL), Broken()) for name, body in BROKEN.items()
]

_EARLY_ENDS = [
    Answer("length: the end behind the head", leave(head(b"Content-Length: 5")), Refused()),
    Answer("length: RST behind the head", reset(head(b"Content-Length: 5")), Refused()),
    Answer("length: the end within the body", leave(head(b"Content-Length: 5") + b"hell"), Broken()),
    Answer("length: RST within the body", reset(head(b"Content-Length: 5") + b"hell"), Broken()),
    Answer("length: the end within a long body", leave(_LONG), Broken()),
    Answer("length: RST within a long body", reset(_LONG), Broken()),
    Answer("length: 2^64 - 1", leave(head(b"Content-Length: 18446744073709551615") + b"hello"), Broken()),
    Answer("length: silence behind the head", hang(head(b"Content-Length: 5")), Refused(504)),
    Answer("length: silence within the body", hang(head(b"Content-Length: 5") + b"hell"), Broken()),
    Answer("length: the end within an upload's answer", leave(head(b"Content-Length: 5")), Refused(), "PUT"),
    Answer("chunked: the end behind the head", leave(_CHUNKED), Refused()),
    Answer("chunked: the end within a size", leave(_CHUNKED + b"5"), Refused()),
    Answer("chunked: the end within data", leave(_CHUNKED + b"5\r\nhel"), Broken()),
    Answer("chunked: the end before the last chunk", leave(_CHUNKED + b"5\r\nhello\r\n"), Broken()),
    Answer("chunked: the end within the last chunk", leave(_CHUNKED + b"5\r\nhello\r\n0\r\n"), Broken()),
    Answer("chunked: RST before the last chunk", reset(_CHUNKED + b"5\r\nhello\r\n"), Broken()),
    Answer("chunked: silence behind the head", hang(_CHUNKED), Refused(504)),
    Answer("chunked: silence before the last chunk", hang(_CHUNKED + b"5\r\nhello\r\n"), Broken()),
    Answer("until the end: RST behind the head", reset(_UNTIL_CLOSE), Refused()),
    Answer("until the end: RST within the body", reset(_UNTIL_CLOSE + b"hello"), Broken()),
    Answer("until the end: silence", hang(_UNTIL_CLOSE + b"hello"), Broken()),
]

# What is beyond the answer is nobody's.
_LATE_ENDS = [
    Answer("two answers at once", stay(sized() + EVIL), Whole()),
    Answer("three answers at once", stay(sized() + EVIL + EVIL), Whole()),
    Answer("more answers at once than one read takes", stay(sized() + EVIL * 3000), Whole()),
    Answer("bytes beyond the length", stay(sized() + b"world"), Whole()),
    Answer("an empty line beyond the length", stay(sized() + b"\r\n"), Whole()),
    Answer("an interim answer behind the answer", stay(sized() + b"HTTP/1.1 100 Continue\r\n\r\n"), Whole()),
    Answer("a body behind a length of 0", stay(head(b"Content-Length: 0") + b"hello"), Whole(b"")),
    Answer("an answer behind the last chunk", stay(_CHUNKED + b"5\r\nhello\r\n" + _LAST + EVIL), Whole()),
    Answer("a body in the answer to a HEAD", stay(sized() + EVIL), Whole(b""), "HEAD"),
    Answer("chunks in the answer to a HEAD", stay(_CHUNKED + b"5\r\nhello\r\n" + _LAST), Whole(b""), "HEAD"),
    Answer("a body of a 204", stay(sized(start=b"HTTP/1.1 204 No Content") + EVIL), Whole(b"", 204)),
    Answer(
        "a chunked body of a 204",
        stay(head(b"Transfer-Encoding: chunked", start=b"HTTP/1.1 204 No Content") + _LAST),
        Whole(b"", 204),
    ),
    Answer("a body of a 304", stay(sized(start=b"HTTP/1.1 304 Not Modified") + EVIL), Whole(b"", 304)),
    Answer("a second answer behind an upload's", stay(sized() + EVIL), Whole(), "PUT"),
]

_SOUND = [
    Answer("sound: length", stay(sized()), Whole()),
    Answer("sound: length of 0", stay(sized(body=b"")), Whole(b"")),
    Answer("sound: an upload's", stay(sized(body=b"")), Whole(b""), "PUT"),
    Answer("sound: a HEAD's", stay(head(b"Content-Length: 5")), Whole(b""), "HEAD"),
    Answer("sound: no reason phrase", stay(sized(start=b"HTTP/1.1 200 ")), Whole()),
    Answer(
        "sound: a long reason phrase",
        stay(sized(start=b"HTTP/1.1 200 it went well, \xe4s they say")),
        Whole(),
    ),
    Answer(
        "sound: the store's own error", stay(sized(start=b"HTTP/1.1 503 Slow Down")), Whole(b"hello", 503)
    ),
    Answer("sound: HTTP/1.0", leave(sized(start=b"HTTP/1.0 200 OK")), Whole()),
    Answer("sound: Connection: close", leave(sized(b"Connection: close")), Whole()),
    Answer("sound: Connection: close, but it stays", stay(sized(b"Connection: close") + EVIL), Whole()),
    Answer("sound: until the end", leave(_UNTIL_CLOSE + b"hello"), Whole()),
    Answer("sound: until the end, nothing", leave(_UNTIL_CLOSE), Whole(b"")),
    Answer("sound: until the end, much", leave(_UNTIL_CLOSE + _MEBIBYTE), Whole(_MEBIBYTE)),
    Answer("sound: chunked", stay(_CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n" + _LAST), Whole()),
    Answer("sound: chunked, nothing", stay(_CHUNKED + _LAST), Whole(b"")),
    Answer(
        "sound: chunked, much", stay(_CHUNKED + b"100000\r\n" + _MEBIBYTE + b"\r\n" + _LAST), Whole(_MEBIBYTE)
    ),
    Answer("sound: chunk extension", stay(_CHUNKED + b"5;a=b\r\nhello\r\n" + _LAST), Whole()),
    Answer("sound: byte by byte", drip(sized(), 0.002), Whole()),
    Answer(
        "sound: chunked, byte by byte", drip(_CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n" + _LAST, 0.002), Whole()
    ),
    Answer("sound: early hints", stay(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + sized()), Whole()),
    Answer("sound: two interim answers", stay(b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + sized()), Whole()),
    Answer("sound: an answer within a body", stay(sized(body=EVIL)), Whole(EVIL)),
    Answer("sound: a value that would split", stay(sized(b"x-amz-meta-a: %0d%0aSet-Cookie: b")), Whole()),
    Answer("sound: a tab in a value", stay(sized(b"x-amz-meta-a: a\tb")), Whole()),
]

ANSWERS = _CHUNKS + _EARLY_ENDS + _LATE_ENDS + _SOUND
