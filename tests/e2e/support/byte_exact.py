"""What of a request must arrive at the store as the client wrote it: everything but what ends at this hop."""

# RFC 9110 7.6.1, and the framing, which the gateway writes itself.
OF_THIS_HOP = (
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
)


def end_to_end(request):
    """Of a Recorded request: its line, its fields in their order and letters, its framing and its body. White space
    around values is nobody's (RFC 9110 5.5)."""
    fields = [
        (name, value.strip(" \t")) for name, value in request.headers() if name.lower() not in OF_THIS_HOP
    ]
    chunked = (request.header("Transfer-Encoding") or "").lower() == "chunked"
    return request.start_line, fields, chunked or request.header("Content-Length"), request.body
