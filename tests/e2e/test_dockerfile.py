"""The steps of the Dockerfile work, in Debian roots, and the image's gateway runs there as nobody, on a read-only root."""

import os
import shlex
import unittest

from support import debian_root, dockerfile
from support.case import CHECKOUT, EndToEndTest, main

# As `docker run --user USER --read-only --tmpfs ...` would; / becomes read-only in these namespaces alone.
RUN = """\
set -eu
mount --bind / /mnt
for folder in tmp var/lib/sallyport; do mount -t tmpfs -o mode=1777 none /mnt/$folder; done
mount --bind /gateway /mnt/gateway
mount -o remount,bind,ro /mnt
exec chroot --userspec={user} /mnt /bin/sh -euc '{script}'
"""

SCRIPT = """\
if touch /usr/x 2>/dev/null; then echo "the root is not read-only"; exit 1; fi
{entrypoint} >/tmp/access.log 2>/tmp/events.log &
for i in $(seq 100); do {health} >/dev/null 2>&1 && break; sleep 0.1; done
{health} || {{ cat /tmp/events.log; exit 1; }}
kill -HUP $!
for i in $(seq 100); do grep -q "\\"generation\\":2" /tmp/events.log && break; sleep 0.1; done
grep "\\"result\\":\\"ok\\"" /tmp/events.log
kill -TERM $!
wait $!
echo ended well
"""


@unittest.skipIf(debian_root.missing(), debian_root.missing())
class Dockerfile(EndToEndTest):
    def test_each_step_and_the_image(self):
        stages = dockerfile.read(CHECKOUT / "docker" / "Dockerfile")
        cache = os.environ.get("CCACHE_DIR") or str(CHECKOUT / ".cache" / "ccache")
        os.makedirs(cache, exist_ok=True)
        builder = dockerfile.Builder(
            CHECKOUT, self.folder, binds=(f"{cache}:/var/cache/ccache",), env={"CCACHE_DIR": "/var/cache/ccache"}
        )
        roots = {}
        for stage in stages.values():
            print(f"    FROM {stage.base} AS {stage.name}", flush=True)
            roots[stage.name] = builder.build(stage)
            self.addCleanup(roots[stage.name].remove)

        tools = roots["tools"]
        user = stages["tools"].last("USER")
        folders = "/depot /card /gateway /secrets"
        tools.run("chroot", f"--userspec={user}", "/", "/usr/share/sallyport/initialise", *folders.split())
        self.assertIn("5", tools.run("sh", "-c", "find /card -name '*.MF4' | wc -l"))

        gateway = stages["gateway"]
        root = roots["gateway"]
        # As compose.yaml mounts them.
        root.run("mkdir", "/gateway", binds=())
        tools.run("cp", "-a", "/gateway/.", "/out", binds=(f"{root.path('/gateway')}:/out",))
        root.path("/etc/sallyport/gateway.yaml").write_bytes(
            (CHECKOUT / "docker" / "demo" / "gateway.yaml").read_bytes()
        )
        script = SCRIPT.format(
            entrypoint=shlex.join(gateway.last_command("ENTRYPOINT") + gateway.last_command("CMD")),
            health=shlex.join(gateway.health_check()),
        )
        said = root.run("sh", "-c", RUN.format(user=gateway.last("USER"), script=script), network=False)
        self.assertIn("ended well", said)


if __name__ == "__main__":
    main()
