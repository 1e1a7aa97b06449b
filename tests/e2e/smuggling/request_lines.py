"""Request lines that two readers could split or address differently (RFC 9112 3)."""

from smuggling.cases import HOST, TARGET, Case, Denied, Passes, Seen, get, lines, passes, refused


def _line(name, line, status=400, *fields):
    return refused(name, lines(line, HOST, *fields), status)


def _target(name, target, status=400):
    return _line(f"target: {name}", b"GET " + target + b" HTTP/1.1", status)


def _ambiguous(name, target):
    """Well-formed HTTP whose path stores read differently: refused, and the connection goes on."""
    return Case(f"target: {name}", get(target=target), Denied(400))


_SHAPE = [
    _line("two spaces behind the method", b"GET  " + TARGET + b" HTTP/1.1"),
    _line("two spaces before the version", b"GET " + TARGET + b"  HTTP/1.1"),
    _line("tabs", b"GET\t" + TARGET + b"\tHTTP/1.1"),
    _line("a tab behind the method", b"GET\t" + TARGET + b" HTTP/1.1"),
    _line("a space before the method", b" GET " + TARGET + b" HTTP/1.1"),
    _line("a space behind the version", b"GET " + TARGET + b" HTTP/1.1 "),
    _line("a fourth word", b"GET " + TARGET + b" HTTP/1.1 x"),
    _line("two versions", b"GET " + TARGET + b" HTTP/1.1 HTTP/1.0"),
    _line("vertical tabs", b"GET\x0b" + TARGET + b"\x0bHTTP/1.1"),
    _line("no-break spaces", b"GET\xa0" + TARGET + b"\xa0HTTP/1.1"),
    _line("a NUL before the method", b"\0GET " + TARGET + b" HTTP/1.1"),
    _line("ended by LF", b"GET " + TARGET + b" HTTP/1.1\nX-A: a"),
    _line("ended by CR", b"GET " + TARGET + b" HTTP/1.1\rX-A: a"),
    _line("ended by CR CR LF", b"GET " + TARGET + b" HTTP/1.1\r"),
    _line("no target", b"GET HTTP/1.1"),
    _line("an empty target", b"GET  HTTP/1.1"),
    _line("only a method", b"GET"),
    _line("a field in its place", b"X-A: a"),
    refused("an empty line before", b"\r\n" + get()),
    refused("two empty lines before", b"\r\n\r\n" + get()),
    refused("a LF before", b"\n" + get()),
    refused("a CR before", b"\r" + get()),
    refused("a TLS hello within", b"\x16\x03\x01\x00\x05hello\r\n\r\n"),
    refused("nothing but an empty line", b"\r\n\r\n"),
    refused("a header of the PROXY protocol", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + get()),
    refused("a binary header of the PROXY protocol", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" + get()),
]

_VERSIONS = [
    _line(
        f"version {version.decode('latin-1') or 'missing'}", (b"GET " + TARGET + b" " + version).rstrip(b" ")
    )
    for version in (
        b"",
        b"HTTP/0.9",
        b"HTTP/1.2",
        b"HTTP/1.10",
        b"HTTP/1.01",
        b"HTTP/01.1",
        b"HTTP/1",
        b"HTTP/1.",
        b"HTTP/.1",
        b"HTTP/1,1",
        b"HTTP/11",
        b"HTTP/2.0",
        b"HTTP/2",
        b"HTTP/3.0",
        b"HTTP/-1.1",
        b"HTTP/+1.1",
        b"HTTP /1.1",
        b"HTTP/ 1.1",
        b"http/1.1",
        b"HTTPS/1.1",
        b"HTCPCP/1.0",
        b"ICY/1.1",
        b"RTSP/1.0",
        b"HTTP/1.1\0",
        b"HTTP/1.1\t",
        b"HTTP/1.1;",
        b"HTTP/1.\xb9",
    )
] + [
    refused("HTTP/0.9, with no head at all", b"GET " + TARGET + b"\r\n\r\n"),
    refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
]

_METHODS = [
    _line(f"method {method.decode()}", method + b" " + TARGET + b" HTTP/1.1", 405)
    for method in (
        b"get",
        b"Get",
        b"PUTT",
        b"TRACE",
        b"OPTIONS",
        b"PATCH",
        b"CONNECT",
        b"PRI",
        b"PROPFIND",
        b"TRACK",
    )
] + [
    _line("a tunnel", b"CONNECT 127.0.0.1:80 HTTP/1.1", 405),
    _line("a method with a colon", b"GET: " + TARGET + b" HTTP/1.1"),
    _line("a method with a NUL", b"G\0ET " + TARGET + b" HTTP/1.1"),
    _line("a method with an 8-bit byte", b"G\xcbT " + TARGET + b" HTTP/1.1"),
    _line("a method of 20,000 bytes", b"G" * 20_000 + b" " + TARGET + b" HTTP/1.1", 431),
]

_TARGETS = [
    _target("absolute", b"http://gw.test" + TARGET),
    _target("absolute, of another host", b"http://other.test" + TARGET),
    _target("absolute, of a file", b"file://" + TARGET),
    _target("authority", b"gw.test:443"),
    _target("asterisk", b"*"),
    _target("no slash", TARGET[1:]),
    _target("a query only", b"?list-type=2"),
    _target("a fragment", TARGET + b"#x"),
    _target("a space", b"/fleet/AABBCCDD/a b"),
    _target("a tab", b"/fleet/AABBCCDD/a\tb"),
    _target("a NUL", b"/fleet/AABBCCDD/a\0b"),
    _target("DEL", b"/fleet/AABBCCDD/a\x7fb"),
    _target("a CR", b"/fleet/AABBCCDD/a\rb"),
    _target("raw UTF-8", "/fleet/AABBCCDD/ä".encode()),
    _target("a raw 8-bit byte", b"/fleet/AABBCCDD/\xe4"),
    _target("a backslash before", b"\\fleet\\AABBCCDD\\a"),
    _ambiguous("dot segments to another device", b"/fleet/AABBCCDD/../11223344/a"),
    _ambiguous("encoded dot segments", b"/fleet/AABBCCDD/%2e%2e/11223344/a"),
    _ambiguous("an encoded slash", b"/fleet/AABBCCDD%2Fa"),
    _ambiguous("a doubly encoded slash", b"/fleet/AABBCCDD/a%252Fb"),
    _ambiguous("an escape that is encoded twice", b"/fleet/AABBCCDD/50%2520off"),
    _ambiguous("a backslash within", b"/fleet/AABBCCDD/..\\11223344\\a"),
    _ambiguous("an encoded CR LF", b"/fleet/AABBCCDD/a%0D%0AX-A:%20b"),
    _ambiguous("an encoded NUL", b"/fleet/AABBCCDD/a%00b"),
    _ambiguous("overlong UTF-8", b"/fleet/AABBCCDD/%c0%ae%c0%ae/a"),
    _ambiguous("half an escape", b"/fleet/AABBCCDD/a%2"),
    _ambiguous("an escape of no digits", b"/fleet/AABBCCDD/a%zz"),
    _ambiguous("path parameters", b"/fleet/AABBCCDD/a;x=/../11223344/a"),
    _ambiguous("an empty segment", b"/fleet/AABBCCDD//a"),
    _ambiguous("two slashes at the begin", b"//fleet/AABBCCDD/a"),
    _ambiguous("an encoded bucket", b"/%66leet/AABBCCDD/a"),
    _ambiguous("a parameter twice", TARGET + b"?partNumber=1&partNumber=2"),
]

_SOUND = [
    passes("GET", get()),
    passes("HEAD", lines(b"HEAD " + TARGET + b" HTTP/1.1", HOST)),
    Case(
        "HTTP/1.0",
        lines(b"GET " + TARGET + b" HTTP/1.0", HOST),
        Passes((Seen(get()),), keeps=False),
    ),
    passes("escapes as they were written", get(target=b"/fleet/AABBCCDD/%C3%a4%2b(b)'~")),
    passes("a query", get(target=TARGET + b"?response-content-type=a%2Fb&x-id=GetObject")),
    passes("an empty query", get(target=TARGET + b"?")),
    passes(
        "two requests at once",
        get() + get(target=TARGET + b"2"),
        Seen(get()),
        Seen(get(target=TARGET + b"2")),
    ),
]

CASES = _SHAPE + _VERSIONS + _METHODS + _TARGETS + _SOUND
