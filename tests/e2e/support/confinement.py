"""What a systemd unit lets its service do, in as far as the kernel's seccomp enforces it, without systemd.

Run as a program: confinement.py UNIT COMMAND...
"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import seccomp

PROT_WRITE, PROT_EXEC = 2, 4


def settings(unit, section="Service"):
    """The lines `Name=value` of a section, each with its values in order; an empty one forgets those before it."""
    found, current = {}, None
    for line in Path(unit).read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section and "=" in line and not line.startswith(("#", ";")):
            name, value = line.split("=", 1)
            found[name] = found.get(name, []) + [value] if value else []
    return found


def calls_of(name):
    """The system calls of a set such as @system-service, with those of the sets within."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name], check=True, capture_output=True, text=True
    ).stdout
    words = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return set().union(*(calls_of(word) for word in words if not word.startswith("#")))


def allowed_calls(unit):
    allowed = calls_of("@default")
    for line in settings(unit)["SystemCallFilter"]:
        calls = set().union(*(calls_of(word) for word in line.removeprefix("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def confine(unit):
    """This process, and what it becomes, from here on."""
    service = settings(unit)
    refused = seccomp.ERRNO(errno.EPERM)
    only = seccomp.SyscallFilter(defaction=refused)
    for call in allowed_calls(unit):
        try:
            only.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, ValueError, OSError):
            pass  # of another processor
    also = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    if service["MemoryDenyWriteExecute"] == ["yes"]:
        both = PROT_WRITE | PROT_EXEC
        also.add_rule(refused, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, both))
        also.add_rule(refused, "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, PROT_EXEC))
    families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
    granted = {families[word] for word in service["RestrictAddressFamilies"][0].split()}
    for family in set(range(46)) - granted:
        also.add_rule(refused, "socket", seccomp.Arg(0, seccomp.EQ, family))
    also.load()
    only.load()  # last: it may forbid filters


def main():
    unit, *command = sys.argv[1:]
    confine(unit)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
