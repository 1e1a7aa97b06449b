"""With the secrets at hand the gateway checks each signature itself, and each body that a signature covers: nothing
that was altered is a whole object at the store."""

import base64
import datetime
import hashlib
import os
import time
import zlib
from urllib.parse import urlsplit

from support.case import main
from support.chunked_payload import SIGNED, UNSIGNED_TRAILER, signed_chunks, unsigned_chunks
from support.fleet import DEVICE, FleetTest
from support.gateway import replace_file, replace_secret_file
from support.https_client import refused
from support.processes import wait_until
from support.sigv4 import Signer
from support.store import BUCKET, not_with, s3_client

TARGET = f"/fleet/{DEVICE}/device.json"
PIECES = [os.urandom(9000), os.urandom(70_000), os.urandom(1)]
WHOLE = b"".join(PIECES)


class CheckedSignatures(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secrets = cls.folder / "secrets.txt"
        cls.write_secrets(cls.signer)
        section = f"access_keys: {{fleet: [{cls.signer.access_key}], secrets: {{file: secrets.txt}}}}\n"
        cls.gateway.put_in_force(cls.gateway.configuration.read_text() + section)

    @classmethod
    def write_secrets(cls, signer):
        replace_secret_file(cls.secrets, f"# of the fleet\n{signer.access_key} {signer.secret_key}\n")

    def send(self, headers, body, method="PUT", target=TARGET):
        """The answer, and whether the store has got a whole request by it."""
        answer, arrived = self.exchange(method, target, headers, body)
        return answer, any(request.complete for request in arrived)

    def assert_taken(self, headers, body):
        answer, whole = self.send(headers, body)
        self.assertEqual((answer.status, whole), (200, True), answer.body)

    def assert_refused(self, status, code, reason, headers, body=b"x", **where):
        answer, whole = self.send(headers, body, **where)
        self.assertEqual((answer.status, answer.error_code(), whole), (status, code, False))
        self.gateway.wait_for_access(status=status, reason=reason)

    @property
    def host(self):
        return f"127.0.0.1:{self.gateway.port}"

    def signed(self, signer=None, length=1, extra=(), **options):
        headers = (signer or self.signer).sign("PUT", TARGET, self.host, extra, **options)
        return headers + [("Content-Length", length)]

    # ---- heads ---------------------------------------------------------------------------------

    def test_right_signature(self):
        self.assert_taken(self.signed(extra=[("x-amz-meta-a", "1")]), b"x")

    def test_wrong_secret(self):
        other = Signer(self.signer.access_key, "guessed")
        self.assert_refused(403, "SignatureDoesNotMatch", "bad_signature", self.signed(other))

    def test_altered_head(self):
        def altered(name, value):
            headers = self.signed(extra=[("x-amz-meta-a", "1")])
            return [(each, value if each == name else old) for each, old in headers]

        mismatch = (403, "SignatureDoesNotMatch", "bad_signature")
        self.assert_refused(*mismatch, altered("x-amz-meta-a", "2"))
        self.assert_refused(*mismatch, altered("x-amz-content-sha256", hashlib.sha256(b"x").hexdigest()))
        self.assert_refused(*mismatch, self.signed(), target=TARGET + "x")
        unsigned = self.signed() + [("x-amz-meta-a", "1")]
        self.assert_refused(403, "AccessDenied", "bad_signature", unsigned)

    def test_second_signature(self):
        headers = self.signed()
        (authorization,) = (value for name, value in headers if name == "Authorization")
        twice = headers + [("authorization", authorization)]
        self.assert_refused(400, "InvalidRequest", "malformed", twice)

    def test_replay_outside_the_window(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for minutes in (-16, 16):
            headers = self.signed(now=now + datetime.timedelta(minutes=minutes))
            self.assert_refused(403, "RequestTimeTooSkewed", "clock_skew", headers)
        self.assert_taken(self.signed(now=now - datetime.timedelta(minutes=14)), b"x")

    def test_presigned_query(self):
        client = s3_client(f"https://{self.host}", self.signer.access_key, self.signer.secret_key)
        place = {"Bucket": "fleet", "Key": f"{DEVICE}/device.json"}
        url = client.generate_presigned_url("put_object", place, ExpiresIn=60)
        target = f"{urlsplit(url).path}?{urlsplit(url).query}"
        plain = [("Host", self.host), ("Content-Length", 1)]
        answer, whole = self.send(plain, b"x", target=target)
        self.assertEqual((answer.status, whole), (200, True), answer.body)
        longer = target.replace("Expires=60", "Expires=61")
        self.assert_refused(403, "SignatureDoesNotMatch", "bad_signature", plain, target=longer)

    # ---- bodies --------------------------------------------------------------------------------

    def test_body_and_its_hash(self):
        headers = self.signed(length=len(WHOLE), payload_hash=hashlib.sha256(WHOLE).hexdigest())
        self.assert_taken(headers, WHOLE)
        altered = WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])
        self.assert_refused(400, "XAmzContentSHA256Mismatch", "bad_signature", headers, altered)
        nothing = self.signed(length=0, payload_hash=hashlib.sha256(b"x").hexdigest())
        self.assert_refused(400, "XAmzContentSHA256Mismatch", "bad_signature", nothing, b"")

    def chunked_headers(self, payload, body, *extra, size=len(WHOLE)):
        fields = [("x-amz-decoded-content-length", str(size)), *extra]
        return self.signed(length=len(body), extra=fields, payload_hash=payload)

    def test_signed_chunks(self):
        size = sum(map(len, signed_chunks(self.signer, self.chunked_headers(SIGNED, b""), PIECES)))
        headers = self.chunked_headers(SIGNED, bytes(size))
        chunks = signed_chunks(self.signer, headers, PIECES)
        self.assert_taken(headers, b"".join(chunks))
        self.assertIn(b"".join(chunks), self.store.received, "as they came")

        mismatch = (403, "SignatureDoesNotMatch", "bad_signature", headers)
        first, second, third, last = chunks
        self.assert_refused(*mismatch, second + first + third + last)
        altered = bytes([WHOLE[-1] ^ 1])
        self.assert_refused(*mismatch, first + second + third.replace(WHOLE[-1:] + b"\r\n", altered + b"\r\n") + last)
        self.assert_refused(*mismatch, first + last + bytes(len(second + third)))

    def test_chunk_left_out_with_a_length_that_fits(self):
        headers = self.chunked_headers(SIGNED, b"")
        first, second, _, last = signed_chunks(self.signer, headers, PIECES)
        body = first + second + last
        headers = [(name, len(body) if name == "Content-Length" else value) for name, value in headers]
        self.assert_refused(403, "SignatureDoesNotMatch", "bad_signature", headers, body)

    def test_body_that_lacks_its_last_chunk(self):
        headers = self.chunked_headers(SIGNED, b"")
        body = b"".join(signed_chunks(self.signer, headers, PIECES)[:-1])
        headers = [(name, len(body) if name == "Content-Length" else value) for name, value in headers]
        self.assert_refused(400, "InvalidRequest", "malformed", headers, body)

    def test_checksum_of_a_trailer(self):
        def checksum(content):
            return b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))

        body = unsigned_chunks(PIECES, checksum(WHOLE))
        headers = self.chunked_headers(UNSIGNED_TRAILER, body, ("x-amz-trailer", "x-amz-checksum-crc32"))
        self.assert_taken(headers, body)
        other = os.urandom(5000)
        wrong = unsigned_chunks([other], checksum(WHOLE))
        headers = self.chunked_headers(
            UNSIGNED_TRAILER, wrong, ("x-amz-trailer", "x-amz-checksum-crc32"), size=len(other)
        )
        self.assert_refused(400, "BadDigest", "malformed", headers, wrong)
        self.assertNotIn(other[-64:], self.store.received, "a store could take it for whole")

    def test_http_chunks_around_it(self):
        headers = self.signed(payload_hash=hashlib.sha256(b"hello").hexdigest())[:-1]
        headers.append(("Transfer-Encoding", "chunked"))
        self.assert_taken(headers, b"5\r\nhello\r\n0\r\n\r\n")
        self.assert_refused(
            400, "XAmzContentSHA256Mismatch", "bad_signature", headers, b"5\r\nhellp\r\n0\r\n\r\n"
        )

    # ---- what stands still, or is cut, while its end is held back --------------------------------

    def begin_with_trailer(self, identity, content):
        """All of an upload but the last bytes of its trailer. Returns the connection and what is left."""
        trailer = b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))
        body = unsigned_chunks([content], trailer)
        target = f"/fleet/{identity.id}/x"
        fields = [
            ("x-amz-decoded-content-length", str(len(content))),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ]
        headers = self.signer.sign("PUT", target, self.host, fields, payload_hash=UNSIGNED_TRAILER)
        connection = self.connect(identity)
        connection.send_head("PUT", target, headers + [("Content-Length", len(body))])
        connection.send(body[:-2])
        wait_until(lambda: content[:-1] in self.store.received, "the data is at the store")
        return connection, body[-2:]

    def assert_nothing_whole(self, content):
        time.sleep(0.2)
        self.assertNotIn(content, self.store.received)
        self.assertFalse(any(content in request.body for request in self.store.requests if request.complete))

    def test_device_that_leaves_before_the_end_of_its_trailer(self):
        content = os.urandom(3000)
        connection, _ = self.begin_with_trailer(self.device, content)
        connection.close()
        self.gateway.wait_for_access(device=self.device.id, reason="peer_closed")
        self.assert_nothing_whole(content)

    def test_device_that_stops_before_the_end_of_its_trailer(self):
        text = self.gateway.configuration.read_text()
        self.addCleanup(self.gateway.put_in_force, text)
        self.gateway.put_in_force(text + "limits: {body_progress: 500ms}\n")
        content = os.urandom(3000)
        self.begin_with_trailer(self.device, content)
        self.gateway.wait_for_access(device=self.device.id, reason="timeout")
        self.assert_nothing_whole(content)

    def test_device_that_is_revoked_before_the_end_of_its_trailer(self):
        victim = self.pki.device("EEEE0001")
        content = os.urandom(3000)
        connection, rest = self.begin_with_trailer(victim, content)
        self.revoke(victim)
        self.gateway.wait_for_event("connection_cut", device=victim.id, reason="revoked")
        self.assertIsNotNone(refused(lambda: (connection.send(rest), connection.read_answer("PUT"))))
        self.assert_nothing_whole(content)

    def test_rest_of_a_body_is_no_request(self):
        """What follows a refused body on its connection was written by whoever wrote the body."""
        smuggled = b"PUT /fleet/%s/y HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n"
        hidden = smuggled % (DEVICE.encode(), self.host.encode())
        headers = self.signed(length=len(WHOLE) + len(hidden), payload_hash=hashlib.sha256(WHOLE).hexdigest())
        self.assert_refused(400, "XAmzContentSHA256Mismatch", "bad_signature", headers, WHOLE + hidden)
        self.assertNotIn(b"/y HTTP/1.1", b"".join(request.head for request in self.store.requests))

    def test_copy_source_in_a_signed_query(self):
        """SDKs hoist fields into the query of a presigned URL; stores may read them there."""
        for name in ("x-amz-copy-source", "X-Amz-Copy-Source", "x-amz-copy_source"):
            target = f"{TARGET}?{name}=%2Ffleet%2F{self.other.id}%2Fsecret"
            before = len(self.store.requests)
            with self.connect(self.device) as connection:
                answer = connection.request(self.signer, "PUT", target)
            self.assertIn(answer.status, (400, 403), name)
            # One that the test before has cut may be noted as late as now; it is not whole, and not this one.
            arrived = self.store.requests[before:]
            self.assertFalse([request.start_line for request in arrived if request.complete], name)
            self.assertNotIn(b"secret", b"".join(request.head for request in arrived), name)

    # ---- secrets -------------------------------------------------------------------------------

    def test_rotated_secret_counts_at_once(self):
        self.addCleanup(self.rotate_to, self.signer)
        fresh = Signer(self.signer.access_key, "another-secret")
        self.rotate_to(fresh)
        self.assert_taken(self.signed(fresh), b"x")
        self.assert_refused(403, "SignatureDoesNotMatch", "bad_signature", self.signed())

    def rotate_to(self, signer):
        generation = self.gateway.generation()
        self.write_secrets(signer)
        self.gateway.wait_for_generation_after(generation)

    def test_secrets_that_are_cut_change_nothing(self):
        """As by a full disk, or a crash of whoever wrote them: the beginning of a secret is none."""
        self.addCleanup(self.rotate_to, self.signer)
        failures = len(self.gateway.events("reload", result="failed"))
        with open(self.secrets, "w") as file:
            file.write(f"{self.signer.access_key} {self.signer.secret_key[:6]}")
        event = self.gateway.wait_for_event("reload", skip=failures, result="failed")
        self.assertIn("does not end with a line feed", event["detail"])
        beginning = Signer(self.signer.access_key, self.signer.secret_key[:6])
        self.assert_refused(403, "SignatureDoesNotMatch", "bad_signature", self.signed(beginning))
        self.assert_taken(self.signed(), b"x")

    def test_secrets_that_others_may_read_change_nothing(self):
        before = self.secrets.read_text()
        failures = len(self.gateway.events("reload", result="failed"))
        replace_file(self.secrets, before)
        self.secrets.chmod(0o644)
        event = self.gateway.wait_for_event("reload", skip=failures, result="failed")
        self.assertIn("others may read this secret", event["detail"])
        self.assert_taken(self.signed(), b"x")
        self.rotate_to(self.signer)


@not_with("swift", "it knows no aws-chunked")
class BeforeARealStore(FleetTest):
    """Both look: the gateway, and radosgw."""

    real_store = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        secrets = cls.folder / "secrets.txt"
        secrets.write_text(f"{cls.store.access_key} {cls.store.secret_key}\n")
        secrets.chmod(0o600)
        section = f"access_keys: {{fleet: [{cls.store.access_key}], secrets: {{file: secrets.txt}}}}\n"
        cls.gateway.put_in_force(cls.gateway.configuration.read_text() + section)

    def test_signed_chunks(self):
        host = f"127.0.0.1:{self.gateway.port}"
        fields = [("x-amz-decoded-content-length", str(len(WHOLE)))]
        headers = self.signer.sign("PUT", TARGET, host, fields, payload_hash=SIGNED)
        body = b"".join(signed_chunks(self.signer, headers, PIECES))
        with self.connect(self.device) as connection:
            connection.send_head("PUT", TARGET, headers + [("Content-Length", len(body))])
            connection.send(body)
            self.assertEqual(connection.read_answer("PUT").status, 200)
        stored = self.store.client.get_object(Bucket=BUCKET, Key=f"{DEVICE}/device.json")["Body"].read()
        self.assertEqual(stored, WHOLE)

    def test_boto3(self):
        client = s3_client(
            f"https://127.0.0.1:{self.gateway.port}",
            self.store.access_key,
            self.store.secret_key,
            verify=str(self.pki.root),
            config={"client_cert": (str(self.device.chain), str(self.device.key))},
        )
        self.addCleanup(client.close)
        key = f"{DEVICE}/log of truck+7 (ä)~.MF4"
        client.put_object(Bucket=BUCKET, Key=key, Body=WHOLE, Metadata={"fw": "01.09.01"})
        self.assertEqual(client.get_object(Bucket=BUCKET, Key=key, Range="bytes=5-9")["Body"].read(), WHOLE[5:10])


if __name__ == "__main__":
    main()
