"""Under a real systemd: the packaged service starts without privileges, reloads, restarts behind its socket without loss, is
started anew when it hangs, and goes."""

import unittest

from support import booted, debian_root, packages
from support.case import EndToEndTest, main
from support.debian_root import DebianRoot

HEALTH = "sallyport-gateway health --config /etc/sallyport/gateway.yaml"

# Connections that the kernel or the gateway refuses are counted, while it restarts three times.
RESTARTS = """\
touch /tmp/go
(refused=0 made=0
while [ -e /tmp/go ]; do
    if (exec 3<>/dev/tcp/127.0.0.1/8443) 2>/dev/null; then made=$((made + 1)); else refused=$((refused + 1)); fi
done
echo "made $made refused $refused" >/tmp/result) &
for i in 1 2 3; do systemctl restart sallyport-gateway.service; done
rm /tmp/go
wait
cat /tmp/result
"""


MISSING = packages.missing() or debian_root.missing() or booted.missing()


@unittest.skipIf(MISSING, MISSING)
class UnderSystemd(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = DebianRoot(cls.folder / "root")
        cls.addClassCleanup(root.remove)
        for package in packages.make(cls.folder / "packages"):
            root.path(f"/srv/{package.name}").write_bytes(package.read_bytes())
        # Its network is cut off later: what the packages depend on comes before.
        root.run("bash", "-euc", "apt-get update && apt-get install -y --no-install-recommends "
                 "systemd dbus libnss-systemd /srv/*.deb && dpkg --purge sallyport-gateway sallyport-device sallyport-pki")
        cls.system = booted.Booted(root, cls.folder / "console.log")
        cls.addClassCleanup(cls.system.stop)

    def show(self, name):
        return self.system.run(f"systemctl show --value --property={name} sallyport-gateway.service").strip()

    def wait(self, condition, seconds=30):
        self.system.run(f"for i in $(seq {10 * seconds}); do if {condition}; then exit 0; fi; sleep 0.1; done; "
                        "journalctl --no-pager --unit=sallyport-gateway.service | tail -n 40; exit 1")

    def test_its_life(self):
        system = self.system
        system.run("dpkg --install /srv/sallyport-*.deb")
        self.assertEqual(system.run("systemctl is-enabled sallyport-gateway.service || true").strip(), "disabled")
        system.run("! systemctl start sallyport-gateway.service")
        self.assertEqual((self.show("ActiveState"), self.show("NRestarts")), ("failed", "0"), "without certificates")
        system.run(packages.OPERATORS_FILES)
        system.run("mkdir -p /etc/systemd/system/sallyport-gateway.service.d; "
                   "printf '[Service]\\nWatchdogSec=3s\\n' >/etc/systemd/system/sallyport-gateway.service.d/test.conf; "
                   "systemctl daemon-reload; "
                   "systemctl enable --quiet --now sallyport-gateway.socket sallyport-gateway.service || "
                   "{ journalctl --no-pager | tail -n 40; exit 1; }")
        system.run(HEALTH)
        self.assertEqual(self.show("StatusText"), "generation 1 in force")
        self.check_privileges()

        system.run("systemctl reload sallyport-gateway.service")
        self.wait("systemctl show --value --property=StatusText sallyport-gateway.service | grep -q '^generation 2 '")
        system.run("echo nonsense: 1 >>/etc/sallyport/gateway.yaml")
        self.wait("systemctl show --value --property=StatusText sallyport-gateway.service | grep -q 'unknown key'")
        system.run("sed -i '/^nonsense/d' /etc/sallyport/gateway.yaml")

        made, refused = system.run(RESTARTS).split()[1::2]
        print(f"    three restarts under {made} connections: {refused} refused")
        self.assertGreater(int(made), 10)
        self.assertEqual(int(refused), 0)

        before = int(self.show("NRestarts"))
        system.run(f"kill -STOP {self.show('MainPID')}")
        self.wait(f"test $(systemctl show --value --property=NRestarts sallyport-gateway.service) -gt {before}")
        self.wait(HEALTH)
        self.wait("journalctl --no-pager --output=cat | grep -q '^sallyport-gateway.service: Watchdog timeout'")

        system.run("systemctl stop sallyport-gateway.service")
        log = system.run("journalctl --no-pager --unit=sallyport-gateway.service | tail -n 20")
        self.assertIn('"event":"stopped"', log)
        self.assertEqual(self.show("Result"), "success")
        system.run("systemctl start sallyport-gateway.service; dpkg --remove sallyport-gateway")
        self.assertEqual(system.run("systemctl is-active sallyport-gateway.service || true").strip(), "inactive")
        system.run("dpkg --purge sallyport-gateway sallyport-pki sallyport-device; test -e /var/lib/private/sallyport/crl; "
                   "test ! -e /var/log/sallyport; ! ls /etc/systemd/system/*/sallyport-gateway*.{service,socket}")

    def check_privileges(self):
        pid = self.show("MainPID")
        status = self.system.run(f"cat /proc/{pid}/status")
        for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
            self.assertIn(line, status)
        self.assertEqual(self.system.run(f"stat -c %U /proc/{pid}").strip(), "sallyport")
        self.assertNotIn("sallyport:", self.system.run("cat /etc/passwd").replace("sallyport-pki:", ""))
        for kind in ("lib", "log"):
            self.assertEqual(self.system.run(f"stat -L -c %U /var/{kind}/sallyport").strip(), "sallyport")
        said = self.system.run("systemd-analyze --no-pager security sallyport-gateway.service | tail -n 1")
        print(f"    {said.strip()}")


if __name__ == "__main__":
    main()
