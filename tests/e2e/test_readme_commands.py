"""Every command of README.md works, in the order in which it stands there.

A comment before each block says what becomes of it: `run`, `run until ready` (a program that stays),
`file: NAME` (the block is that file), or `set-up` (a script of the checkout, which does more than this test may;
its --help runs).
"""

import json
import os
import re
import shlex

from support.card import configuration
from support.case import CHECKOUT, EndToEndTest, main
from support.processes import Program, free_port, listens, run, wait_until
from support.store import not_with, start_store

DEVICE = "A1B2C3D4"
FENCE = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@not_with("swift", "its access keys have a colon, which no configuration of a device takes")
class ReadmeCommands(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.store = start_store(type(self))
        self.work = self.folder / "work"
        self.work.mkdir()
        self.port = free_port()
        self.places = {  # the ports of the text may be taken on this machine
            "127.0.0.1:8443": f"127.0.0.1:{self.port}",
            "127.0.0.1:9901": f"127.0.0.1:{free_port()}",
            "http://127.0.0.1:9000": self.store.endpoint,
        }
        programs = os.path.abspath(os.environ["SALLYPORT_BIN"])
        self.environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}

    def test_each_block(self):
        blocks = list(FENCE.finditer((CHECKOUT / "README.md").read_text()))
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            marker = block["marker"] or ""
            text = block["text"]
            for written, here in self.places.items():
                text = text.replace(written, here)
            if marker.startswith("file: "):
                (self.work / marker.removeprefix("file: ")).write_text(text)
            elif marker == "set-up":
                self.check_script(text)
            elif marker == "run until ready":
                self.start(text)
            elif marker == "run":
                self.execute(text)
            else:
                self.fail(f"README.md: a block without a marker: {text}")

    def execute(self, text):
        if "sallyport-device" in text:
            self.fill_card()
        done = run("bash", "-euo", "pipefail", "-c", text, seconds=120, env=self.environment, cwd=self.work)
        print(*(f"    $ {line}" for line in text.splitlines()), sep="\n")
        self.assertEqual(done.returncode, 0, f"{text}{done.stdout}{done.stderr}")

    def start(self, text):
        program = Program(self.folder / "readme.log", *shlex.split(text), env=self.environment, cwd=self.work)
        self.addCleanup(program.stop)
        wait_until(lambda: listens(self.port) or not program.running(), f"{text} is ready")
        self.assertTrue(program.running(), text)

    def check_script(self, text):
        (script,) = text.split()
        done = run(CHECKOUT / script, "--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"usage: {script}", done.stdout)

    def fill_card(self):
        card = self.work / "card"
        (card / "config-01.09.json").write_text(json.dumps(configuration(self.port, self.store)))
        (card / "config-01.09.json").chmod(0o600)
        log = card / "LOG" / DEVICE / "00000001" / "00000001.MF4"
        log.parent.mkdir(parents=True)
        log.write_bytes(b"MDF     4.11    " + bytes(1000))


if __name__ == "__main__":
    main()
