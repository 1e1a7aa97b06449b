"""Reads a Dockerfile, and builds its images as folders in a Debian root, where there is no Docker."""

import fnmatch
import glob
import json
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from support.debian_root import DebianRoot
from support.processes import run


@dataclass
class Stage:
    name: str
    base: str
    instructions: list = field(default_factory=list)  # (keyword, text)

    def last(self, keyword, otherwise=None):
        found = [text for word, text in self.instructions if word == keyword]
        return found[-1] if found else otherwise

    def last_command(self, keyword):
        """Of an instruction in JSON form."""
        return json.loads(self.last(keyword, "[]"))

    def health_check(self):
        return json.loads(self.last("HEALTHCHECK").partition("CMD ")[2])


def read(file):
    """The stages by name, in order."""
    text = re.sub(r"^#.*\n", "", Path(file).read_text(), flags=re.MULTILINE)
    stages = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line.strip():
            continue
        keyword, rest = line.split(maxsplit=1)
        if keyword == "FROM":
            base, _, name = rest.split()
            stage = stages[name] = Stage(name, base)
        else:
            stage.instructions.append((keyword, rest))
    return stages


def is_sent(path, patterns):
    """Is this path of the checkout part of the context? The last pattern that fits decides; one of a folder fits all below
    it."""
    sent = True
    for pattern in patterns:
        keeps = pattern.startswith("!")
        words = [str(path), *map(str, list(Path(path).parents)[:-1])]
        if any(fnmatch.fnmatch(word, pattern.lstrip("!")) for word in words):
            sent = keeps
    return sent


def patterns_of(checkout):
    lines = (checkout / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def copy_words(text):
    """Sources, destination and the stage that they come from (None: the context)."""
    words = shlex.split(text)
    origin = None
    while words[0].startswith("--"):
        if words[0].startswith("--from="):
            origin = words[0].removeprefix("--from=")
        words.pop(0)
    return words[:-1], words[-1], origin


class Builder:
    """`folder`: where the stages' roots go. `base`: a DebianRoot's folder that stands for the image of each FROM."""

    def __init__(self, checkout, folder, binds=(), env=()):
        self.checkout = checkout
        self.folder = folder
        self.options = {"binds": binds, "env": env}
        self.roots = {}

    def build(self, stage, seconds=3000):
        root = self.roots[stage.name] = DebianRoot(self.folder / stage.name, slim=True)
        work, shell = "/", ["/bin/sh", "-c"]
        for keyword, text in stage.instructions:
            if keyword == "WORKDIR":
                work = text
                root.path(work).mkdir(parents=True, exist_ok=True)
            elif keyword == "SHELL":
                shell = json.loads(text)
            elif keyword == "COPY":
                self.copy(root, work, *copy_words(text))
            elif keyword == "RUN":
                print(f"    RUN {text[:100]}", flush=True)
                root.run(*shell, f"cd {work} && {text}", seconds=seconds, **self.options)
        return root

    def copy(self, root, work, sources, destination, origin):
        target = root.path(Path(work) / destination)
        into_folder = destination.endswith(("/", ".")) or len(sources) > 1
        (target if into_folder else target.parent).mkdir(parents=True, exist_ok=True)
        for source in sources:
            if origin:
                found = glob.glob(str(self.roots[origin].path(source)))
                assert found, f"COPY: nothing is {source}"
                for file in found:
                    shutil.copy(file, target)
                continue
            for path in self.context():
                if source == ".":
                    self.put(path, target / path)
                elif str(path) == source:
                    self.put(path, target / path.name if into_folder else target)

    def context(self):
        listed = run("git", "-C", self.checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        patterns = patterns_of(self.checkout)
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
        return [path for path in paths if is_sent(path, patterns) and (self.checkout / path).is_file()]

    def put(self, path, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.checkout / path, target)
