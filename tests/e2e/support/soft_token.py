"""Tokens of SoftHSM, in a folder of the test."""

import os
from pathlib import Path

from support.processes import run

MODULE = next(Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"), None)


def softhsm(*arguments):
    done = run("softhsm2-util", *arguments)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


def keep_tokens_in(test_class):
    """From now on SoftHSM, in this process and those that it starts, has its tokens in the test's folder."""
    tokens = test_class.folder / "tokens"
    tokens.mkdir()
    settings = test_class.folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    test_class.addClassCleanup(os.environ.pop, "SOFTHSM2_CONF")


def make_token(label, pin):
    softhsm("--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "00000000")
