"""What every measurement of whole processes does: parts to choose from, a folder, and lines of figures."""

import argparse
import contextlib
import shutil
from pathlib import Path

import setting  # noqa: F401  (it says where `support` is)
from support.case import new_folder


def parser_of(document, parts):
    parser = argparse.ArgumentParser(description=document.splitlines()[0])
    parser.add_argument("--only", choices=parts, action="append", help="a part; may be repeated")
    return parser


def run(measurement, parts, options):
    """`measurement(options, folder, stack)` makes an object with a method for each part."""
    folder = new_folder("bench")
    try:
        with contextlib.ExitStack() as stack:
            chosen = measurement(options, Path(folder), stack)
            for part in options.only or parts:
                getattr(chosen, part)()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def title(text):
    print(f"\n{text}", flush=True)


def print_ratios(lines, unit="us", digits=3):
    """What `rounds.compare` returns."""
    for server, figure, ratio, (low, high) in lines:
        print(
            f"    {server:12} {figure:8.1f} {unit}   x {ratio:.{digits}f}  "
            f"(quartiles {low:.{digits}f} to {high:.{digits}f})",
            flush=True,
        )
