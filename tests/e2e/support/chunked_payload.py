"""Bodies of `aws-chunked`, made from the public description (S3 API, "Signature Calculations: Transferring Payload in
Multiple Chunks"), with no part of our own library."""

import hashlib
import hmac

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY = hashlib.sha256(b"").hexdigest()


def signed_chunks(signer, headers, pieces, *trailer):
    """Each piece as a chunk, the last one empty, for a request with these headers, which `signer` has signed. With
    lines of a trailer, such as "x-amz-checksum-crc32:NhCmhg==", and their signature."""
    fields = {name.lower(): value for name, value in headers}
    stamp = fields["x-amz-date"]
    previous = fields["authorization"].rpartition("Signature=")[2]
    scope = f"{stamp[:8]}/{signer.region}/s3/aws4_request"
    key = ("AWS4" + signer.secret_key).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()

    def sign(algorithm, *hashes):
        lines = [algorithm, stamp, scope, previous, *hashes]
        return hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()

    chunks = []
    for piece in (*pieces, b""):
        previous = sign("AWS4-HMAC-SHA256-PAYLOAD", EMPTY, hashlib.sha256(piece).hexdigest())
        chunks.append(f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n")
    if trailer:
        signature = sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256("".join(f"{line}\n" for line in trailer).encode()).hexdigest())
        lines = [*trailer, f"x-amz-trailer-signature:{signature}", ""]
        chunks[-1] = chunks[-1][:-2] + "".join(f"{line}\r\n" for line in lines).encode()
    return chunks


def unsigned_chunks(pieces, *trailer):
    """With lines of a trailer, such as b"x-amz-checksum-crc32:NhCmhg=="."""
    data = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return data + b"0\r\n" + b"".join(line + b"\r\n" for line in trailer) + b"\r\n"
