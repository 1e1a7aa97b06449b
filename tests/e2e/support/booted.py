"""A Debian root with systemd as its first process, in namespaces: no virtual machine and no Docker."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from support.processes import Program, run, wait_until

BOOT = """\
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
ip link set lo up
mkdir -p outside
pivot_root . outside
umount -l /outside
mount --make-rshared /  # systemd leaves that to whoever makes a container: credentials are moved in by it
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    /lib/systemd/systemd --log-target=journal --show-status=no systemd.unit=multi-user.target
"""
NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup")


def own_cgroup():
    """The folder of this process's cgroup (version 2); None when there is none that it may divide."""
    mount = re.search(r"^\S+ (\S+) cgroup2 ", Path("/proc/self/mounts").read_text(), re.MULTILINE)
    path = re.search(r"^0::(.*)$", Path("/proc/self/cgroup").read_text(), re.MULTILINE)
    if not mount or not path or not os.access(mount[1] + path[1], os.W_OK):
        return None
    return Path(mount[1] + path[1])


class Booted:
    """`root`: a DebianRoot with systemd installed."""

    def __init__(self, root, log):
        self.cgroup = own_cgroup() / f"sallyport-{os.getpid()}"
        self.cgroup.mkdir()
        enter = 'echo $$ > "$0/cgroup.procs"; exec "$@"'
        command = ("unshare", *NAMESPACES, "bash", "-c", BOOT, "bash", root.folder)
        self.program = Program(log, "bash", "-c", enter, self.cgroup, *command)
        self.first = None
        wait_until(self.is_up, "systemd is up", 60)

    def is_up(self):
        if not self.program.running():
            raise AssertionError(f"systemd did not start: {self.program.log.read_text()}")
        children = Path(f"/proc/{self.program.pid}/task/{self.program.pid}/children").read_text().split()
        if not children:
            return False
        self.first = children[0]
        said = run(*self.command("systemctl", "is-system-running")).stdout.strip()
        return said in ("running", "degraded")

    def command(self, *command):
        return ("nsenter", "--target", self.first, "--all", *command)

    def run(self, script, seconds=300, code=0):
        """The output of a script of bash there."""
        environment = ("/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive")
        done = run(*self.command(*environment, "bash", "-euc", script), seconds=seconds)
        if done.returncode != code:
            raise AssertionError(f"{script}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def stop(self):
        self.program.kill()  # the kernel ends all of its processes with the first
        wait_until(lambda: not self.has_processes(), "all of its processes are gone")
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)

    def has_processes(self):
        events = (self.cgroup / "cgroup.events").read_text()
        return "populated 1" in events


def missing():
    """Why systemd cannot be started here; None when it can."""
    if not shutil.which("nsenter") or own_cgroup() is None:
        return "no cgroup (version 2) in which systemd could be started"
    probe = subprocess.run(["unshare", "--mount", "--cgroup", "--pid", "--fork", "true"], capture_output=True)
    return probe.stderr.decode() if probe.returncode else None
