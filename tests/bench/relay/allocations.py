"""Counts the allocations of a server from outside; see count_allocations.cpp."""

import contextlib
import os

from support.processes import program

LIBRARY = "libbench_count_allocations.so"


class Allocations:
    def __init__(self, file):
        self.file = file
        file.write_bytes(bytes(8))

    @contextlib.contextmanager
    def counted(self):
        """What is started within this is counted."""
        settings = {"LD_PRELOAD": str(program(LIBRARY)), "SALLYPORT_ALLOCATIONS": str(self.file)}
        os.environ.update(settings)
        try:
            yield
        finally:
            for name in settings:
                del os.environ[name]

    def count(self):
        return int.from_bytes(self.file.read_bytes(), "little")
