"""With store.virtual_hosts a bucket may stand in the Host: the gateway judges the bucket that the store takes, and what
either could read in another way reaches no store."""

import subprocess

from support.case import main
from support.fleet import DEVICE, OTHER_DEVICE, FleetTest
from support.https_client import NamedConnection
from support.processes import program

DOMAIN = "s3.fleet.test"


class VirtualHosts(FleetTest):
    real_store = True
    store_domain = DOMAIN

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = f"IP:127.0.0.1,DNS:{DOMAIN},DNS:*.{DOMAIN}"
        server = cls.pki.server("virtual", names=names)
        text = cls.gateway.configuration.read_text()
        text = text.replace(str(cls.pki.folder / "server."), str(cls.pki.folder / "virtual."))
        cls.text = text.replace("  signing:", f"  virtual_hosts: [{DOMAIN}]\n  signing:")
        assert str(server.chain) in cls.text
        cls.gateway.put_in_force(cls.text)
        cls.store.client.create_bucket(Bucket="other")

    def ask(self, host, method, target, body=b"", name=None, headers=()):
        """One request of the device to `host`; `name`: what it asks for in its handshake."""
        context = self.context(self.device)
        with NamedConnection(self.gateway.port, context, name or host, f"{host}:{self.gateway.port}") as connection:
            return connection.request(self.signer, method, target, body, headers)

    def assert_ambiguous(self, host, target, name=None):
        answer = self.ask(host, "PUT", target, b"x", name)
        self.assertEqual(answer.status, 400, (host, target, answer))
        self.gateway.wait_for_access(reason="ambiguous_path", request_id=answer.headers["x-amz-request-id"])

    def test_both_styles_mean_the_same_object(self):
        self.assertEqual(self.ask(f"fleet.{DOMAIN}", "PUT", f"/{DEVICE}/virtual", b"in the host").status, 200)
        self.assertTrue(self.store.has(f"{DEVICE}/virtual"))
        answer = self.ask(DOMAIN, "GET", f"/fleet/{DEVICE}/virtual")
        self.assertEqual((answer.status, answer.body), (200, b"in the host"))
        self.gateway.wait_for_access(bucket="fleet", key=f"{DEVICE}/virtual", operation="PutObject")

    def test_an_address_is_path_style(self):
        with self.connect(self.device) as connection:
            answer = connection.request(self.signer, "PUT", f"/fleet/{DEVICE}/by-address", b"x")
        self.assertEqual(answer.status, 200)
        self.assertTrue(self.store.has(f"{DEVICE}/by-address"))

    def test_rules_are_about_the_bucket_in_the_host(self):
        for host, target in (
            (f"fleet.{DOMAIN}", f"/{OTHER_DEVICE}/x"),
            (f"other.{DOMAIN}", f"/{DEVICE}/x"),
            (f"other.{DOMAIN}", f"/fleet/{DEVICE}/x"),
            (DOMAIN, f"/{DEVICE.lower()}/x"),
        ):
            with self.subTest(host=host, target=target):
                self.assertEqual(self.ask(host, "PUT", target, b"x").status, 403)
        self.assertEqual(self.store.client.list_objects_v2(Bucket="other")["KeyCount"], 0)

    def test_what_has_two_readings_is_refused(self):
        before = self.store.keys()
        self.assert_ambiguous(f"fleet.{DOMAIN}", f"/fleet/{DEVICE}/x")
        self.assert_ambiguous(f"fleet.{DOMAIN}", f"/{DEVICE}/../{OTHER_DEVICE}/x")
        self.assert_ambiguous(f"FLEET.{DOMAIN}", f"/{DEVICE}/x", name=f"fleet.{DOMAIN}")
        self.assertEqual(self.store.keys(), before)

    def test_names_that_the_certificate_does_not_have_are_no_hosts(self):
        for host in (f"a.fleet.{DOMAIN}", "fleet.s3.elsewhere.test", f"fleet.{DOMAIN}."):
            with self.subTest(host):
                self.assertEqual(self.ask(host, "PUT", f"/{DEVICE}/x", b"x", name="127.0.0.1").status, 421)

    def test_explain_takes_a_url(self):
        requests = {f"PUT https://fleet.{DOMAIN}/{DEVICE}/x": 0, f"PUT https://fleet.{DOMAIN}/fleet/{DEVICE}/x": 1}
        for request, code in requests.items():
            with self.subTest(request):
                command = [program("sallyport-gateway"), "explain", "--config", self.gateway.configuration]
                command += ["--cert", self.device.chain, "--request", request]
                done = subprocess.run(command, capture_output=True, text=True, timeout=30)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    def test_a_name_below_another_is_a_fault(self):
        wrong = self.folder / "wrong.yaml"
        wrong.write_text(self.text.replace(f"virtual_hosts: [{DOMAIN}]", f"virtual_hosts: [{DOMAIN}, fleet.test]"))
        command = [program("sallyport-gateway"), "check", "--config", wrong]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("virtual_hosts: 's3.fleet.test' could be a bucket of 'fleet.test'", done.stdout + done.stderr)


if __name__ == "__main__":
    main()
