"""The admin listener with TLS and a token: other machines may reach it only with both, probes need neither, and whoever
holds no token learns nothing else."""

import http.client
import json
import socket
import ssl
import threading

from support.case import main
from support.fleet import DEVICE, FleetTest
from support.gateway import replace_secret_file
from support.https_client import Connection, tls_context
from support.processes import program, run, wait_until

TOKEN = "correct-horse-battery-staple"
OPEN = ("/healthz", "/readyz")
GUARDED = (
    "/metrics",
    "/status",
    "/status?view=devices",
    "/status?view=devices&format=csv",
    "/status?view=events",
    "/status?view=x",
    "/nowhere",
)


class AdminIsGuarded(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls.gateway.configuration.read_text()
        cls.server = cls.pki.server("admin")
        cls.token_file = cls.folder / "token"
        replace_secret_file(cls.token_file, f"{TOKEN}\n")
        cls.gateway.change_configuration((f"admin: {{address: 127.0.0.1:{cls.gateway.admin_port}}}", cls.section()))

    @classmethod
    def section(cls, host="127.0.0.1", tls=True, token=True):
        return (
            f"admin: {{address: '{host}:{cls.gateway.admin_port}'"
            + f", certificate: {cls.server.chain}, key: {cls.server.key}" * tls
            + f", token: {{file: {cls.token_file}}}" * token
            + "}"
        )

    def context(self, *_):
        return ssl.create_default_context(cafile=self.pki.root)

    def ask(self, path, *authorizations, method="GET"):
        """Status, answer, and the challenge."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.gateway.admin_port, timeout=5, context=self.context()
        )
        self.addCleanup(connection.close)
        connection.putrequest(method, path)
        for authorization in authorizations:
            connection.putheader("Authorization", authorization)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("WWW-Authenticate")

    def test_silent_peers_hold_up_no_device_and_no_probe(self):
        """More than the listener takes at a time; none of them ever says a word. Each probe is answered: for whoever
        comes, one who is silent goes."""
        silent = [socket.create_connection(("127.0.0.1", self.gateway.admin_port)) for _ in range(300)]
        for peer in silent:
            self.addCleanup(peer.close)
        with Connection(self.gateway.port, tls_context(self.pki, self.device)) as connection:
            target = f"/fleet/{DEVICE}/00000001/00000001.MF4"
            headers = self.signer.sign("PUT", target, connection.host, payload_hash="UNSIGNED-PAYLOAD")
            connection.send_head("PUT", target, [*headers, ("Content-Length", 4)])
            connection.send(b"data")
            self.assertEqual(connection.read_answer("PUT").status, 200)
        for _ in range(20):
            self.assertEqual(self.ask("/readyz")[0], 200)
        sent_away = [peer for peer in silent if self.has_ended(peer)]
        self.assertGreaterEqual(len(sent_away), len(silent) - 256)
        self.assertEqual(sent_away, silent[: len(sent_away)], "who was silent longest goes first")

    @staticmethod
    def has_ended(peer):
        peer.setblocking(False)
        try:
            return peer.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def test_probes_need_no_token(self):
        for path in OPEN:
            self.assertEqual(self.ask(path)[0], 200, path)

    def test_all_else_needs_the_token(self):
        for path in GUARDED:
            for shown in (
                (),
                (TOKEN,),
                (f"Basic {TOKEN}",),
                ("Bearer ",),
                (f"Bearer {TOKEN[:-1]}",),
                (f"Bearer {TOKEN}x",),
                (f"Bearer {TOKEN.upper()}",),
                (f"Bearer {TOKEN}", f"Bearer {TOKEN}"),
                (f"Bearer wrong-{TOKEN}", f"Bearer {TOKEN}"),
            ):
                with self.subTest(path=path, shown=shown):
                    status, said, challenge = self.ask(path, *shown)
                    self.assertEqual((status, challenge), (401, 'Bearer realm="sallyport"'))
                    self.assertLess(len(said), 100)
        self.assertEqual(self.ask("/status", method="POST")[0], 401)

    def test_whoever_holds_it_is_served(self):
        for scheme in ("Bearer", "bearer"):
            status, said, _ = self.ask("/metrics", f"{scheme} {TOKEN}")
            self.assertEqual(status, 200)
        self.assertIn('sallyport_certificate_not_after_timestamp_seconds{usage="admin"}', said)
        self.assertIn("listeners", json.loads(self.ask("/status", f"Bearer {TOKEN}")[1]))
        self.assertNotIn(TOKEN, said + self.ask("/status", f"Bearer {TOKEN}")[1])

    def test_without_tls_nothing_is_answered(self):
        with socket.create_connection(("127.0.0.1", self.gateway.admin_port), timeout=5) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                said = plain.recv(1000)
            except ConnectionResetError:
                said = b""
            self.assertNotIn(b"HTTP", said)

    def test_changed_token_and_certificate_count_at_once(self):
        renewed = self.pki.server("renewed", names="IP:127.0.0.1,DNS:renewed.test")
        old = self.shown_certificate()
        for source, target in ((renewed.chain, self.server.chain), (renewed.key, self.server.key)):
            target.write_bytes(source.read_bytes())
        wait_until(lambda: self.shown_certificate() != old, "the renewed certificate is shown")
        replace_secret_file(self.token_file, "another-token-of-ours\n")
        wait_until(lambda: self.ask("/status", "Bearer another-token-of-ours")[0] == 200, "the new token counts")
        self.assertEqual(self.ask("/status", f"Bearer {TOKEN}")[0], 401)
        for text in ("too-short\n", "with blanks in between it\n", "cut-and-without-line-feed"):
            failed = len(self.gateway.events("reload", result="failed"))
            replace_secret_file(self.token_file, text)
            self.gateway.wait_for_event("reload", skip=failed, result="failed")
            self.assertEqual(self.ask("/status", "Bearer another-token-of-ours")[0], 200, "the old one stays")
        replace_secret_file(self.token_file, f"{TOKEN}\n")
        wait_until(lambda: self.ask("/status", f"Bearer {TOKEN}")[0] == 200, "the first one counts again")

    def shown_certificate(self):
        with socket.create_connection(("127.0.0.1", self.gateway.admin_port), timeout=5) as tcp:
            with self.context().wrap_socket(tcp, server_hostname="127.0.0.1") as tls:
                return tls.getpeercert(binary_form=True)

    def command(self, *arguments, section=None):
        file = self.folder / "command.yaml"
        admin = f"admin: {{address: 127.0.0.1:{self.gateway.admin_port}}}"
        file.write_text(self.plain.replace(admin, section or self.section()))
        return run(program("sallyport-gateway"), *arguments, "--config", file)

    def test_our_own_commands_ask_it(self):
        for command in (("health",), ("health", "--live")):
            done = self.command(*command)
            self.assertEqual(done.returncode, 0, done.stderr)
        done = self.command("shadow-report")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("devices seen", done.stdout)
        wrong = self.folder / "wrong-token"
        replace_secret_file(wrong, "not-the-token-of-this-gateway\n")
        refused = self.command("shadow-report", section=self.section().replace(str(self.token_file), str(wrong)))
        self.assertEqual(refused.returncode, 3)
        self.assertIn("status 401", refused.stderr)

    def test_our_own_commands_give_the_token_to_nobody_else(self):
        """Who has taken the port has another certificate, though one of the same CA."""
        other = self.pki.server("impostor")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(other.chain, other.key)
        heard = []

        def serve(listener):
            peer, _ = listener.accept()
            try:
                with context.wrap_socket(peer, server_side=True) as tls:
                    heard.append(tls.recv(1000))
            except OSError:
                pass

        with socket.create_server(("127.0.0.1", 0)) as listener:
            impostor = threading.Thread(target=serve, args=(listener,))
            impostor.start()
            there = self.section().replace(str(self.gateway.admin_port), str(listener.getsockname()[1]))
            done = self.command("shadow-report", section=there)
            impostor.join()
        self.assertEqual(done.returncode, 3)
        self.assertIn("shows another certificate than", done.stderr)
        self.assertNotIn(TOKEN.encode(), b"".join(heard))

    def test_other_machines_reach_it_with_both_only(self):
        file = self.folder / "check.yaml"
        for host in ("0.0.0.0", "[::]", "192.0.2.1"):
            for tls, token in ((False, False), (True, False), (False, True), (True, True)):
                with self.subTest(host=host, tls=tls, token=token):
                    admin = f"admin: {{address: 127.0.0.1:{self.gateway.admin_port}}}"
                    file.write_text(self.plain.replace(admin, self.section(host, tls, token)))
                    done = run(program("sallyport-gateway"), "check", "--config", file)
                    self.assertEqual(done.returncode, 0 if tls and token else 2, done.stderr)
                    if not (tls and token):
                        self.assertIn("other machines reach the admin listener there", done.stderr)


if __name__ == "__main__":
    main()
