"""Holds what a store has got against its one signature, made from the public description, with no part of our own
library."""

import datetime
import re

from support.sigv4 import Signer


def check_received(request, signer):
    """Fails unless `signer` has signed this Recorded request, each x-amz-* field of it included."""
    fields = [(name, value.strip()) for name, value in request.headers()]
    one_of = {name.lower(): value for name, value in fields}
    assert len(one_of) == len(fields), f"a field stands twice: {fields}"
    authorization = one_of.pop("authorization")
    signed = re.search("SignedHeaders=([^,]+)", authorization).group(1).split(";")
    missing = {name for name in one_of if name.startswith("x-amz-") or name == "host"} - set(signed)
    assert not missing, f"not signed: {missing}"
    method, target, _ = request.start_line.split(" ")
    made_now = datetime.datetime.strptime(one_of["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    age = datetime.datetime.now(datetime.timezone.utc) - made_now
    assert abs(age) < datetime.timedelta(minutes=5), f"made {age} ago"
    others = [
        (name, one_of[name])
        for name in signed
        if name not in ("host", "x-amz-date", "x-amz-content-sha256")
    ]
    expected = signer.sign(
        method, target, one_of["host"], others, one_of["x-amz-content-sha256"], made_now, signed
    )
    right = dict(expected)["Authorization"]
    assert authorization.replace(", ", ",") == right.replace(", ", ","), f"{authorization} is not {right}"
