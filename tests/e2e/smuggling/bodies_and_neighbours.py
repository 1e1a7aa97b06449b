"""Where one request ends and the next begins on a connection (RFC 9112 9.3.2)."""

from smuggling.cases import (
    HOST,
    SMUGGLED,
    Case,
    Denied,
    Passes,
    Refused,
    Seen,
    Unfinished,
    chunked,
    get,
    lines,
    passes,
    put,
    sized,
)

_OTHER = b"/fleet/11223344/a"
_NEXT = get(target=b"/fleet/AABBCCDD/next")
_HELLO = b"hello"


def _put_other(*fields, body=b""):
    """Denied by the policy, with a body that must not become a request."""
    return put(*fields, body=body, start=b"PUT " + _OTHER + b" HTTP/1.1")


CASES = [
    Case(
        "a request in the body of a denied one",
        _put_other(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        Denied(403),
    ),
    Case(
        "a request in a large body of a denied one",
        _put_other(b"Content-Length: 100000", body=SMUGGLED.ljust(100_000, b"x")),
        Refused(403),
    ),
    Case(
        "a request in the chunks of a denied one",
        _put_other(b"Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
        Refused(403),
    ),
    Case(
        "a request behind the chunks of a denied one",
        _put_other(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
        Refused(403),
    ),
    Case(
        "a request in an expected body of a denied one",
        _put_other(b"Expect: 100-continue", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        Refused(403),
    ),
    Case(
        "a request in a body that is too large",
        put(b"Content-Length: 9999999999999", body=SMUGGLED),
        Refused(400),
    ),
    Case("left within a body", put(b"Content-Length: 1000", body=SMUGGLED), Unfinished()),
    Case("left before a body", put(b"Content-Length: 5"), Unfinished()),
    Case("left within a head", get()[:-2], Unfinished(reaches_store=False)),
    Case("left within a request line", b"GET /fleet/AAB", Unfinished(reaches_store=False)),
    Case("left within the next head", get() + SMUGGLED[:-2], Passes((Seen(get()),), keeps=False)),
    Case(
        "a bad request behind a sound one",
        get() + lines(b"GET /fleet/AABBCCDD/b HTTP/1.1", HOST, b"X-A : a") + SMUGGLED,
        Passes((Seen(get()),), keeps=False),
    ),
    passes("a request behind a body", put(b"Content-Length: 5", body=_HELLO) + _NEXT, sized(), Seen(_NEXT)),
    passes(
        "a request behind chunks",
        put(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n") + _NEXT,
        chunked(),
        Seen(_NEXT),
    ),
    passes("a request behind no body", put(b"Content-Length: 0") + _NEXT, sized(body=b""), Seen(_NEXT)),
    passes("an upload without a length, and a request", put() + _NEXT, Seen(put()), Seen(_NEXT)),
    passes(
        "a length of 0 in a GET",
        get(b"Content-Length: 0") + _NEXT,
        Seen(get(b"Content-Length: 0")),
        Seen(_NEXT),
    ),
    passes("ten requests at once", get() * 10, *[Seen(get())] * 10),
]
