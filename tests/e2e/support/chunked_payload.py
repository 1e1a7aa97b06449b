"""Bodies of `aws-chunked`, made from the public description (S3 API, "Signature Calculations: Transferring Payload in
Multiple Chunks"), with no part of our own library."""

import hashlib
import hmac

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY = hashlib.sha256(b"").hexdigest()


def signed_chunks(signer, headers, pieces):
    """Each piece as a chunk, the last one empty, for a request with these headers, which `signer` has signed."""
    fields = {name.lower(): value for name, value in headers}
    stamp = fields["x-amz-date"]
    previous = fields["authorization"].rpartition("Signature=")[2]
    scope = f"{stamp[:8]}/{signer.region}/s3/aws4_request"
    key = ("AWS4" + signer.secret_key).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    chunks = []
    for piece in (*pieces, b""):
        lines = ["AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, EMPTY, hashlib.sha256(piece).hexdigest()]
        previous = hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        chunks.append(f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n")
    return chunks


def unsigned_chunks(pieces, *trailer):
    """With lines of a trailer, such as b"x-amz-checksum-crc32:NhCmhg=="."""
    data = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return data + b"0\r\n" + b"".join(line + b"\r\n" for line in trailer) + b"\r\n"
