"""What the store gets with `signing: resign`, held against the public description of the signature: nothing of the
client's own signature, nothing unsigned, and no whole object of a body that was altered on its way."""

import hashlib
import os
import re
from http.client import IncompleteRead
from urllib.parse import quote, urlsplit

from support.case import main
from support.chunked_payload import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER, signed_chunks, unsigned_chunks
from support.fleet import DEVICE
from support.https_client import Connection, server_context
from support.imposter import ImposterStore, answer
from support.sigv4 import Signer
from support.store import s3_client
from support.store_side import HOST, IN_STORE, NO_BUCKETS, PIECES, STORE_KEY, TARGET, WHOLE, StoreSide, crc32_of


class Heads(StoreSide):
    def test_address_and_fields(self):
        extra = [("x-amz-meta-a", "1  2"), ("Content-Type", "application/x-mdf"), ("Cache-Control", "no-store")]
        request = self.assert_taken(self.signed(b"x", *extra), b"x")
        self.assertEqual(request.start_line, f"PUT {IN_STORE} HTTP/1.1")
        self.assertEqual(request.header("Host"), HOST)
        self.assertEqual(request.header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD")
        for name, value in extra:
            self.assertEqual(" ".join(request.header(name).split()), " ".join(value.split()))
        self.assertEqual(request.body, b"x")

    def test_fields_that_a_store_could_obey(self):
        """Now they would count with the store's credentials."""
        for name in ("x-minio-force-delete", "X-Forwarded-For", "rgwx-uid", "Cookie"):
            request = self.assert_taken(self.signed(b"x") + [(name, "true")], b"x")
            self.assertIsNone(request.header(name), name)
        headers = self.signed(b"x", ("x-amz-mfa", "1 2"))
        self.assertEqual(self.assert_refused(501, "NotImplemented", headers, b"x"), [])

    def test_hash_of_the_body_is_kept(self):
        digest = hashlib.sha256(WHOLE).hexdigest()
        request = self.assert_taken(self.signed(WHOLE, payload_hash=digest), WHOLE)
        self.assertEqual((request.header("x-amz-content-sha256"), request.body), (digest, WHOLE))

    def test_presigned_query_becomes_a_field(self):
        client = s3_client(f"https://{self.host}", self.signer.access_key, self.signer.secret_key)
        place = {"Bucket": "fleet", "Key": f"{DEVICE}/log.MF4"}
        url = client.generate_presigned_url("put_object", {**place, "Metadata": {"a": "b"}}, ExpiresIn=60)
        target = f"{urlsplit(url).path}?{urlsplit(url).query}"
        headers = [("Host", self.host), ("Content-Length", 1), ("x-amz-meta-a", "b")]
        request = self.assert_taken(headers, b"x", target=target)
        self.assertEqual(request.start_line, f"PUT {IN_STORE} HTTP/1.1")

    def test_signature_of_a_stranger(self):
        headers = Signer(self.signer.access_key, "guessed").sign("PUT", TARGET, self.host)
        self.assertEqual(
            self.assert_refused(403, "SignatureDoesNotMatch", headers + [("Content-Length", 1)], b"x"), []
        )

    def test_only_when_absent(self):
        self.addCleanup(self.gateway.put_in_force, self.gateway.configuration.read_text())
        self.gateway.change_configuration(
            ("allow: [PutObject,", "allow: [PutObject], on: 'fleet/{device}/*', when: {absent: true}}\n"
             "  - {who: device, allow: [")
        )
        request = self.assert_taken(self.signed(b"x"), b"x")
        self.assertEqual(request.header("If-None-Match"), "*")

    def test_session_token_and_rotation(self):
        fresh = Signer("TEMPORARYKEY", "another-secret", STORE_KEY.region)
        self.rotate(fresh, "token/of+a=session")
        self.addCleanup(self.rotate, STORE_KEY)
        request = self.assert_taken(self.signed(b"x"), b"x", signer=fresh)
        self.assertEqual(request.header("x-amz-security-token"), "token/of+a=session")
        failures = len(self.gateway.events("reload", result="failed"))
        (self.folder / "store.credentials").write_text("[default]\naws_access_key_id = X")
        event = self.gateway.wait_for_event("reload", skip=failures, result="failed")
        self.assertIn("store.credentials: does not end with a line feed", event["detail"])
        self.assert_taken(self.signed(b"x"), b"x", signer=fresh)

    def rotate(self, signer, token=""):
        generation = self.gateway.generation()
        self.write_credentials(signer, token)
        self.gateway.wait_for_generation_after(generation)

    def test_own_names(self):
        self.addCleanup(self.gateway.put_in_force, self.gateway.configuration.read_text())
        self.gateway.change_configuration(NO_BUCKETS)
        request = self.assert_taken(self.signed(b"x"), b"x")
        self.assertEqual(request.start_line, f"PUT {TARGET} HTTP/1.1")

    def test_bucket_that_is_not_mapped(self):
        self.addCleanup(self.gateway.put_in_force, self.gateway.configuration.read_text())
        self.gateway.change_configuration(("on: 'fleet/{device}/*'", "on: 'other/{device}/*'"))
        target = TARGET.replace("fleet", "other")
        headers = self.signed(b"x", target=target)
        self.assertEqual(self.assert_refused(404, "NoSuchBucket", headers, b"x", target=target), [])


class Bodies(StoreSide):
    def chunked(self, payload_hash, *extra, size=len(WHOLE)):
        fields = [("x-amz-decoded-content-length", str(size)), ("Content-Encoding", "aws-chunked"), *extra]
        return self.signed(b"", *fields, payload_hash=payload_hash)[:-1]

    def signed_body(self, *trailer, extra=(), pieces=PIECES):
        """Headers and chunks of an upload with signed chunks."""
        headers = self.chunked(SIGNED_TRAILER if trailer else SIGNED, *extra, size=sum(map(len, pieces)))
        return headers, signed_chunks(self.signer, headers, pieces, *trailer)

    def with_length(self, headers, body):
        return headers + [("Content-Length", len(body))]

    def test_signed_chunks(self):
        for pieces in (PIECES, [], [os.urandom(65536)], [os.urandom(65536)] * 3, [os.urandom(200_000)]):
            headers, chunks = self.signed_body(pieces=pieces)
            body = b"".join(chunks)
            request = self.assert_taken(self.with_length(headers, body), body)
            self.assertEqual(request.header("x-amz-content-sha256"), SIGNED)
            store_headers = [(name, value.strip()) for name, value in request.headers()]
            whole = b"".join(pieces)
            blocks = [whole[at : at + 65536] for at in range(0, len(whole), 65536)]
            self.assertEqual(request.body, b"".join(signed_chunks(STORE_KEY, store_headers, blocks)))

    def test_signed_chunks_and_trailer(self):
        headers, chunks = self.signed_body(crc32_of(WHOLE), extra=[("x-amz-trailer", "x-amz-checksum-crc32")])
        body = b"".join(chunks)
        request = self.assert_taken(self.with_length(headers, body), body)
        store_headers = [(name, value.strip()) for name, value in request.headers()]
        blocks = [WHOLE[at : at + 65536] for at in range(0, len(WHOLE), 65536)]
        self.assertEqual(request.body, b"".join(signed_chunks(STORE_KEY, store_headers, blocks, crc32_of(WHOLE))))

    def test_signed_chunks_in_chunks_of_http(self):
        """The store hears a length all the same: S3 wants one."""
        headers, chunks = self.signed_body()
        framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        request = self.assert_taken(headers + [("Transfer-Encoding", "chunked")], framed)
        self.assertEqual(int(request.header("Content-Length")), len(request.body))

    def test_unsigned_chunks_and_trailer(self):
        body = unsigned_chunks(PIECES, crc32_of(WHOLE).encode())
        headers = self.chunked(UNSIGNED_TRAILER, ("x-amz-trailer", "x-amz-checksum-crc32"))
        request = self.assert_taken(self.with_length(headers, body), body)
        self.assertEqual((request.header("x-amz-content-sha256"), request.body), (UNSIGNED_TRAILER, body))

    def test_tampering(self):
        headers, chunks = self.signed_body()
        first, second, third, last = chunks
        flipped = second[:-3] + bytes([second[-3] ^ 1]) + second[-2:]
        for name, body in {
            "reordered": second + first + third + last,
            "altered": first + flipped + third + last,
            "repeated": first + first + second + third + last,
            "left out": first + third + last,
        }.items():
            with self.subTest(name):
                got, arrived = self.send("PUT", TARGET, self.with_length(headers, body), body)
                self.assertIn(got.error_code(), ("SignatureDoesNotMatch", "IncompleteBody"))
                self.assertFalse(any(request.complete for request in arrived))
        cut = first + second + third
        self.assert_refused(400, "InvalidRequest", self.with_length(headers, cut), cut)

    def test_length_that_overflows(self):
        """What the store is told of a body is computed from a number of the client's choice."""
        for size in (18421446067330482176, (1 << 64) - 1, (5 << 30) + 1, 18446744073709551617):
            headers = self.chunked(SIGNED, size=size)
            body = b"".join(signed_chunks(self.signer, headers, [bytes(65536)]))
            for framing in (("Content-Length", len(body)), ("Transfer-Encoding", "chunked")):
                got, arrived = self.send("PUT", TARGET, headers + [framing], b"")
                self.assertIn(got.error_code(), ("EntityTooLarge", "IncompleteBody", "InvalidRequest"))
                self.assertEqual(arrived, [])

    def test_limit_of_chunks_in_chunks(self):
        """What counts is what came from the client, not what was written to the store."""
        self.addCleanup(self.gateway.put_in_force, self.gateway.configuration.read_text())
        self.gateway.put_in_force(self.gateway.configuration.read_text() + "limits: {body_bytes: 1MiB}\n")
        pieces = [bytes([65]) for _ in range(13_000)]  # 88 bytes of framing for each
        headers = self.chunked(SIGNED, size=len(pieces))
        chunks = b"".join(signed_chunks(self.signer, headers, pieces))
        self.assertGreater(len(chunks), 1 << 20)
        framed = b"".join(b"%x\r\n%s\r\n" % (len(block), block) for block in (chunks[:-600000], chunks[-600000:]))
        headers.append(("Transfer-Encoding", "chunked"))
        self.assert_refused(400, "EntityTooLarge", headers, framed + b"0\r\n\r\n")

    def test_wrong_checksum_of_a_trailer(self):
        extra = [("x-amz-trailer", "x-amz-checksum-crc32")]
        headers, chunks = self.signed_body(crc32_of(b"other"), extra=extra)
        body = b"".join(chunks)
        self.assert_refused(400, "BadDigest", self.with_length(headers, body), body)

    def test_wrong_hash(self):
        headers = self.signed(WHOLE, payload_hash=hashlib.sha256(WHOLE).hexdigest())
        self.assert_refused(400, "XAmzContentSHA256Mismatch", headers, WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]))


class PlainBodies(StoreSide):
    """`chunks: plain`, for which the store must be reached over TLS."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plain = cls.store.endpoint
        cls.store = ImposterStore(context=server_context(cls.pki.server("store")))
        cls.addClassCleanup(cls.store.stop)
        cls.gateway.change_configuration(
            (plain, cls.store.endpoint),
            ("  signing: resign\n", f"  tls: {{ca: {cls.pki.root}}}\n  signing: resign\n"),
            ("    buckets:", "    chunks: plain\n    buckets:"),
        )

    def upload(self, pieces, *trailer):
        extra = [("x-amz-decoded-content-length", str(sum(map(len, pieces)))), ("Content-Encoding", "aws-chunked, gzip")]
        if trailer:
            extra += [("x-amz-trailer", "x-amz-checksum-crc32"), ("x-amz-sdk-checksum-algorithm", "CRC32")]
        headers = self.signed(b"", *extra, payload_hash=SIGNED_TRAILER if trailer else SIGNED)[:-1]
        body = b"".join(signed_chunks(self.signer, headers, pieces, *trailer))
        return headers + [("Content-Length", len(body))], body

    def test_chunks_are_taken_apart(self):
        for trailer in ([], [crc32_of(WHOLE)]):
            request = self.assert_taken(*self.upload(PIECES, *trailer))
            self.assertEqual((request.header("x-amz-content-sha256"), request.body), ("UNSIGNED-PAYLOAD", WHOLE))
            self.assertEqual(request.header("Content-Encoding"), "gzip")
            for name in ("x-amz-trailer", "x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm"):
                self.assertIsNone(request.header(name))

    def test_unsigned_chunks(self):
        body = unsigned_chunks(PIECES, crc32_of(WHOLE).encode())
        fields = [("x-amz-decoded-content-length", str(len(WHOLE))), ("x-amz-trailer", "x-amz-checksum-crc32")]
        headers = self.signed(body, *fields, payload_hash=UNSIGNED_TRAILER)
        self.assertEqual(self.assert_taken(headers, body).body, WHOLE)
        wrong = unsigned_chunks(PIECES, crc32_of(b"other").encode())
        self.assert_refused(400, "BadDigest", headers, wrong)

    def test_empty_object(self):
        """It would be whole with its head: its chunks are read first."""
        headers, body = self.upload([])
        request = self.assert_taken(headers, body)
        self.assertEqual((request.header("Content-Length"), request.body), ("0", b""))
        forged = body.replace(body[-10:-4], b"000000")
        self.assertEqual(self.assert_refused(403, "SignatureDoesNotMatch", headers, forged), [])
        before = len(self.store.requests)
        with Connection(self.gateway.port, self.context(self.device)) as connection:
            connection.send_head("PUT", TARGET, headers)
        self.gateway.wait_for_access(reason="peer_closed", detail="the client left before its body")
        self.assertEqual(len(self.store.requests), before, "a client that leaves has stored nothing")


class Answers(StoreSide):
    def list(self, more=""):
        target = f"/fleet?list-type=2&prefix={DEVICE}%2F{more}"
        return self.send("GET", target, self.signed(b"", method="GET", target=target)[:-1])

    def reply_with(self, body, status=200, headers=(("Content-Type", "application/xml"),)):
        self.store.reply = lambda request: answer(status, "As It Is", body, headers)

    def test_list(self):
        self.reply_with(
            b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            b"<Name>acme-prod-logs</Name><Prefix>eu/AABBCCDD/</Prefix><Contents><Key>eu/AABBCCDD/a &amp; b</Key>"
            b"<ETag>&quot;eu/&quot;</ETag></Contents></ListBucketResult>"
        )
        got, (request,) = self.list()
        self.assertEqual(request.start_line, "GET /acme-prod-logs?list-type=2&prefix=eu%2FAABBCCDD%2F HTTP/1.1")
        self.assertEqual(
            got.body,
            b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            b"<Name>fleet</Name><Prefix>AABBCCDD/</Prefix><Contents><Key>AABBCCDD/a &amp; b</Key>"
            b"<ETag>&quot;eu/&quot;</ETag></Contents></ListBucketResult>",
        )

    def test_answers_that_are_not_to_be_trusted(self):
        begin = b"<ListBucketResult><Name>acme-prod-logs</Name>"
        for name, body in {
            "a key of another prefix": begin + b"<Contents><Key>us/x</Key></Contents></ListBucketResult>",
            "another bucket": b"<ListBucketResult><Name>other</Name></ListBucketResult>",
            "no XML": b"hello",
            "a document type": b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + begin + b"</ListBucketResult>",
        }.items():
            with self.subTest(name):
                self.reply_with(body)
                got, _ = self.list()
                self.assertEqual((got.status, got.error_code()), (502, "InternalError"))
                self.assertNotIn(b"acme", got.body)

    def test_answers_without_a_sound_end(self):
        self.reply_with(b"<ListBucketResult><Name>acme-prod-logs</Name>")
        with self.assertRaises(IncompleteRead):
            self.list()

    def get(self):
        return self.send("GET", TARGET, self.signed(b"", method="GET")[:-1])[0]

    def test_errors_are_told_in_words_of_our_own(self):
        secrets = b"<Message>arn:aws:s3:::acme-prod-logs/eu STOREKEY</Message><Token-0>TOKEN</Token-0>"
        for status, body, code in (
            (404, b"<Error><Code>NoSuchKey</Code><Key>eu/AABBCCDD/log.MF4</Key>%s</Error>" % secrets, "NoSuchKey"),
            (403, b"<html>acme-prod-logs eu/ STOREKEY TOKEN</html>", "AccessDenied"),
            (500, secrets * 1000, "InternalError"),
        ):
            for headers in ([("Content-Type", "application/xml")], [("Content-Type", "text/html"), ("X-Rgw-A", "eu/")]):
                self.reply_with(body, status, headers)
                got = self.get()
                self.assertEqual((got.status, got.error_code()), (status, code))
                for word in (b"acme", b"eu/", b"STOREKEY", b"TOKEN"):
                    self.assertNotIn(word, got.body + str(got.headers).encode())
                self.assertIn(TARGET.encode(), got.body)

    def test_credentials_that_the_store_refuses(self):
        """No fault of the client, who may try again."""
        for code in ("ExpiredToken", "SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed"):
            self.reply_with(b"<Error><Code>%s</Code></Error>" % code.encode(), 403)
            got = self.get()
            self.assertEqual((got.status, got.error_code()), (503, "ServiceUnavailable"))
            self.gateway.wait_for_event("store_refuses_credentials", detail=code)

    def test_continuation_token_is_no_key_of_the_store(self):
        document = (
            b"<ListBucketResult><Name>acme-prod-logs</Name>"
            b"<NextContinuationToken>%s</NextContinuationToken></ListBucketResult>"
        )
        for of_store in (b"eu/AABBCCDD/x", b"1opaque=="):
            self.reply_with(document % of_store)
            got, _ = self.list()
            token = re.search(rb"Token>(.*)</Next", got.body).group(1)
            self.assertNotIn(b"eu/", token)
            _, (request,) = self.list("&continuation-token=" + quote(token, safe=""))
            self.assertIn("continuation-token=" + quote(of_store, safe=""), request.start_line)
        self.assertEqual(self.list("&continuation-token=us%2Fsecret")[0].status, 400)

    def test_object_that_looks_like_an_answer(self):
        content = b"<ListBucketResult><Name>acme-prod-logs</Name></ListBucketResult>"
        self.reply_with(content)
        got, _ = self.send("GET", TARGET, self.signed(b"", method="GET")[:-1])
        self.assertEqual(got.body, content)

    def test_redirect_is_told_and_not_followed(self):
        for status in (301, 307):
            where = [("Location", "https://elsewhere.example.test/x"), ("x-amz-bucket-region", "us-west-2")]
            self.reply_with(b"<Error><Code>PermanentRedirect</Code></Error>", status, where)
            got, arrived = self.send("PUT", TARGET, self.signed(b"x"), b"x")
            self.assertEqual((got.status, len(arrived)), (502, 1))
            self.assertNotIn("Location", got.headers)
            entry = self.gateway.wait_for_access(status=502, reason="store_malformed", request_id=got.headers["x-amz-request-id"])
            self.assertIn("the bucket is in region us-west-2", entry["detail"])


if __name__ == "__main__":
    main()
