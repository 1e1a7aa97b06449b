"""Whoever publishes a CRL learns from each gateway when it is in force, or why it is not."""

import json

from support.case import main
from support.fleet import FleetTest
from support.imposter import ImposterStore, answer
from support.processes import free_port
from support.publication import Publisher, Waiting, crl_number, to_der

ISSUER = "CN=Test Device CA"
PATIENCE = 15_000


class GatewaysAreWaitedFor(FleetTest):
    def setUp(self):
        super().setUp()
        self.gateways = [f"name: real, admin: http://127.0.0.1:{self.gateway.admin_port}"]

    def next_crl(self):
        """(PEM, number)"""
        pem = self.pki.crl()
        return pem, crl_number(to_der(self.folder, pem, "next.der"))

    def wait(self, number, patience=PATIENCE, published=lambda: None, issuer=ISSUER):
        publisher = Publisher(self.folder, self.pki, [], gateways=self.gateways)
        return Waiting(publisher, issuer, number, patience, published).answers()

    def test_gateway_that_enforces_says_after_how_long(self):
        pem, number = self.next_crl()
        told, last = self.wait(number, published=lambda: self.gateway.publish_crl(pem))["real"]
        self.assertEqual((last["kind"], last["number"]), ("enforced", str(number)))
        self.assertEqual(told[-1]["kind"], "enforced")
        self.assertIn(f"gateway real enforces number {number} after {last['after_ms']} ms", last["text"])
        print(f"    {last['text']}")
        self.assertEqual(json.loads(self.gateway.admin("/status")[1])["crls"][0]["number"], str(number))

    def test_newer_list_is_as_good(self):
        _, number = self.next_crl()
        pem, newer = self.next_crl()
        _, last = self.wait(number, published=lambda: self.gateway.publish_crl(pem))["real"]
        self.assertEqual((last["kind"], last["number"]), ("enforced", str(newer)))

    def test_revoked_device_is_out_when_the_wait_is_over(self):
        victim = self.pki.device("ABCD1234")
        connection = self.connect(victim)
        target = f"/fleet/{victim.id}/device.json"
        self.assertEqual(connection.request(self.signer, "PUT", target, b"{}").status, 200)
        self.pki.revoke(victim)
        pem, number = self.next_crl()
        _, last = self.wait(number, published=lambda: self.gateway.publish_crl(pem))["real"]
        self.assertEqual(last["kind"], "enforced")
        with self.assertRaises((OSError, EOFError)):
            connection.request(self.signer, "PUT", target, b"{}")

    def test_gateway_that_got_nothing_is_still_at_its_number(self):
        in_force = int(self.gateway.metric("sallyport_crl_number"))
        _, last = self.wait(in_force + 1000, patience=300)["real"]
        self.assertEqual((last["kind"], last["number"]), ("behind", str(in_force)))
        self.assertGreaterEqual(last["after_ms"], 300)
        self.assertIn(f"still enforces number {in_force} instead of {in_force + 1000}", last["text"])

    def test_issuer_that_it_does_not_know_has_no_number(self):
        _, last = self.wait(1, patience=100, issuer="CN=Other CA")["real"]
        self.assertEqual((last["kind"], last["number"]), ("behind", ""))
        self.assertIn("no CRL of this issuer", last["text"])

    def test_refused_load_is_told_with_its_reason(self):
        self.pki.revoke(self.pki.device("ABCD9999"))
        pem, number = self.next_crl()
        self.wait(number, published=lambda: self.gateway.publish_crl(pem))
        for content, result in (
            (self.pki.forgetful_crl(), "shrink: "),
            ("-----BEGIN X509 CRL-----\n", "parse_error: "),
        ):
            with self.subTest(result):
                self.addCleanup(self.gateway.publish_crl, pem)
                publish = lambda content=content: self.gateway.publish_crl(content)
                told, last = self.wait(number + 1000, published=publish)["real"]
                self.assertEqual((last["kind"], last["number"]), ("refused", str(number)))
                self.assertIn(result, last["reason"])
                self.assertLess(last["after_ms"], PATIENCE)
                self.assertEqual(told[-1]["kind"], "refused")
        _, last = self.wait(number + 1000, patience=100)["real"]
        self.assertEqual(last["kind"], "behind", "what it refused before is of no interest")

    def test_all_are_asked_at_once_and_each_has_its_own_answer(self):
        nobody = free_port()
        stranger = ImposterStore(lambda request: answer(200, "OK", b"hello"))
        forbidden = ImposterStore(lambda request: answer(403, "Forbidden"))
        for one in (stranger, forbidden):
            self.addCleanup(one.stop)
        self.gateways += [
            f"name: nobody, admin: http://127.0.0.1:{nobody}",
            f"name: stranger, admin: {stranger.endpoint}",
            f"name: forbidden, admin: {forbidden.endpoint}",
        ]
        pem, number = self.next_crl()
        answers = self.wait(number, patience=1000, published=lambda: self.gateway.publish_crl(pem))
        last = {gateway: answer for gateway, (_, answer) in answers.items()}
        self.assertEqual(last["real"]["kind"], "enforced")
        for gateway, words in (
            ("nobody", "Connection refused"),
            ("stranger", "is this its admin address?"),
            ("forbidden", "it answered 403"),
        ):
            self.assertEqual(last[gateway]["kind"], "unreachable")
            self.assertIn(words, last[gateway]["reason"])
            self.assertLess(last[gateway]["after_ms"], 4000, "the patience is shared by all")
        self.assertGreater(len(stranger.requests), 3, "it is asked again")

    def test_list_that_not_every_connection_obeys_is_not_in_force(self):
        obeyed = [1, 1, 2]

        def status(request):
            if not request.start_line.startswith("GET /status "):
                return answer(200, "OK")
            crl = {"issuer": ISSUER, "number": "9"}
            enforced = obeyed.pop(0) if len(obeyed) > 1 else obeyed[0]
            body = {"generation": 2, "enforced_generation": enforced, "crls": [crl]}
            return answer(200, "OK", json.dumps(body).encode())

        slow = ImposterStore(status)
        self.addCleanup(slow.stop)
        self.gateways = [f"name: slow, admin: {slow.endpoint}"]
        told, last = self.wait(9)["slow"]
        self.assertEqual([one["kind"] for one in told], ["behind", "enforced"])
        self.assertEqual(last["kind"], "enforced")

    def test_gateway_that_is_back_is_noticed(self):
        pem, number = self.next_crl()

        def publish():
            self.gateway.stop()
            self.gateway.publish_crl(pem)

        publisher = Publisher(self.folder, self.pki, [], gateways=self.gateways)
        waiting = Waiting(publisher, ISSUER, number, PATIENCE, publish)
        self.gateway.start()
        _, last = waiting.answers()["real"]
        self.assertEqual(last["kind"], "enforced")


if __name__ == "__main__":
    main()
