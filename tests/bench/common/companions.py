"""The processes beside the servers: devices, and the store."""

import subprocess
import time

from setting import SUITE, run_time_ns
from support.processes import program


class Companion:
    """Ends when its input does. In a session of its own: the kernel shares out cores by session (autogroup), and
    hundreds of threads of a client must not take from the server what the machine has for both."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self):
        return self.process.pid

    def hear(self):
        line = self.process.stdout.readline().strip()
        if not line:
            raise AssertionError(f"{self.process.args[0]} has ended")
        return line

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class ObjectStore(Companion):
    """See object_store.cpp."""

    def __init__(self):
        super().__init__(program("bench_object_store"))
        self.port = int(self.hear())
        self.endpoint = f"http://127.0.0.1:{self.port}"


class LeastServer(Companion):
    """See least_server.cpp."""

    def __init__(self, pki, authorities, store_port):
        server = pki.server()
        super().__init__(
            program("bench_tls_least_server"),
            *("--chain", server.chain, "--key", server.key, "--authorities", authorities),
            *("--suite", SUITE, "--store", store_port),
        )
        self.port = int(self.hear())


class Devices(Companion):
    """`number` devices with ids from `first` on, which connect from a process of their own: `client` is one of the
    programs that client_program.h describes."""

    def __init__(self, client, pki, number, first=1):
        super().__init__(
            program(client),
            *("--ca-cert", pki.device_ca, "--ca-key", pki.folder / "device-ca.key"),
            *("--key", pki.folder / "device.key", "--suite", SUITE),
            *("--devices", number, "--first", first),
        )

    def wait_until_ready(self):
        self.hear()
        return self

    def begin(self, what, port=0, count=0, threads=1, size=0):
        self.process.stdin.write(f"{what} {port} {count} {threads} {size}\n")
        self.process.stdin.flush()

    def end(self):
        """The numbers of the answer. The first says how many connections or requests failed."""
        return [int(word) for word in self.hear().split()]

    def run(self, what, port=0, count=0, threads=1, size=0):
        self.begin(what, port, count, threads, size)
        errors, *rest = self.end()
        if errors:
            raise AssertionError(f"{what}: {errors} of {count} failed")
        return rest


def cpu_us(server, devices, what, count, threads, size=0):
    """Server CPU of one connection or request in microseconds."""
    before = run_time_ns(server.pid)
    devices.run(what, server.port, count, threads, size)
    time.sleep(0.1)  # until the logs are written, too
    return (run_time_ns(server.pid) - before) / count / 1000
