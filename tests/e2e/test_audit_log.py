"""The audit log: refusals, reloads, CRLs, accept-crl, start and stop, chained so that no change stays unseen."""

import hashlib
import random
import signal
import ssl
import threading
import time

from support.audited import audit_events, audit_lines, audited, verify
from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.https_client import Connection, refused
from support.processes import program, run, wait_until


def element(tag, content):
    """DER (X.690 8.1)."""
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def elements(der):
    """The elements that stand one after the other, each whole."""
    while der:
        size = der[1]
        head = 2
        if size >= 128:
            head += size & 0x7F
            size = int.from_bytes(der[2:head], "big")
        yield der[: head + size]
        der = der[head + size :]


def content(der):
    return der[2 + (der[1] & 0x7F if der[1] >= 128 else 0) :]


def with_serial(pem, serial):
    """The first certificate with another serial number, which its signature does not fit."""
    der = ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----END CERTIFICATE-----") + 25])
    to_be_signed, *rest = elements(content(der))
    version, _, *fields = elements(content(to_be_signed))
    forged = element(0x30, b"".join([version, element(0x02, serial), *fields]))
    return ssl.DER_cert_to_PEM_cert(element(0x30, b"".join([forged, *rest])))


class AuditLog(FleetTest):
    def setUp(self):
        super().setUp()
        self.service = audited(self.folder / self.id().rpartition(".")[2], self.pki, self.store.endpoint)
        self.log = self.service.folder / "audit.log"
        self.addCleanup(self.service.stop)
        self.service.start()

    def events(self, **fields):
        return audit_events(self.log, **fields)

    def wait_for(self, **fields):
        return wait_until(lambda: self.events(**fields), f"{fields} in {self.log}")[-1]

    def ask(self, identity, target):
        with Connection(self.service.port, self.context(identity)) as connection:
            return connection.request(self.signer, "GET", target).status

    def test_what_is_in_it(self):
        self.assertEqual(self.ask(self.device, f"/fleet/{OTHER_DEVICE}/x"), 403)
        line = self.wait_for(event="request_refused")
        self.assertEqual(
            (line["reason"], line["device"], line["key"], line["listener"], line["operation"]),
            ("wrong_prefix", DEVICE, f"{OTHER_DEVICE}/x", "fleet", "GetObject"),
        )
        self.assertRegex(line["peer"], r"^127\.0\.0\.1:\d+$")
        self.assertTrue(line["serial"])
        self.assertIsNotNone(refused(lambda: self.ask(None, "/fleet/x")))
        self.wait_for(event="handshake_refused", reason="no_certificate")

        text = self.service.configuration.read_text()
        self.service.write_configuration(text + "nonsense: 1\n")
        self.assertIn("nonsense", self.wait_for(event="reload", result="failed")["detail"])
        self.service.put_in_force(text + "# changed\n")
        self.wait_for(event="reload", result="ok")
        self.wait_for(event="crl_offered", result="loaded")
        self.wait_for(event="crl", state="fresh")
        self.service.stop()
        names = [line["event"] for line in self.events()]
        self.assertEqual(names[:2], ["log_opened", "start"])
        self.assertEqual(names[-3:], ["draining", "stopped", "log_closed"])
        code, said = verify(self.log)
        self.assertEqual(code, 0, said)
        self.assertIn(f"{len(names)} lines, numbers 1 to {len(names)}", said)

    def test_a_revocation_and_what_it_cut(self):
        gone = self.pki.device("0000DEAD")
        with Connection(self.service.port, self.context(gone)) as connection:
            self.assertEqual(connection.request(self.signer, "GET", "/fleet/0000DEAD/x").status, 404)
            self.pki.revoke(gone)
            self.service.publish_crl(self.pki.crl())
            line = self.wait_for(event="connection_cut", device="0000DEAD")
            self.assertEqual(line["reason"], "revoked")
        self.wait_for(event="enforced", connections_cut=1)
        self.assertIsNotNone(refused(lambda: self.ask(gone, "/fleet/0000DEAD/x")))
        self.wait_for(event="handshake_refused", reason="revoked", device="0000DEAD")

    def test_accept_crl(self):
        """Another process writes the acceptance; the gateway records it when it takes it over."""
        state = f"state: {self.service.folder / 'state'}\n"
        self.service.put_in_force(self.service.configuration.read_text() + state)
        self.pki.revoke(self.pki.device("0000BEEF"))
        self.service.publish_crl(self.pki.crl())
        self.wait_for(event="crl_offered", result="loaded")
        forgetful = self.pki.forgetful_crl()
        self.service.publish_crl(forgetful)
        self.wait_for(event="crl_offered", result="shrink")
        file = self.service.folder / "accepted.pem"
        file.write_text(forgetful)
        done = run(program("sallyport-gateway"), "accept-crl", "--config", self.service.configuration, "--crl", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        line = self.wait_for(event="crl_shrink_accepted")
        self.assertEqual(line["sha256"].lower(), done.stdout.split()[1].rstrip(';').lower())
        self.assertEqual(len(self.events(event="crl_offered", result="shrink")), 1, "is told once")

    def test_a_flood_of_refusals(self):
        with Connection(self.service.port, self.context(self.device)) as connection:
            for _ in range(300):
                self.assertEqual(connection.request(self.signer, "GET", f"/fleet/{OTHER_DEVICE}/x").status, 403)
        self.service.stop()
        self.assertEqual(len(self.events(event="request_refused")), 1)
        (repeated,) = self.events(event="refusals_repeated")
        self.assertEqual((repeated["count"], repeated["last"]["device"]), (299, DEVICE))
        self.assertEqual(len(self.service.access_log(reason="wrong_prefix")), 300, "the access log has each")

    def test_no_secret_of_a_presigned_query_that_stands_in_a_key(self):
        query = "%3FX-Amz-Date=1&X-Amz-Security-Token=FwoGTOKEN&X-Amz-Signature=0123456789"
        self.assertEqual(self.ask(self.device, f"/fleet/{OTHER_DEVICE}/x{query}"), 403)
        line = self.wait_for(event="request_refused")
        shown = f"{OTHER_DEVICE}/x?X-Amz-Date=1&X-Amz-Security-Token=...&X-Amz-Signature=..."
        self.assertEqual(line["key"], shown)
        self.assertIn(shown, line["detail"])
        twice = query.replace("=", "%253D")
        self.assertEqual(self.ask(self.device, f"/fleet/{OTHER_DEVICE}/x{twice}"), 400)
        self.service.stop()
        self.assertEqual(self.service.access_log(key=shown)[0]["status"], 403)
        for log in ("audit.log", "access.log", "events.log", "gateway.log"):
            file = self.service.folder / log
            text = file.read_text() if file.exists() else ""
            self.assertNotIn("FwoGTOKEN", text, log)
            self.assertNotIn("0123456789", text, log)

    def test_a_long_serial_of_a_stranger_is_cut(self):
        forged = self.service.folder / "forged.pem"
        forged.write_text(with_serial(self.device.chain.read_text(), b"\x41" * 50_000))
        context = ssl.create_default_context(cafile=self.pki.root)
        context.load_cert_chain(forged, self.device.key)
        with self.assertRaises(OSError):
            with Connection(self.service.port, context) as connection:
                connection.request(self.signer, "GET", f"/fleet/{DEVICE}/x")
        line = self.wait_for(event="handshake_refused", reason="bad_signature")
        self.assertEqual(line["serial"], "41" * 64)
        self.assertLess(self.log.stat().st_size, 20_000)

    def test_every_change_is_seen(self):
        self.service.stop()
        lines = self.log.read_bytes().splitlines(keepends=True)
        head = hashlib.sha256(lines[-1][:-1]).hexdigest()
        self.assertEqual(verify(self.log, head=head)[0], 0)
        self.assertEqual(verify(self.log, head=head.upper())[0], 0)
        middle = len(lines) // 2
        forged = self.service.folder / "forged.log"
        for what, changed in (
            ("changed", [*lines[:middle], lines[middle].replace(b'"time":"20', b'"time":"19'), *lines[middle + 1 :]]),
            ("removed", lines[:middle] + lines[middle + 1 :]),
            ("swapped", [*lines[:middle], lines[middle + 1], lines[middle], *lines[middle + 2 :]]),
            ("inserted", [*lines[:middle], lines[0], *lines[middle:]]),
            ("cut within a line", [*lines[:-1], lines[-1][:-20]]),
            ("other text", [*lines, b"all is well\n"]),
        ):
            forged.write_bytes(b"".join(changed))
            code, said = verify(forged)
            self.assertEqual(code, 1, what)
            self.assertRegex(said, rf"^{forged}:\d+: ", what)
        forged.write_bytes(b"".join(lines[:-1]))
        self.assertEqual(verify(forged)[0], 0, "a cut tail alone shows nothing")
        code, said = verify(forged, head=head)
        self.assertEqual(code, 1, "but who noted the head sees it")
        self.assertIn("no line has the hash", said)
        self.assertEqual(verify(self.log, head="12")[0], 2)
        self.assertEqual(verify()[0], 2)
        self.assertEqual(verify(self.service.folder / "nowhere.log")[0], 3)
        done = run(program("sallyport-gateway"), "audit", "verify", "-", input=self.log.read_text())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_killed_and_started_again(self):
        seed = random.randrange(1 << 32)
        print(f"    seed {seed}")
        chance = random.Random(seed)
        for kills in range(1, 5):
            over = threading.Event()
            targets = (f"/fleet/{OTHER_DEVICE}/{i}" for i in range(1 << 30))

            def knock():
                while not over.is_set():
                    refused(lambda: self.ask(None, next(targets)))
                    refused(lambda: self.ask(self.device, next(targets)))

            thread = threading.Thread(target=knock)
            thread.start()
            self.service.process.signal(signal.SIGHUP)
            time.sleep(chance.uniform(0.0, 0.3))
            self.service.process.kill()
            over.set()
            thread.join()
            size = self.log.stat().st_size
            before = self.log.read_bytes()
            self.service.start()
            self.assertEqual(self.log.read_bytes()[:size], before, "nothing is removed")
            opened = wait_until(lambda: self.events(event="log_opened")[kills:], "the start in the log")
            self.assertFalse(opened[0]["was_closed"])
            self.assertEqual(verify(self.log)[0], 0)

        # As if the power had failed in the middle of a line.
        self.service.process.kill()
        with open(self.log, "ab") as log:
            log.write(b'{"seq":7,"prev')
        code, said = verify(self.log)
        self.assertEqual(code, 1, said)
        self.service.start()
        torn = self.wait_for(event="torn_line")
        self.assertEqual(torn["bytes"], 14)
        self.service.stop()
        code, said = verify(self.log)
        self.assertEqual(code, 0, said)
        self.assertIn("1 torn", said)
        self.assertGreater(len(audit_lines(self.log)), 0)

    def test_a_second_gateway_is_refused(self):
        rival = audited(self.folder / "rival", self.pki, self.store.endpoint, audit=self.log)
        done = run(program("sallyport-gateway"), "run", "--config", rival.configuration)
        self.assertEqual(done.returncode, 3)
        self.assertIn("another process writes this audit log", done.stderr)

    def test_check_knows_what_cannot_be_a_log(self):
        folder = self.service.folder
        (folder / "link.log").symlink_to(self.log)
        (folder / "text.log").write_text("notes\n")
        text = self.service.configuration.read_text()
        for old, new, words in (
            ("access: access.log", "access: crl", "log.access: .*is a folder"),
            ("events: events.log", "events: link.log", "log.events: .*is a symbolic link"),
            ("audit: audit.log", "audit: text.log", "log.audit: .*is not an audit log"),
            ("audit: audit.log", "audit: /dev/null", "log.audit: .*is not a regular file"),
            ("audit: audit.log", "audit: nowhere/audit.log", "log.audit: .*cannot be made"),
            ("audit: audit.log", "audit: access.log", "two logs cannot share a file"),
        ):
            file = folder / "checked.yaml"
            file.write_text(text.replace(old, new))
            done = run(program("sallyport-gateway"), "check", "--config", file)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertRegex(done.stderr, rf"checked\.yaml:\d+:\d+: .*({words})")


if __name__ == "__main__":
    main()
