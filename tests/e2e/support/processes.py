"""Running programs in a test: waiting without fixed sleeps, and never leaving one behind."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """A test that is killed cannot clean up; the kernel then ends what it started."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """A port of 127.0.0.1 that nobody listens on, outside the kernel's range for outgoing connections."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, what, seconds=15.0):
    """Polls with back-off (1 ms to 50 ms) until `condition()` is true, and returns its value."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def run(*command, seconds=60, input=None, env=None, cwd=None):
    """Runs a program to its end, with its output as text."""
    feed = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        env=env,
        cwd=cwd,
        preexec_fn=_die_with_parent,
        **feed,
    )


class Program:
    """A program that runs beside the test; standard output and error go to `log`. In a session of its own: the
    kernel shares out cores by session (autogroup), and in life the many threads of a test are other machines."""

    def __init__(
        self, log, *command, stdin=subprocess.DEVNULL, env=None, cwd=None, dies_with_test=True, pass_fds=()
    ):
        self.log = log
        self.command = [str(word) for word in command]
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=stdin,
                stdout=output,
                stderr=output,
                env=env,
                cwd=cwd,
                pass_fds=pass_fds,
                start_new_session=True,
                preexec_fn=_die_with_parent if dies_with_test else None,
            )

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        return self.process.wait(seconds)

    def stop(self, seconds=20):
        """Asks it to end and returns its exit code. One that does not end is killed, and the test fails."""
        if self.running():
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.command[0]} did not end within {seconds} s after SIGTERM") from None

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()


def program(name):
    """One of our programs, from the build that ctest tests. SALLYPORT_DEVICE: another sallyport-device, such as one
    for another processor."""
    if name == "sallyport-device" and "SALLYPORT_DEVICE" in os.environ:
        return os.environ["SALLYPORT_DEVICE"]
    return os.path.join(os.environ["SALLYPORT_BIN"], name)
