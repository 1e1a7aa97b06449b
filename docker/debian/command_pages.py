#!/usr/bin/env python3
"""Writes the manual page and the bash completion of a program from what its --help says.

command_pages.py PROGRAM TEMPLATE MANUAL COMPLETION VERSION: `@COMMANDS@` and `@SYNOPSIS@` in TEMPLATE (roff) are replaced by the
commands and their options; `@VERSION@` by the version.
"""

import gzip
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

DESCRIPTION_COLUMN = 30
COMMON = ("-h,--help", "--version")
TYPES = ("TEXT", "INT", "UINT", "FLOAT")


@dataclass
class Entry:
    """One option, positional argument or command."""

    name: str  # "--cipher-group"
    hint: str  # "INT:INT in [1 - 3] Excludes: --modern"
    description: str

    @property
    def takes_value(self):
        return self.hint.startswith(TYPES)

    @property
    def is_required(self):
        return "REQUIRED" in self.hint


@dataclass
class Command:
    words: tuple
    description: str
    positionals: list = field(default_factory=list)
    options: list = field(default_factory=list)
    commands: list = field(default_factory=list)
    footer: str = ""


def help_of(program, words):
    return subprocess.run(
        [program, *words, "--help"], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    ).stdout


def split_entry(line):
    """The name column and what of the description stands in the same line."""
    column = line[DESCRIPTION_COLUMN - 1 : DESCRIPTION_COLUMN]
    if len(line) > DESCRIPTION_COLUMN and column == " " and line[DESCRIPTION_COLUMN] != " ":
        return line[:DESCRIPTION_COLUMN].strip(), line[DESCRIPTION_COLUMN:].strip()
    return line.strip(), ""


def entries(lines):
    found = []
    for line in lines:
        if line.startswith(" " * DESCRIPTION_COLUMN):
            found[-1].description = f"{found[-1].description} {line.strip()}".strip()
            continue
        name, description = split_entry(line)
        name, _, hint = name.partition(" ")
        found.append(Entry(name, hint.strip(), description))
    return found


def parse(text, words):
    """What CLI11 wrote: the description, `Usage:`, then sections of indented lines, then a footer."""
    before, _, after = text.partition("Usage: ")
    command = Command(words, before.strip())
    sections, footer, current = {}, [], None
    for line in after.splitlines()[1:]:
        if re.fullmatch(r"[A-Z]\w+:", line):
            current = sections.setdefault(line[:-1], [])
        elif line.startswith("  ") and current is not None:
            current.append(line)
        elif line:
            footer.append(line)
    command.positionals = entries(sections.get("Positionals", []))
    command.options = [o for o in entries(sections.get("Options", [])) if o.name not in COMMON]
    command.commands = entries(sections.get("Subcommands", []))
    command.footer = " ".join(footer)
    return command


def read_commands(program, words=()):
    """This command and all below it, each before those below."""
    command = parse(help_of(program, words), words)
    found = [command]
    for below in command.commands:
        found += read_commands(program, (*words, below.name))
    return found


# ---- the manual page ------------------------------------------------------------------------------


def roff(text):
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    return rf"\&{escaped}" if escaped.startswith((".", r"\(aq")) else escaped


def value_names(hint):
    """The arguments of an option, and what else is known of them."""
    kind, _, rest = hint.partition(" ")
    kind, _, limits = kind.partition(":")
    if kind not in TYPES:
        return [], ""
    name = {"TEXT": "TEXT", "FLOAT": "NUMBER"}.get(kind, "NUMBER")
    many = re.match(r"x (\d+)", rest)
    names = [name] * (int(many[1]) if many else 1)
    bounds = re.search(r"\[(-?\d+) - (-?\d+)\]", hint)
    return names + (["..."] if "..." in rest else []), f"From {bounds[1]} to {bounds[2]}." if bounds else ""


def option_lines(option):
    names, bounds = value_names(option.hint)
    default = re.search(r"=(\S+)", option.hint)
    excludes = re.search(r"Excludes: (\S+)", option.hint)
    sentences = [option.description.rstrip(".") + "."]
    sentences += [bounds] if bounds else []
    sentences += [f"Default {default[1]}."] if default else []
    sentences += [f"Not with {excludes[1]}."] if excludes else []
    sentences += ["Required."] if option.is_required else []
    values = "".join(rf" \fI{name}\fR" for name in names)
    return [".TP", rf"\fB{roff(option.name)}\fR{values}", roff(" ".join(sentences))]


def synopsis(program, command):
    words = [r"\fB" + roff(" ".join((program, *command.words))) + r"\fR"]
    for option in command.options:
        if option.is_required:
            values = "".join(rf" \fI{name}\fR" for name in value_names(option.hint)[0])
            words.append(rf"\fB{roff(option.name)}\fR{values}")
    if any(not option.is_required for option in command.options):
        words.append(r"[\fIOPTION\fR]...")
    for positional in command.positionals:
        words.append(roff(positional.name) if positional.is_required else f"[{roff(positional.name)}]")
    if command.commands:
        words.append(r"\fICOMMAND\fR")
    return " ".join(words)


def command_lines(program, command):
    lines = [f".SS {roff(' '.join(command.words))}"] if command.words else []
    if command.words:
        lines += [roff(command.description.rstrip(".") + "."), ".PP", synopsis(program, command)]
    for entry in command.positionals + command.options:
        lines += option_lines(entry)
    if command.footer and command.words:
        lines += [".PP", roff(command.footer)]
    return lines


def manual(program, commands, template, version):
    leaves = [command for command in commands if not command.commands]
    text = "\n".join("\n.br\n".join([synopsis(program, command)]) + "\n.br" for command in leaves)
    body = "\n".join(line for command in commands for line in command_lines(program, command))
    for mark, value in (("@SYNOPSIS@", text), ("@COMMANDS@", body), ("@VERSION@", version)):
        template = template.replace(mark, value)
    return template


# ---- the completion -------------------------------------------------------------------------------


def completion(program, commands):
    """Commands and options by the words before; file names after an option that takes a value."""
    function = "_" + program.replace("-", "_")
    common = ["--help"]
    inherited = [option.name for option in commands[0].options]
    paths = "|".join(f'" {" ".join(command.words)}"' for command in commands if command.words)
    valued = sorted({o.name for c in commands for o in c.options if o.takes_value})
    lines = [
        f"# bash completion of {program}",
        f"{function}() {{",
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} path words i",
        "    for ((i = 1; i < COMP_CWORD; ++i)); do",
        f"        case ${{COMP_WORDS[i]}} in {'|'.join(valued)}) ((++i)); continue ;; esac",
        "        case \"$path ${COMP_WORDS[i]}\" in",
        f"            {paths}) path+=\" ${{COMP_WORDS[i]}}\" ;;",
        "        esac",
        "    done",
        f"    case $before in {'|'.join(valued)})",
        "        compopt -o filenames 2>/dev/null",
        "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")",
        "        return ;;",
        "    esac",
        "    case $path in",
    ]
    for command in commands:
        words = [entry.name for entry in command.commands] + [option.name for option in command.options]
        words += common + (inherited if command.words else [])
        path = f'" {" ".join(command.words)}"' if command.words else '""'
        lines.append(f"        {path}) words='{' '.join(dict.fromkeys(words))}' ;;")
    lines += [
        "    esac",
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")",
        "}",
        f"complete -o default -F {function} {program}",
        "",
    ]
    return "\n".join(lines)


def main():
    program, template, manual_file, completion_file, version = sys.argv[1:]
    name = os.path.basename(program)
    commands = read_commands(program)
    page = manual(name, commands, Path(template).read_text(), version).encode()
    # Without a time in it: the same sources make the same package.
    Path(manual_file).write_bytes(gzip.compress(page, 9, mtime=0) if manual_file.endswith(".gz") else page)
    Path(completion_file).write_text(completion(name, commands))


if __name__ == "__main__":
    main()
