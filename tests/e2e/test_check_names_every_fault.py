"""`sallyport-gateway check` names each fault of a configuration with its file, line and column."""

import re

from support.case import main
from support.fleet import FleetTest
from support.processes import program, run


class Check(FleetTest):
    def check(self, text):
        file = self.folder / "checked.yaml"
        file.write_text(text)
        return run(program("sallyport-gateway"), "check", "--config", file)

    def test_good_configuration(self):
        done = self.check(self.gateway.configuration.read_text())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_of_several_faults_is_named_at_its_place(self):
        text = self.gateway.configuration.read_text()
        expected = []
        for old, new, words in (
            ("workers: 2", "workers: many", "workers"),
            ("mode: high", "mode: higher", "mode"),
            ("require: chain", "requires: chain", "requires"),
            ("grace: 24h", "grace: 24 parsecs", "grace"),
            (f"trust: [{self.pki.trust}]", "trust: [nowhere.pem]", "nowhere.pem"),
            ("allow: [PutObject,", "allow: [PutEverything,", "PutEverything"),
            ("signing: passthrough", "signing: passthrough\n  signing: passthrough", "signing"),
        ):
            self.assertIn(old, text)
            text = text.replace(old, new)
            expected.append(words)
        done = self.check(text)
        print(*(f"    {line}" for line in (done.stdout + done.stderr).splitlines()), sep="\n")
        self.assertEqual(done.returncode, 2)
        faults = [
            re.fullmatch(r".*checked\.yaml:(\d+):(\d+): (.*)", line)
            for line in (done.stdout + done.stderr).splitlines()
        ]
        lines = text.splitlines()
        for words in expected:
            named = [fault for fault in faults if fault and words in fault.group(3)]
            self.assertTrue(named, f"no fault names {words}")
            line, column = int(named[0].group(1)), int(named[0].group(2))
            self.assertLessEqual(column, len(lines[line - 1]) + 1)
            self.assertTrue(
                words in lines[line - 1] or words.split(".")[0] in "".join(lines[line - 2 : line + 1]),
                f"{words} does not stand near line {line}",
            )

    def test_missing_file(self):
        done = run(program("sallyport-gateway"), "check", "--config", self.folder / "nowhere.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len((done.stdout + done.stderr).splitlines()), 1)
        self.assertIn("nowhere.yaml", done.stdout + done.stderr)

    def test_wrong_usage(self):
        for arguments in ((), ("check",), ("fly",), ("run", "--config")):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(program("sallyport-gateway"), *arguments).returncode, 2)


if __name__ == "__main__":
    main()
