"""A store that a test may kill: one process, objects in a folder, an object is there when its whole body is.

Run as a program: folder_store.py FOLDER PORT
"""

import os
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from support.processes import Program, free_port, listens, wait_until

BLOCK = 1 << 16


def object_file(folder, target):
    return Path(folder) / quote(target, safe="")


class FolderStore:
    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.program = None

    def start(self):
        command = (sys.executable, "-B", "-m", "support.folder_store", self.folder, self.port)
        self.program = Program(self.folder.with_suffix(".log"), *command, cwd=Path(__file__).parents[1])
        wait_until(lambda: listens(self.port), "the store listens")

    def kill(self):
        if self.program:
            self.program.kill()

    def read(self, target):
        """The object, or None."""
        file = object_file(self.folder, target)
        return file.read_bytes() if file.exists() else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        with tempfile.NamedTemporaryFile(dir=self.server.folder, prefix=".", delete=False) as unfinished:
            while left > 0:
                block = self.rfile.read(min(BLOCK, left))
                if not block:
                    os.unlink(unfinished.name)
                    self.close_connection = True
                    return
                unfinished.write(block)
                left -= len(block)
        os.rename(unfinished.name, object_file(self.server.folder, self.path))
        self.answer(200, b"")

    def do_GET(self):
        file = object_file(self.server.folder, self.path)
        if file.exists():
            self.answer(200, file.read_bytes())
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(folder, port):
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.folder = folder
    server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
