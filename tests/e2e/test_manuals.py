"""Manual pages and completions say what the programs say about themselves."""

import re
import subprocess
import sys

from support.case import CHECKOUT, EndToEndTest, main
from support.processes import program, run

MAKER = CHECKOUT / "docker" / "debian" / "command_pages.py"
PAGES = {"sallyport-gateway": 8, "sallyport-device": 1, "sallyport-pki": 1}
OPTION = re.compile(r"^  (?:-\w,)?(--[a-z][a-z0-9-]+)", re.MULTILINE)
COMMAND = re.compile(r"^  ([a-z][a-z0-9-]+) ", re.MULTILINE)


def help_of(name, words):
    done = run(program(name), *words, "--help")
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands_of(name, words=()):
    """Each command with what its --help says; read anew, not by the code under test."""
    text = help_of(name, words)
    yield words, text
    for below in COMMAND.findall(text.partition("Subcommands:")[2]):
        yield from commands_of(name, (*words, below))


class Manuals(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, section in PAGES.items():
            template = CHECKOUT / "docker" / "debian" / "manuals" / f"{name}.{section}.in"
            done = run(
                sys.executable, "-B", MAKER, program(name), template, cls.page(name), cls.completion(name), "1.2.3"
            )
            assert done.returncode == 0, done.stderr
        cls.commands = {name: list(commands_of(name)) for name in PAGES}

    @classmethod
    def page(cls, name):
        return cls.folder / f"{name}.{PAGES[name]}"

    @classmethod
    def completion(cls, name):
        return cls.folder / f"{name}.bash"

    def test_every_command_and_option_is_in_the_manual(self):
        for name in PAGES:
            text = self.page(name).read_text().replace("\\-", "-")
            sections = re.split(r"^\.S[SH] (.*)$", text, flags=re.MULTILINE)
            described = dict(zip(sections[1::2], sections[2::2]))
            self.assertGreater(len(self.commands[name]), 4, name)
            for words, said in self.commands[name]:
                section = described["COMMANDS" if not words else " ".join(words)]
                options = set(OPTION.findall(said)) - {"--help", "--version"}
                written = set(re.findall(r"\\fB(?:-\w,)?(--[a-z0-9-]+)\\fR", section.partition(".TP")[2]))
                self.assertEqual(written, options, f"{name} {' '.join(words)}")

    def test_they_are_sound_roff(self):
        for name in PAGES:
            text = self.page(name).read_text()
            self.assertNotIn("@", re.sub(r"\S+@\S+", "", text), f"{name}: a mark that nothing replaced")
            done = run("groff", "-man", "-Tutf8", "-ww", "-z", self.page(name))
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def complete(self, name, *lines):
        """What bash offers for the last word of each of these lines."""
        script = f"""
            source {self.completion(name)}
            function=$(complete -p {name} | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
            while IFS='|' read -ra COMP_WORDS; do
                COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) COMPREPLY=()
                [[ ${{COMP_WORDS[COMP_CWORD]}} != _ ]] || COMP_WORDS[COMP_CWORD]=
                $function
                echo "${{COMPREPLY[*]}}"
            done
        """
        done = subprocess.run(
            ["bash", "-c", script],
            input="".join("|".join((name, *words)) + "\n" for words in lines),
            capture_output=True,
            text=True,
            cwd=self.folder,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [set(line.split()) for line in done.stdout.splitlines()]

    def test_completion_knows_every_command_and_option(self):
        for name in PAGES:
            all_offered = self.complete(name, *((*words, "_") for words, _ in self.commands[name]))
            for (words, said), offered in zip(self.commands[name], all_offered, strict=True):
                self.assertLessEqual(set(COMMAND.findall(said.partition("Subcommands:")[2])), offered)
                self.assertLessEqual(set(OPTION.findall(said)) - {"--version"}, offered, f"{name} {words}")

    def test_completion_by_what_stands_before(self):
        (self.folder / "some.yaml").touch()
        for name, words, offered in (
            ("sallyport-gateway", ("ex",), {"explain"}),
            ("sallyport-gateway", ("verify-chain", "--tr"), {"--trust"}),
            ("sallyport-gateway", ("run", "--config", "some"), {"some.yaml"}),
            ("sallyport-pki", ("issue", "dev"), {"device", "devices"}),
            ("sallyport-pki", ("--depot", "crl", "rev"), {"revoke"}),  # a value is no command
        ):
            self.assertEqual(self.complete(name, words), [offered], words)


if __name__ == "__main__":
    main()
