"""A fresh Debian 12 in a folder, without systemd and without Docker: made by debootstrap once, then copied.

Programs run there in namespaces of their own (mounts, processes, on request network): what they mount or start ends
with them, however the test ends.
"""

import fcntl
import os
import shutil
import subprocess

from support.case import CHECKOUT
from support.processes import run

BASE = CHECKOUT / "build" / "debian-root"

# As the images of Docker's debian:*-slim are.
SLIM = """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
"""

ENTER = """\
set -eu
root=$1 binds=$2
shift 2
mount --make-rprivate /
mount -t proc proc "$root/proc"
for bind in $binds; do
    mkdir -p "$root${bind#*:}"
    mount --bind "${bind%%:*}" "$root${bind#*:}"
done
[ -z "${WITHOUT_NETWORK-}" ] || ip link set lo up
exec chroot "$root" "$@"
"""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing():
    """Why no root can be made here; None when one can."""
    if os.geteuid() != 0:
        return "debootstrap and chroot need root"
    absent = [name for name in ("debootstrap", "unshare", "chroot", "ip") if not shutil.which(name)]
    return f"not installed: {', '.join(absent)}" if absent else None


def make_base():
    """Once for all tests, which run beside one another."""
    BASE.parent.mkdir(parents=True, exist_ok=True)
    with open(BASE.with_name("debian-root.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not BASE.exists():
            _make_base()


def _make_base():
    unfinished = BASE.with_name("debian-root.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    done = run("debootstrap", "--variant=minbase", "bookworm", unfinished, seconds=900)
    if done.returncode != 0:
        raise AssertionError(f"debootstrap: {done.stdout[-2000:]}{done.stderr}")
    unfinished.rename(BASE)


class DebianRoot:
    def __init__(self, folder, base=BASE, slim=False):
        if base == BASE:
            make_base()
        self.folder = folder
        done = run("cp", "--archive", "--reflink=auto", base, folder, seconds=300)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        if slim:
            (folder / "etc/dpkg/dpkg.cfg.d/docker").write_text(SLIM)

    def path(self, path):
        return self.folder / str(path).lstrip("/")

    def command(self, *command, network=True, binds=(), env=()):
        """What has to be run for `command` to run there. `binds`: "/outside:/inside"."""
        environment = {"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **dict(env)}
        namespaces = ["--mount", "--pid", "--fork", "--kill-child"] + ([] if network else ["--net"])
        before = [] if network else ["env", "WITHOUT_NETWORK=1"]
        inside = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]
        return [*before, "unshare", *namespaces, "bash", "-c", ENTER, "bash", self.folder, " ".join(binds), *inside]

    def run(self, *command, seconds=600, **options):
        """Its output; fails the test when it fails."""
        done = run(*self.command(*command, **options), seconds=seconds)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def files(self, without=()):
        """Every path there, but for those below `without`."""
        found = set()
        for folder, folders, files in os.walk(self.folder):
            inside = "/" + os.path.relpath(folder, self.folder)
            folders[:] = [f for f in folders if os.path.normpath(f"{inside}/{f}") not in without]
            found |= {os.path.normpath(f"{inside}/{name}") for name in folders + files}
        return found - set(without)

    def remove(self):
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)
