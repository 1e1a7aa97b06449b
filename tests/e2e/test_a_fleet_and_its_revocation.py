"""The whole story of a security team: a fleet is issued, uploads through two gateways, three devices are revoked as
README.md says, and exactly those are shut out; then the depot is rolled back, and nothing is let in again."""

import json
import re
import shutil

from support.case import CHECKOUT, EndToEndTest, main
from support.gateway import Gateway, replace_file
from support.https_client import Connection, tls_context
from support.processes import program, run, wait_until
from support.sallyport_pki import SallyportPki
from support.sigv4 import Signer
from support.store import start_store

FLEET = 200
REVOKED = ("00000003", "00000011", "000000C8")
STOLEN_LATER = "00000020"


def commands_of(section):
    """The blocks of README.md that are run, below a heading."""
    text = (CHECKOUT / "README.md").read_text()
    body = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"<!-- run -->\n```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)


class FleetAndItsRevocation(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = start_store(cls)
        cls.signer = Signer(cls.store.access_key, cls.store.secret_key)
        cls.depot = cls.folder / "pki"
        cls.pki = SallyportPki(cls.depot)
        server = cls.pki.server()
        cls.gateways = {}
        for name in ("east", "west"):
            folder = cls.folder / name
            folder.mkdir()
            cls.gateways[name] = Gateway(folder, cls.pki, cls.store.endpoint, server, crl=None)
        with open(cls.depot / "depot.yaml", "a") as settings:
            print("publish:", *(f"  - {{folder: {g.folder}/crl, authorities: [device-ca]}}" for g in cls.gateways.values()), sep="\n", file=settings)
        cls.pki.command("publish")
        for gateway in cls.gateways.values():
            gateway.start()
            cls.addClassCleanup(gateway.stop)

    def test_story(self):
        self.issue_the_fleet()
        everybody = {f"{number:08X}" for number in range(1, FLEET + 1)}
        self.assertEqual(self.accepted("before"), {"east": everybody, "west": everybody})
        yesterday = self.folder / "yesterday"
        self.pki.command("backup", "--to", yesterday)

        self.revoke_as_the_readme_says()
        self.assertEqual(self.accepted("after"), dict.fromkeys(self.gateways, everybody - set(REVOKED)))

        self.roll_the_depot_back_to(yesterday)
        self.tool_does_not_let_them_in_again()
        self.gateway_does_not_let_them_in_again()
        self.depot_takes_over_what_it_forgot()
        still_in = everybody - set(REVOKED) - {STOLEN_LATER}
        self.assertEqual(self.accepted("in the end"), dict.fromkeys(self.gateways, still_in))

    def issue_the_fleet(self):
        devices = ("--range", "00000001", f"{FLEET:08X}")
        said = self.pki.command("issue", "devices", *devices, "--batch", "spring", seconds=250)
        self.assertIn(f"issued to {FLEET} devices", said)
        listed = json.loads(self.pki.command("list", "--batch", "spring", "--json"))
        self.assertEqual(len(listed), FLEET)

    def accepted(self, moment):
        """Which devices each gateway serves, by an upload of each."""
        accepted = {name: set() for name in self.gateways}
        for folder in sorted((self.depot / "devices").iterdir()):
            identity = self.pki.identity(folder.name)
            for name, gateway in self.gateways.items():
                if self.uploads(gateway, identity, moment):
                    accepted[name].add(folder.name)
        return accepted

    def uploads(self, gateway, identity, moment):
        try:
            with Connection(gateway.port, tls_context(self.pki, identity)) as connection:
                answer = connection.request(
                    self.signer, "PUT", f"/fleet/{identity.id}/device.json", json.dumps({"moment": moment}).encode()
                )
        except (OSError, EOFError) as refusal:
            self.assertIn(identity.id, (*REVOKED, STOLEN_LATER), refusal)
            return False
        self.assertEqual(answer.status, 200, answer.body)
        return True

    def revoke_as_the_readme_says(self):
        """README's commands, with these devices and both gateways."""
        configure, revoke = commands_of("Revoke a device")[:2]
        lines = "\n".join(
            f"  - {{name: {name}, admin: http://127.0.0.1:{gateway.admin_port}}}"
            for name, gateway in self.gateways.items()
        )
        configure, replaced = re.subn(r"^  - \{name: .*\}$", lines, configure, flags=re.MULTILINE)
        self.assertEqual(replaced, 1, configure)
        self.assertIn(" A1B2C3D4 ", revoke)
        revoke = revoke.replace(" A1B2C3D4 ", f" {' '.join(REVOKED)} ")
        path = program("sallyport-pki").rsplit("/", 1)[0]
        for commands in (configure, revoke):
            done = run("bash", "-euo", "pipefail", "-c", f'PATH="{path}:$PATH"\n{commands}', cwd=self.folder)
            print(done.stdout)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for device in REVOKED:
            self.assertRegex(done.stdout, rf"revoked [0-9A-F]+ \({device}\), device-ca CRL number 2 written")
        for name in self.gateways:
            self.assertRegex(done.stdout, rf"gateway {name} enforces number 2 after \d+ ms")

    def roll_the_depot_back_to(self, backup):
        shutil.rmtree(self.depot)
        said = run(program("sallyport-pki"), "restore", "--from", backup, "--depot", self.depot)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("crl adopt", said.stderr)
        configure = commands_of("Revoke a device")[0]
        text = (self.depot / "depot.yaml").read_text()
        self.assertIn("publish:", text)
        lines = [f"  - {{name: {name}, admin: http://127.0.0.1:{g.admin_port}}}" for name, g in self.gateways.items()]
        (self.depot / "depot.yaml").write_text(text + "\n".join(["gateways:", *lines, ""]))
        self.assertIn("gateways:", configure)

    def published(self):
        return {name: (gateway.folder / "crl" / "device-ca.crl").read_bytes() for name, gateway in self.gateways.items()}

    def tool_does_not_let_them_in_again(self):
        """A revocation on the old depot has number 2 again, without the three of that number."""
        before = self.published()
        held_back = run(program("sallyport-pki"), "revoke", STOLEN_LATER, "--depot", self.depot)
        self.assertEqual(held_back.returncode, 3)
        self.assertIn("this depot was restored", held_back.stderr)
        # An operator who is in error says that nothing was published after that backup.
        wrong = run(program("sallyport-pki"), "crl", "adopt", "--none-newer", "--depot", self.depot)
        self.assertEqual(wrong.returncode, 3, wrong.stdout)
        wait = ("--wait", "--patience", "2")
        done = run(program("sallyport-pki"), "crl", "--ca", "device-ca", *wait, "--depot", self.depot)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("this depot is older than what was published", done.stderr)
        self.assertIn("not in place", done.stderr)
        self.assertIn("not in force", done.stderr)
        self.assertEqual(self.published(), before, "the repositories still have the list with the three")

    def gateway_does_not_let_them_in_again(self):
        """Somebody copies the old depot's list by hand."""
        before = self.published()
        forgetful = (self.depot / "crl" / "device-ca.crl.pem").read_bytes()
        for name, gateway in self.gateways.items():
            replace_file(gateway.folder / "crl" / "device-ca.crl", forgetful)
            wait_until(lambda gateway=gateway: self.refused_loads(gateway) > 0, f"{name} refuses that list")
            replace_file(gateway.folder / "crl" / "device-ca.crl", before[name])
        identity = self.pki.identity(REVOKED[0])
        for gateway in self.gateways.values():
            self.assertFalse(self.uploads(gateway, identity, "forgotten"))

    def refused_loads(self, gateway):
        results = ("shrink", "rollback")
        return sum(gateway.metric("sallyport_crl_loads_total", result=result) or 0 for result in results)

    def depot_takes_over_what_it_forgot(self):
        list_of_gateway = self.gateways["east"].folder / "crl" / "device-ca.crl"
        self.assertIn("3 entries taken over from number 2", self.pki.command("crl", "adopt", list_of_gateway))
        self.assertRegex(self.pki.command("crl", "--ca", "device-ca", "--wait"), "gateway west enforces number")
        self.assertIn("whole", self.pki.command("audit", "verify"))
        self.assertEqual(len(json.loads(self.pki.command("list", "--state", "revoked", "--json"))), 4)


if __name__ == "__main__":
    main()
