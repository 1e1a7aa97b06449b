"""`sallyport-gateway sigv4` signs as botocore does, stage by stage, and tells what is wrong with its input."""

import datetime
import json
import random
import string
import subprocess
from concurrent.futures import ThreadPoolExecutor
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.case import EndToEndTest, main
from support.processes import program

REQUESTS = 1000
NOW = datetime.datetime(2026, 3, 1, 12, 30, 0)
STAMP = NOW.strftime("%Y%m%dT%H%M%SZ")
# S3 API, "Signature Calculations for the Authorization Header": GET Object.
PUBLISHED = {
    "method": "GET",
    "target": "/test.txt",
    "headers": [
        ["Host", "examplebucket.s3.amazonaws.com"],
        ["Range", "bytes=0-9"],
        ["x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        ["x-amz-date", "20130524T000000Z"],
    ],
    "payload_hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "access_key": "AKIAIOSFODNN7EXAMPLE",
    "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session_token": "",
    "region": "us-east-1",
    "service": "s3",
    "date": "20130524T000000Z",
    "mode": "header",
    "signed_headers": ["host", "range", "x-amz-content-sha256", "x-amz-date"],
}
PUBLISHED_SIGNATURE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


def sigv4(request):
    text = request if isinstance(request, str) else json.dumps(request)
    return subprocess.run(
        [program("sallyport-gateway"), "sigv4"], input=text, capture_output=True, text=True, timeout=60
    )


class RandomRequests:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, alphabet, least, most):
        return "".join(self.random.choice(alphabet) for _ in range(self.random.randint(least, most)))

    def encoded(self, most):
        alphabet = string.ascii_letters + string.digits + " /+&=:@~-_.!'()*äß€"
        return quote(self.text(alphabet, 1, most), safe="/~")

    def one(self, mode):
        names = {self.text(string.ascii_letters, 1, 8) for _ in range(self.random.randint(0, 4))}
        query = "&".join(
            f"{name}={quote(self.text('abc é/+&=%', 0, 6), safe='~')}" for name in sorted(names)
        )
        host = f"{self.text(string.ascii_lowercase, 3, 9)}.example.test"
        headers = [["Host", self.random.choice((host, f"{host}:9443"))]]
        for _ in range(self.random.randint(0, 4)):
            name = "X-Amz-Meta-" + self.text(string.ascii_letters, 4, 9)
            if name.lower() not in (known.lower() for known, _ in headers):
                headers.append([name, self.text("ab  c;,:=", 0, 12).strip() or "x"])
        payload = self.random.choice(("UNSIGNED-PAYLOAD", self.text("0123456789abcdef", 64, 64)))
        if mode == "query":
            payload = "UNSIGNED-PAYLOAD"
        return {
            "method": self.random.choice(("GET", "PUT", "HEAD", "DELETE", "POST")),
            "target": f"/{self.encoded(40)}" + (f"?{query}" if query else ""),
            "headers": headers,
            "payload_hash": payload,
            "access_key": self.text(string.ascii_uppercase + string.digits, 16, 20),
            "secret_key": self.text(string.ascii_letters + string.digits + "/+", 16, 40),
            "session_token": self.random.choice(("", self.text(string.ascii_letters + "/+=", 20, 60))),
            "region": self.random.choice(("us-east-1", "eu-central-1", "garage")),
            "service": "s3",
            "date": STAMP,
            "mode": mode,
            "expires": self.random.randint(1, 604800),
        }


class Clock(datetime.datetime):
    """botocore asks several of these for the time; all say NOW."""

    @classmethod
    def utcnow(cls):
        return NOW

    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)


def by_botocore(request):
    """Its stages, and the headers that it signs."""
    host = dict(request["headers"])["Host"]
    aws = AWSRequest(
        method=request["method"], url=f"https://{host}{request['target']}", headers=dict(request["headers"])
    )
    credentials = Credentials(request["access_key"], request["secret_key"], request["session_token"] or None)
    stages = {}
    if request["mode"] == "query":
        kind = S3SigV4QueryAuth(credentials, "s3", request["region"], expires=request["expires"])
    else:
        kind = S3SigV4Auth(credentials, "s3", request["region"])
        hashed = request["payload_hash"]
        kind.payload = lambda _request: hashed
    for stage in ("canonical_request", "string_to_sign", "signature"):
        original = getattr(kind, stage)

        def record(*arguments, stage=stage, original=original):
            stages[stage] = original(*arguments)
            return stages[stage]

        setattr(kind, stage, record)
    kind.add_auth(aws)
    stages["signed_headers"] = stages["canonical_request"].split("\n")[-2].split(";")
    return stages


class Sigv4Command(EndToEndTest):
    def check_against_botocore(self, mode):
        clocks = [mock.patch.object(botocore.auth.datetime, "datetime", Clock)]
        if hasattr(botocore.auth, "get_current_datetime"):
            clocks = [mock.patch.object(botocore.auth, "get_current_datetime", lambda: NOW)]
        expected, requests = [], RandomRequests(seed=11)
        for clock in clocks:
            clock.start()
            self.addCleanup(clock.stop)
        for _ in range(REQUESTS // 2):
            request = requests.one(mode)
            stages = by_botocore(request)
            request["signed_headers"] = stages.pop("signed_headers")
            expected.append((request, stages))
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda pair: sigv4(pair[0]), expected))
        for (request, stages), answer in zip(expected, answers):
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), request)
            ours = json.loads(answer.stdout)
            self.assertEqual({stage: ours[stage] for stage in stages}, stages, request)

    def test_headers_as_botocore(self):
        self.check_against_botocore("header")

    def test_queries_as_botocore(self):
        self.check_against_botocore("query")

    def test_published_example(self):
        answer = sigv4(PUBLISHED)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(json.loads(answer.stdout)["signature"], PUBLISHED_SIGNATURE)

    def test_signs_exactly_what_is_named(self):
        fewer = PUBLISHED | {"signed_headers": ["host", "x-amz-date"]}
        answer = json.loads(sigv4(fewer).stdout)
        self.assertIn("\nhost;x-amz-date\n", answer["canonical_request"])
        self.assertNotIn("range", answer["canonical_request"])
        self.assertIn("SignedHeaders=host;x-amz-date,", answer["authorization"])

    def test_faults_are_told(self):
        for change, told in (
            ("no json", "no JSON"),
            ("[]", "no JSON object"),
            (PUBLISHED | {"method": None}, "method is missing"),
            (PUBLISHED | {"method": 3}, "method is no string"),
            (PUBLISHED | {"mode": "cookie"}, "mode is neither"),
            (PUBLISHED | {"headers": [["Host"]]}, "headers: an entry"),
            (PUBLISHED | {"signed_headers": []}, "no header is signed"),
            (PUBLISHED | {"signed_headers": ["host", "Host"]}, "signed twice"),
            (PUBLISHED | {"signed_headers": ["date"]}, "'date' is not there"),
            (PUBLISHED | {"date": "2013-05-24"}, "date"),
            (PUBLISHED | {"secret_key": ""}, "secret"),
            (PUBLISHED | {"mode": "query", "expires": 604801}, "7 days"),
        ):
            with self.subTest(told=told):
                answer = sigv4(change)
                self.assertEqual((answer.returncode, answer.stdout), (2, ""))
                self.assertIn(told, answer.stderr)
                self.assertNotIn(PUBLISHED["secret_key"], answer.stderr)


if __name__ == "__main__":
    main()
