"""Signature Version 4 of Amazon S3, made from its public description, with no part of our own library."""

import datetime
import hashlib
import hmac
from urllib.parse import parse_qsl, quote

UNSIGNED = "UNSIGNED-PAYLOAD"


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical_query(query):
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def is_usually_signed(name):
    return name in ("host", "range") or name.startswith("x-amz-")


class Signer:
    def __init__(self, access_key, secret_key, region="us-east-1"):
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region

    def sign(self, method, target, host, headers=(), payload_hash=UNSIGNED, now=None, names=None):
        """The whole list of headers to send for a request whose target is percent-encoded already. `names`: those to
        sign, in lower case; else Host, Range and x-amz-*."""
        now = now or datetime.datetime.now(datetime.timezone.utc)
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        everything = [("Host", host), ("x-amz-date", stamp), ("x-amz-content-sha256", payload_hash), *headers]
        signed = sorted(
            (name.lower(), " ".join(value.split()))
            for name, value in everything
            if (name.lower() in names if names else is_usually_signed(name.lower()))
        )
        listed = ";".join(name for name, _ in signed)
        path, _, query = target.partition("?")
        canonical = "\n".join(
            [
                method,
                path,
                _canonical_query(query),
                *(f"{name}:{value}" for name, value in signed),
                "",
                listed,
                payload_hash,
            ]
        )
        to_sign = "\n".join(
            ["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()]
        )
        key = ("AWS4" + self.secret_key).encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        signature = _hmac(key, to_sign).hex()
        everything.append(
            (
                "Authorization",
                f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                f"SignedHeaders={listed}, Signature={signature}",
            )
        )
        return everything
