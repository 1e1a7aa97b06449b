"""Listeners that share a port: the server name of the client's hello chooses one, and nothing of one is worth
anything on the other."""

import socket
import ssl

from support.case import main
from support.fleet import FleetTest
from support.https_client import NamedConnection, refused, tls_context
from support.openssl_pki import OpensslPki

TARGET = "/fleet/AABBCCDD/device.json"
OTHERS = "/fleet/11223344/x"
HIGH, MEDIUM, OPERATORS = "fleet.test", "old.fleet.test", "ops.fleet.test"
NO_NAME = "127.0.0.1"


class ListenersOnOnePort(FleetTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.staff = OpensslPki(cls.folder / "staff")
        cls.person = cls.staff.device("j.doe", uri="URI:urn:x:y")
        cls.pki.server("shared", names=f"DNS:{HIGH},DNS:*.{HIGH},IP:127.0.0.1")
        shared = f"[{{chain: {cls.pki.folder / 'shared'}.pem, key: {cls.pki.folder / 'shared'}.key}}]"
        cls.gateway.publish_crl(cls.staff.crl(), "staff.pem")
        text = cls.gateway.configuration.read_text()
        head, _, tail = text.partition("  - name: fleet\n")
        _, _, tail = tail.partition("devices:\n")
        listeners = "".join(
            f"  - name: {name}\n    address: 127.0.0.1:{cls.gateway.port}\n{rest}"
            f"    tls: {{tickets: true}}\n    hosts: [{HIGH}, {MEDIUM}, {OPERATORS}, 127.0.0.1]\n    certificates: {shared}\n"
            for name, rest in (
                ("fleet", "    mode: high\n"),
                ("old", f"    mode: medium\n    server_names: ['{MEDIUM}']\n"),
                ("staff", f"    mode: high\n    clients: operators\n    server_names: ['{OPERATORS}']\n"),
            )
        )
        cls.text = (head + listeners + "devices:\n" + tail).replace(
            "authorization:\n",
            "operators: {trust: [" + str(cls.staff.device_ca) + "]}\n"
            "authorization:\n"
            "  - {who: credentials, allow: [GetObject], on: 'fleet/*'}\n"
            "  - {who: operator, allow: ['*'], on: 'fleet/*'}\n",
        )
        # Names and addresses of listeners are read at a start.
        cls.gateway.stop()
        cls.gateway.write_configuration(cls.text)
        cls.gateway.start()

    def request(self, name, identity, method="PUT", target=TARGET, host=None, context=None, session=None):
        context = context or tls_context(self.pki, identity)
        with NamedConnection(self.gateway.port, context, name, host, session) as connection:
            answer = connection.request(self.signer, method, target, b"{}" if method == "PUT" else b"")
            return answer.status, connection.tls.session, connection.tls.session_reused

    def status(self, *arguments, **options):
        return self.request(*arguments, **options)[0]

    def test_name_chooses_the_listener(self):
        self.assertEqual(self.status(HIGH, self.device), 200)
        self.assertEqual(self.status(HIGH, self.device, target=OTHERS), 403)
        self.assertEqual(self.gateway.wait_for_access(status=403, key=OTHERS[7:])["listener"], "fleet")
        self.assertEqual(self.status(MEDIUM, None, "GET", OTHERS + "missing"), 404, "served")
        self.assertEqual(self.status(MEDIUM.upper(), None), 403, "names have no case; PUT is for devices only")
        self.assertEqual(self.gateway.wait_for_access(status=403, key=TARGET[7:])["listener"], "old")

    def test_no_name_and_a_foreign_one_get_the_first(self):
        for name in (NO_NAME, "elsewhere.fleet.test"):
            with self.subTest(name=name):
                context = tls_context(self.pki, self.device)
                context.check_hostname = False
                status = self.status(name, None, context=context, host=f"127.0.0.1:{self.gateway.port}")
                self.assertEqual(status, 200 if name == NO_NAME else 421)
                self.assertIsNotNone(refused(lambda: self.status(name, None)), "mode high")

    def test_certificates_count_where_they_belong(self):
        self.assertIsNotNone(refused(lambda: self.status(HIGH, None)))
        self.assertIsNotNone(refused(lambda: self.status(HIGH, self.person)), "an operator is no device")
        self.assertIsNotNone(refused(lambda: self.status(OPERATORS, self.device)), "a device is no operator")
        self.assertIsNotNone(refused(lambda: self.status(OPERATORS, None)))
        self.assertEqual(self.status(OPERATORS, self.person, target=OTHERS), 200)
        entry = self.gateway.wait_for_access(listener="staff", status=200)
        self.assertEqual((entry["device"], entry["operator"]), ("", "j.doe"))

    def test_operator_is_revoked_like_a_device(self):
        person = self.staff.device("m.roe", uri="URI:urn:x:y")
        self.assertEqual(self.status(OPERATORS, person), 200)
        generation = self.gateway.generation()
        self.staff.revoke(person)
        self.gateway.publish_crl(self.staff.crl(), "staff.pem")
        self.gateway.wait_for_generation_after(generation)
        self.assertIsNotNone(refused(lambda: self.status(OPERATORS, person)))
        self.gateway.wait_for_event("handshake_failed", reason="revoked", operator="m.roe")

    def test_host_of_another_listener_is_misdirected(self):
        """Also where one certificate is for both names, and on a session that was resumed."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                context = tls_context(self.pki, None, version=version)
                ask = lambda **options: self.request(MEDIUM, None, "GET", context=context, **options)  # noqa: E731
                status, session, _ = ask()
                self.assertEqual(status, 404, "served, though there is no such object")
                self.assertEqual(ask(host=HIGH)[0], 421)
                status, _, resumed = ask(host=HIGH, session=session)
                self.assertTrue(resumed)
                self.assertEqual(status, 421)

    def test_session_of_one_name_is_worth_nothing_under_another(self):
        for version, tickets in (
            (ssl.TLSVersion.TLSv1_2, False),
            (ssl.TLSVersion.TLSv1_2, True),
            (ssl.TLSVersion.TLSv1_3, True),
        ):
            with self.subTest(version=version):
                context = tls_context(self.pki, None, version=version, tickets=tickets)
                _, session, _ = self.request(MEDIUM, None, "GET", context=context)
                self.assertTrue(self.request(MEDIUM, None, "GET", context=context, session=session)[2])
                for name in (HIGH, OPERATORS):
                    attempt = lambda: self.request(name, None, "GET", context=context, session=session)  # noqa: E731
                    self.assertIsNotNone(refused(attempt), name)

    def test_hello_in_pieces_chooses_as_well(self):
        """The hello is read again by the listener that it chose, however it arrived."""
        context = tls_context(self.pki, None)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=MEDIUM)
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        with self.tcp() as tcp:
            for byte in outgoing.read():
                tcp.sendall(bytes([byte]))
            while True:
                incoming.write(tcp.recv(65536))
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    continue
            tcp.sendall(outgoing.read())
        self.gateway.wait_for_event("handshake", listener="old")

    def tcp(self):
        tcp = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=20)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tcp

    def test_no_detour_makes_a_device_an_operator(self):
        """A chain that the peer completes itself, over a CA that no file names, to a root that both have."""
        middle = self.pki.authority("middle")
        low = self.pki.authority("low", issuer="middle")
        device = self.pki.device_of("low", "0A0A0A0A", [low, middle])
        self.gateway.publish_crl(self.pki.crl(issuer="low"), "low.pem")
        text = self.text.replace(f"trust: [{self.pki.trust}]", f"trust: [{low}]").replace(
            f"operators: {{trust: [{self.staff.device_ca}]}}", f"operators: {{trust: [{self.pki.root}]}}"
        )
        self.gateway.put_in_force(text.replace("require: chain", "require: leaf"))
        self.assertIsNotNone(refused(lambda: self.status(OPERATORS, device)))
        event = self.gateway.wait_for_event("handshake_failed", listener="staff", operator="0A0A0A0A")
        self.assertIn("certifies clients of another kind", event["detail"])
        (self.gateway.folder / "crl" / "low.pem").unlink()
        self.gateway.put_in_force(self.text)

    # ---- configurations that are refused -------------------------------------------------------

    def check_fault(self, old, new, what):
        self.assertIn(old, self.text)
        failed = len(self.gateway.events("reload", result="failed"))
        self.gateway.write_configuration(self.text.replace(old, new))
        event = self.gateway.wait_for_event("reload", skip=failed, result="failed")
        self.assertIn(what, event["detail"])
        self.gateway.put_in_force(self.text + "\n")

    def test_faulty_configurations(self):
        staff, devices = f"[{self.staff.device_ca}]", f"[{self.pki.device_ca}]"
        for old, new, what in (
            (f"    server_names: ['{MEDIUM}']\n", "", "give the second 'server_names'"),
            (f"['{MEDIUM}']", f"['{OPERATORS}']", "belongs to one of them only"),
            ("who: operator, allow: ['*']", "who: credentials, allow: ['*']", "they may do nothing"),
            (
                "{who: operator, allow: ['*'], on: 'fleet/*'}",
                "{who: operator, allow: ['*'], on: 'fleet/{device}/*'}",
                "only for devices",
            ),
            (f"operators: {{trust: {staff}}}\n", "", "'operators' is missing"),
            (f"operators: {{trust: {staff}}}", f"operators: {{trust: {devices}}}", "would be let in there, too"),
            (
                f"operators: {{trust: {staff}}}",
                f"operators: {{trust: [{self.pki.root}]}}",
                "would be let in there, too",
            ),
        ):
            with self.subTest(what=what, new=new):
                self.check_fault(old, new, what)


if __name__ == "__main__":
    main()
