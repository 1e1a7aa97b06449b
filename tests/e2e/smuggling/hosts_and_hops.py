"""Whom a request is for (RFC 9112 3.2), and what concerns this hop only (RFC 9110 7.6.1, 7.8, 10.1.1)."""

from smuggling.cases import (
    HOST,
    SMUGGLED,
    TARGET,
    Case,
    Passes,
    Seen,
    get,
    lines,
    passes,
    put,
    refused,
    sized,
)

_GET = b"GET " + TARGET + b" HTTP/1.1"
_FIVE = b"Content-Length: 5"
_HELLO = b"hello"


def _host(name, *fields, status=421):
    return refused(f"host: {name}", lines(_GET, *fields), status)


def _hop(name, *fields, status=400):
    return refused(f"hop: {name}", get(*fields), status)


def _taken_away(name, *fields):
    """Of this hop: the request passes without."""
    return passes(f"hop: {name}", get(*fields), Seen(get()))


_HOSTS = [
    _host("none", status=400),
    _host("none in HTTP/1.1, a lookalike", b"X-Host: gw.test", status=400),
    _host("empty", b"Host:"),
    _host("twice", HOST, HOST, status=400),
    _host("twice, the second a stranger", HOST, b"Host: other.test", status=400),
    _host("twice, the first a stranger", b"Host: other.test", HOST),
    _host("a stranger", b"Host: other.test"),
    _host("a bucket", b"Host: fleet.gw.test"),
    _host("a suffix of ours", b"Host: gw.test.other.test"),
    _host("ours behind another", b"Host: xgw.test"),
    _host("a user before", b"Host: x@gw.test"),
    _host("a user and ours in the password", b"Host: gw.test:80@other.test"),
    _host("a scheme before", b"Host: http://gw.test"),
    _host("a path behind", b"Host: gw.test/fleet"),
    _host("a query behind", b"Host: gw.test?x"),
    _host("a fragment behind", b"Host: gw.test#x"),
    _host("a backslash behind", b"Host: gw.test\\x"),
    _host("a comma and another", b"Host: gw.test, other.test"),
    _host("a space and another", b"Host: gw.test other.test"),
    _host("a tab within", b"Host: gw\t.test"),
    _host("an empty port", b"Host: gw.test:"),
    _host("port 0", b"Host: gw.test:0"),
    _host("port 65536", b"Host: gw.test:65536"),
    _host("a signed port", b"Host: gw.test:+80"),
    _host("a hexadecimal port", b"Host: gw.test:0x50"),
    _host("two ports", b"Host: gw.test:80:80"),
    _host("a port with a space", b"Host: gw.test: 80"),
    _host("an escape", b"Host: gw%2etest"),
    _host("a dot behind", b"Host: gw.test.."),
    _host("8-bit bytes", b"Host: gw\xe4.test"),
    _host("a wide dot", "Host: gw。test".encode()),
    _host("an address in brackets", b"Host: [::1"),
    _host("an asterisk", b"Host: *"),
    _host("a quoted name", b'Host: "gw.test"'),
    refused("host: a space before the colon", lines(_GET, b"Host : gw.test")),
    refused("host: folded", lines(_GET, b"Host:", b" gw.test")),
    refused("host: within another field's fold", lines(_GET, b"X-A: a", b" Host: gw.test")),
    refused("host: NUL behind", lines(_GET, b"Host: gw.test\0.other.test")),
]

_HOPS = [
    _hop("Connection names a field", b"Connection: X-A", b"X-A: a"),
    _hop("Connection names Host", b"Connection: close, Host"),
    _hop(
        "Connection names Authorization", b"Connection: Authorization", b"Authorization: AWS4-HMAC-SHA256 a"
    ),
    _hop("Connection names the signed date", b"Connection: x-amz-date", b"x-amz-date: 20200101T000000Z"),
    _hop("Connection names Content-Length", b"Connection: Content-Length"),
    _hop("Connection names Range", b"Connection: keep-alive, Range", b"Range: bytes=0-1"),
    _hop("Connection is quoted", b'Connection: "close"'),
    _hop("Connection has a parameter", b"Connection: close;x"),
    _hop("Connection asks for an upgrade", b"Connection: Upgrade", b"Upgrade: websocket"),
    _hop(
        "h2c",
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ),
    _hop("h2c without Connection", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    _hop("upgrade to TLS", b"Connection: Upgrade", b"Upgrade: TLS/1.0"),
    _hop("upgrade to a websocket", b"Upgrade: websocket", b"Sec-WebSocket-Version: 777"),
    _hop("an announced trailer", b"Trailer: X-A"),
    _hop("Connection by an underscore's name", b"Connection_: close", b"connection: x_a"),
]

_EXPECTATIONS = [
    refused(f"expect: {name}", put(b"Expect: " + value, _FIVE, body=_HELLO), 417)
    for name, value in {
        "something else": b"200-ok",
        "nothing": b"",
        "a word more": b"100-continue x",
        "a list": b"100-continue, 100-continue",
        "a parameter": b"100-continue;x=1",
        "quoted": b'"100-continue"',
        "an obfuscation": b"y 100-continue",
        "the old header's case": b"100 continue",
    }.items()
] + [
    refused("expect: folded", put(b"Expect:", b" 100-continue", _FIVE, body=_HELLO)),
    refused("expect: LF before", put(b"Expect:\n100-continue", _FIVE, body=_HELLO)),
]

_SOUND = [
    passes("host: in other letters", lines(_GET, b"HOST: GW.test"), Seen(lines(_GET, b"HOST: GW.test"))),
    passes("host: with a port", lines(_GET, b"Host: gw.test:8443")),
    passes("host: last of all", lines(_GET, b"X-A: a", HOST)),
    _taken_away("keep-alive", b"Connection: keep-alive", b"Keep-Alive: timeout=5, max=100"),
    _taken_away("of proxies", b"Proxy-Connection: keep-alive", b"Proxy-Authorization: Basic x"),
    _taken_away("trailers would be taken", b"Connection: TE", b"TE: trailers"),
    _taken_away("empty options", b"Connection: , keep-alive,, "),
    Case("hop: close", get(b"Connection: close"), Passes((Seen(get()),), keeps=False)),
    Case("hop: close, in other letters", get(b"Connection: TE, Close"), Passes((Seen(get()),), keeps=False)),
    Case(
        "nothing behind a close",
        get(b"Connection: close") + SMUGGLED,
        Passes((Seen(get()),), keeps=False),
    ),
    passes(
        "expect: 100-continue",
        put(b"Expect: 100-continue", _FIVE, body=_HELLO),
        sized(b"Expect: 100-continue"),
    ),
    passes(
        "expect: in other letters",
        put(b"Expect: 100-Continue", _FIVE, body=_HELLO),
        sized(b"Expect: 100-Continue"),
    ),
    passes("expect: without a body", put(b"Expect: 100-continue", b"Content-Length: 0"), sized(body=b"")),
    passes(
        "a request in an expected body",
        put(b"Expect: 100-continue", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        sized(b"Expect: 100-continue", body=SMUGGLED),
    ),
]

CASES = _HOSTS + _HOPS + _EXPECTATIONS + _SOUND
