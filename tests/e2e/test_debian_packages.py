"""The Debian packages install into a clean Debian, the service runs there as its unit says, and nothing stays behind."""

import gzip
import re
import shlex
import textwrap
import unittest

from support import confinement, debian_root, packages
from support.case import EndToEndTest, main
from support.debian_root import DebianRoot
from support.processes import run

UNIT = "/usr/lib/systemd/system/sallyport-gateway.service"
DYNAMIC_USER = 64123
# What dpkg and apt keep for themselves, and what apt's own clean-up decides.
OF_DPKG = ("/proc", "/tmp", "/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/var/log/apt", "/var/log/dpkg.log")
OF_ADDUSER = {"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"}

# What systemd would do for the unit: its folders, credentials and a user of its own, without any privilege.
SERVICE = """\
for kind in lib log; do
    mkdir -p -m 0700 /var/$kind/private
    mkdir -p -m 0700 /var/$kind/private/sallyport
    ln -sfn private/sallyport /var/$kind/sallyport
    chown {user} /var/$kind/private/sallyport
done
chmod 0755 /var/lib/private /var/log/private   # systemd makes a way in of its own
export CREDENTIALS_DIRECTORY=/run/credentials/sallyport-gateway.service
mkdir -p -m 0755 $CREDENTIALS_DIRECTORY
{credentials}
chown -R {user} $CREDENTIALS_DIRECTORY
chmod 0440 $CREDENTIALS_DIRECTORY/*
umask {umask}
setpriv --reuid={user} --regid={user} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all {command} \\
    >/tmp/access.log 2>/tmp/events.log &
export MAINPID=$!
unset CREDENTIALS_DIRECTORY
umask 022
wait_for() {{ for i in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; cat /tmp/events.log; echo "never: $*"; exit 1; }}
health="sallyport-gateway health --config /etc/sallyport/gateway.yaml"
"""

LIFE = """\
wait_for $health
$health
wait_for $health --live
wait_for grep -q '"event":"ready"' /tmp/events.log
{reload}
wait_for grep -q '"event":"reload","result":"ok","trigger":"SIGHUP","generation":2' /tmp/events.log
wait_for test -e /var/lib/sallyport/crl
sallyport-gateway accept-crl --config /etc/sallyport/gateway.yaml --crl /etc/sallyport/crl/device-ca.crl.pem
$health
kill -TERM $MAINPID
wait $MAINPID
grep -q '"event":"stopped"' /tmp/events.log
if grep -E '"level":"error"' /tmp/events.log; then exit 1; fi
$health && exit 1
test $? -eq 3
echo lived
"""


MISSING = packages.missing() or debian_root.missing()


@unittest.skipIf(MISSING, MISSING)
class DebianPackages(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = packages.make(cls.folder / "packages")
        cls.root = DebianRoot(cls.folder / "root")
        cls.addClassCleanup(cls.root.remove)

    def field(self, package, name):
        return run("dpkg-deb", "-f", package, name).stdout.strip()

    def shell(self, script, **options):
        return self.root.run("bash", "-euc", script, **options)

    def test_life(self):
        names = [self.field(package, "Package") for package in self.packages]
        self.assertEqual(names, ["sallyport-device", "sallyport-gateway", "sallyport-pki"])
        self.check_descriptions()
        self.install_dependencies()
        before = self.root.files(OF_DPKG)

        for package in self.packages:
            self.root.path(f"/tmp/{package.name}").write_bytes(package.read_bytes())
        self.shell("apt-get install -y --no-install-recommends /tmp/*.deb")
        self.assertEqual(self.shell("dpkg --audit; dpkg --verify"), "")
        self.check_contents()

        self.shell(packages.OPERATORS_FILES)
        self.assertIn("\nlived\n", self.live())

        self.shell("echo '# ours' >> /etc/sallyport/gateway.yaml; apt-get install -y --reinstall /tmp/*.deb")
        self.assertTrue(self.root.path("/etc/sallyport/gateway.yaml").read_text().endswith("# ours\n"))

        self.shell("apt-get remove -y 'sallyport-*'")
        self.assertTrue(self.root.path("/etc/sallyport/gateway.yaml").exists())
        self.assertFalse(self.root.path("/usr/bin/sallyport-gateway").exists())

        said = self.shell("cd /etc/sallyport; rm server.* device-ca.pem crl/*; dpkg --purge $(dpkg-query -f '${Package} ' -W 'sallyport-*') 2>&1")
        self.assertIn("/var/lib/sallyport stays", said)
        self.assertNotIn("/var/lib/sallyport-pki stays", said)
        left = {path for path in self.root.files(OF_DPKG) - before if not path.startswith("/srv/depot")}
        state = {path for path in left if re.match("/var/lib/(private/)?sallyport(/|$)", path)}
        self.assertIn("/var/lib/private/sallyport/crl", state)
        rest = left - state - OF_ADDUSER
        self.assertEqual(rest, {"/var/lib/private", "/var/log/private", "/run/credentials",
                                "/run/credentials/sallyport-gateway.service"} | {
            f"/run/credentials/sallyport-gateway.service/{name}" for name in ("server.key", "server.chain.pem")})
        self.assertEqual(before - self.root.files(OF_DPKG), set())
        self.assertNotIn("sallyport", self.root.path("/etc/passwd").read_text())

    def check_descriptions(self):
        summaries = set()
        for package in self.packages:
            name = self.field(package, "Package")
            self.assertRegex(self.field(package, "Depends"), r"libssl3 \(>= 3\.0", name)
            self.assertRegex(self.field(package, "Maintainer"), r"^[^<]+ <\S+@\S+>$")
            summary, _, more = self.field(package, "Description").partition("\n")
            self.assertLess(len(summary), 80)
            self.assertNotIn(summary, more)
            self.assertTrue(more.strip(), name)
            summaries.add(summary)
            owners = {line.split()[1] for line in run("dpkg-deb", "-c", package).stdout.splitlines()}
            self.assertEqual(owners, {"root/root"}, name)
        self.assertEqual(len(summaries), 3)

    def install_dependencies(self):
        wanted = {"logrotate"}
        for package in self.packages:
            wanted |= {re.split(r"[ |]", part.strip())[0] for part in self.field(package, "Depends").split(",")}
        self.shell("apt-get update && apt-get install -y --no-install-recommends " + " ".join(sorted(wanted)))

    def check_contents(self):
        for name, section in (("gateway", 8), ("device", 1), ("pki", 1)):
            program = f"sallyport-{name}"
            self.assertIn("Usage:", self.shell(f"{program} --help"))
            page = gzip.decompress(self.root.path(f"/usr/share/man/man{section}/{program}.{section}.gz").read_bytes())
            self.assertIn(b".SH COMMANDS", page)
            self.assertTrue(self.root.path(f"/usr/share/bash-completion/completions/{program}").exists())
            self.assertTrue(self.root.path(f"/usr/share/doc/{program}/copyright").exists())
        configuration_files = self.shell("dpkg-query -W -f '${Conffiles}' sallyport-gateway")
        self.assertEqual({line.split()[0] for line in configuration_files.splitlines() if line.strip()},
                         {"/etc/sallyport/gateway.yaml", "/etc/logrotate.d/sallyport-gateway"})
        self.shell("mkdir -p /var/log/sallyport; echo x > /var/log/sallyport/access.log; "
                   "logrotate --force --state /tmp/state /etc/logrotate.d/sallyport-gateway; "
                   "test -e /var/log/sallyport/access.log.1; rm -r /var/log/sallyport")
        self.assertEqual(self.shell("stat -c '%U %a' /var/lib/sallyport-pki").strip(), "sallyport-pki 700")

    def live(self):
        """Starts it with the shipped configuration as the unit says, and goes through its life."""
        service = confinement.settings(self.root.path(UNIT))
        self.assertEqual(service["StateDirectory"] + service["LogsDirectory"], ["sallyport"] * 2)
        copies = [credential.split(":") for credential in service["LoadCredential"]]
        copies = "\n".join(f"cp {source} $CREDENTIALS_DIRECTORY/{name}" for name, source in copies)
        command = shlex.join(shlex.split(service["ExecStart"][0]))
        script = SERVICE.format(
            user=DYNAMIC_USER, credentials=copies, umask=service["UMask"][0], command=command
        ) + LIFE.format(reload=service["ExecReload"][0])
        return self.shell(textwrap.dedent(script), network=False)


if __name__ == "__main__":
    main()
