"""One device among a thousand connections is revoked: all its ways end at once, the others never notice.

The CRL has 100,000 other entries. "At once" is printed; with SALLYPORT_TIMINGS=1 it must be within LIMIT_MS.
"""

import os
import resource
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import wait_until

OLD_ENTRIES = 100_000
FELLOWS = 37
CONNECTIONS_EACH = 27
OTHERS = FELLOWS * CONNECTIONS_EACH
VICTIM = "FFFF0001"
TARGET = "/fleet/{}/device.json"
UPLOAD_KEY = f"{VICTIM}/00000001/00000001-5E0BE100.MF4"
MIB = 1 << 20
UPLOAD_SIZE = 64 * MIB
LIMIT_MS = 100
ENOUGH = 20  # refusals in a row
PAUSE = 0.005  # between attempts: what tries harder slows the gateway that it measures


class Way:
    """A way to go on or to come back, tried again and again until it was refused often enough."""

    def __init__(self, name, attempt):
        self.name = name
        self.attempt = attempt  # raises an OSError when it is refused
        self.accepted = 0
        self.refusals = 0
        self.last_accepted = None  # when it began
        self.first_refused = None  # when the refusal was heard

    def keep_trying(self):
        deadline = time.monotonic() + 30
        while self.refusals < ENOUGH and time.monotonic() < deadline:
            began = time.monotonic()
            error = refused(self.attempt)
            if isinstance(error, TimeoutError):
                raise error
            if error:
                self.refusals += 1
                self.first_refused = self.first_refused or time.monotonic()
            else:
                self.accepted += 1
                self.last_accepted = began
            time.sleep(PAUSE)

    def milliseconds_after(self, published):
        return (self.last_accepted - published) * 1000, (self.first_refused - published) * 1000


class RevocationAtScale(FleetTest):
    real_store = True

    @classmethod
    def prepare(cls):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        cls.victim = cls.pki.device(VICTIM)
        cls.fellows = [cls.pki.device(f"EEEE{number:04X}") for number in range(FELLOWS)]
        cls.add_old_entries()  # last: each `openssl ca` reads and writes them all

    @classmethod
    def add_old_entries(cls):
        now = datetime.now(timezone.utc)
        revoked, expiry = (f"{now + timedelta(days=days):%y%m%d%H%M%SZ}" for days in (-30, 365))
        with open(cls.pki.folder / "index.txt", "a") as index:
            for _ in range(OLD_ENTRIES):
                serial = os.urandom(16).hex().upper()
                index.write(f"R\t{expiry}\t{revoked},keyCompromise\t{serial}\tunknown\t/CN=old\n")

    # ---- the others ----------------------------------------------------------------------------

    def open_others(self):
        """Their connections, each with the target that it asks for."""
        others = []
        for identity in self.fellows:
            context, target = self.context(identity), TARGET.format(identity.id)
            for _ in range(CONNECTIONS_EACH):
                connection = Connection(self.gateway.port, context)
                self.addCleanup(connection.close)
                others.append((connection, target))
            self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
        return others

    def all_answer(self, others):
        for connection, target in others:
            answer = connection.request(self.signer, "GET", target)
            self.assertEqual((answer.status, answer.body), (200, b"{}"), target)

    # ---- the victim ----------------------------------------------------------------------------

    def ways(self):
        tls12, tls13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        self.idle = self.open_idle()
        self.upload = self.start_upload()
        return [
            Way("idle connection", lambda: self.check_open(self.idle)),
            Way("running upload", self.send_more),
            Way("TLS 1.2 session id", self.resuming(version=tls12, tickets=False)),
            Way("TLS 1.2 ticket offered", self.resuming(version=tls12)),
            Way("TLS 1.3 session", self.resuming(version=tls13)),
            Way("full handshake", self.coming_anew()),
        ]

    def open_idle(self):
        connection = self.connect(self.victim)
        answer = connection.request(self.signer, "PUT", TARGET.format(VICTIM), b"{}")
        self.assertEqual(answer.status, 200)
        return connection

    def check_open(self, connection):
        patience = connection.tls.gettimeout()
        connection.tls.settimeout(0.001)
        try:
            if connection.tls.recv(1) == b"":
                raise ConnectionAbortedError("closed")
        except TimeoutError:
            pass  # open, and nothing to read
        finally:
            connection.tls.settimeout(patience)

    def start_upload(self):
        connection, target = self.connect(self.victim), f"/fleet/{UPLOAD_KEY}"
        headers = self.signer.sign("PUT", target, connection.host)
        connection.send_head("PUT", target, headers + [("Content-Length", UPLOAD_SIZE)])
        for _ in range(UPLOAD_SIZE // MIB // 2):
            connection.send(bytes(MIB))
        return connection

    def send_more(self):
        self.check_open(self.upload)  # else this side's kernel would take one piece after the end
        self.upload.send(bytes(1024))

    def get_own_object(self, connection):
        answer = connection.request(self.signer, "GET", TARGET.format(VICTIM))
        if answer.status == 403:
            raise ConnectionAbortedError("403")
        self.assertEqual(answer.status, 200)

    def resuming(self, **options):
        """An attempt that resumes the newest session of this kind."""
        context = self.context(self.victim, **options)
        with Connection(self.gateway.port, context) as connection:
            self.get_own_object(connection)
            newest = connection.tls.session

        def resume():
            nonlocal newest
            with Connection(self.gateway.port, context, newest) as connection:
                self.get_own_object(connection)
                self.assertTrue(connection.tls.session_reused, "not resumed while the certificate is good")
                newest = connection.tls.session

        return resume

    def coming_anew(self):
        context = self.context(self.victim)

        def come():
            with Connection(self.gateway.port, context) as connection:
                self.get_own_object(connection)
                self.assertFalse(connection.tls.session_reused)

        return come

    # ---- the revocation ------------------------------------------------------------------------

    def revoke_while_trying(self, ways):
        """Returns the moment in which the CRL appeared."""
        self.pki.revoke(self.victim)
        crl = self.pki.crl()
        with ThreadPoolExecutor(len(ways)) as threads:
            trying = [threads.submit(way.keep_trying) for way in ways]
            wait_until(lambda: all(way.accepted >= 5 for way in ways), "each way works before")
            self.assertFalse(any(way.refusals for way in ways))
            published = self.gateway.publish_crl(crl)
            for way in trying:
                way.result()
        return published

    def check_ways(self, ways, published):
        for way in ways:
            self.assertEqual(way.refusals, ENOUGH, f"{way.name} is not refused")
            accepted, heard = way.milliseconds_after(published)
            print(f"    {way.name + ':':24} last accepted {accepted:5.1f} ms, first refused {heard:5.1f} ms")
            self.assertGreater(heard, 0, f"{way.name}: refused before the CRL appeared")
            self.assertLess(accepted, heard, f"{way.name}: accepted after a refusal")

    def check_timings(self, ways, published):
        if os.environ.get("SALLYPORT_TIMINGS") == "1":
            late = [way.name for way in ways if max(way.milliseconds_after(published)) > LIMIT_MS]
            self.assertEqual(late, [], f"not refused within {LIMIT_MS} ms after the CRL appeared")

    def check_events(self, ways, generation):
        enforced = self.gateway.wait_for_event("enforced", generation=generation)
        closed = self.gateway.metric("sallyport_connections_closed_total", reason="revoked")
        self.gateway.wait_for_event("connection_cut", skip=int(closed) - 1)
        cuts = self.gateway.events("connection_cut")
        self.assertEqual(len(cuts), closed)
        self.assertEqual({(cut["device"], cut["reason"]) for cut in cuts}, {(VICTIM, "revoked")})
        self.assertLessEqual(self.victims_ports, {int(cut["peer"].rpartition(":")[2]) for cut in cuts})
        knocking = len(ways) - len(self.victims_ports)  # each may have been cut between handshake and answer
        self.assertLessEqual(len(cuts), len(self.victims_ports) + knocking)
        self.assertIn(enforced["connections_cut"], range(1, len(cuts) + 1))

        refusals = knocking * ENOUGH
        revoked = {"device": VICTIM, "reason": "revoked"}
        self.gateway.wait_for_event("handshake_failed", skip=refusals - knocking - 1, **revoked)
        self.assertLessEqual(len(self.gateway.events("handshake_failed", **revoked)), refusals)
        self.print_events(cuts, enforced)

    def print_events(self, cuts, enforced):
        (reload,) = self.gateway.events("reload", generation=enforced["generation"])
        print(
            f"    in the gateway: CRL read in {reload['load_ms']:.1f} ms, enforced after"
            f" {enforced['after_ms']:.1f} ms; {len(cuts)} connections cut, {enforced['connections_cut']} by"
            f" that; load average {os.getloadavg()[0]:.1f}"
        )

    def wait_for_connections(self, count):
        wait_until(
            lambda: self.gateway.metric("sallyport_connections") == count, f"{count} connections are open"
        )

    def test_one_device_of_a_thousand_connections(self):
        self.gateway.write_configuration(self.gateway.configuration.read_text() + "limits: {idle: 1h}\n")
        generation = self.gateway.wait_for_generation_after(self.gateway.generation())
        self.assertEqual(self.gateway.metric("sallyport_crl_entries"), OLD_ENTRIES)
        others = self.open_others()
        self.all_answer(others)
        ways = self.ways()
        self.victims_ports = {each.tls.getsockname()[1] for each in (self.idle, self.upload)}
        self.wait_for_connections(OTHERS + len(self.victims_ports))

        published = self.revoke_while_trying(ways)
        self.check_ways(ways, published)
        self.assertFalse(self.store.has(UPLOAD_KEY))
        generation = self.gateway.wait_for_generation_after(generation)
        self.assertEqual(self.gateway.metric("sallyport_crl_entries"), OLD_ENTRIES + 1)
        self.all_answer(others)
        self.wait_for_connections(OTHERS)
        self.check_events(ways, generation)
        handshakes = [event for event in self.gateway.events("handshake") if event["device"] != VICTIM]
        self.assertEqual(len(handshakes), OTHERS, "nobody else had to come again")
        time.sleep(0.5)  # nor later, when the store gives up waiting for the rest
        self.assertFalse(self.store.has(UPLOAD_KEY))
        self.check_timings(ways, published)


if __name__ == "__main__":
    main()
