"""What systemd is to a service: it hears the notices and holds the listening sockets."""

import itertools
import os
import socket
import threading

_numbers = itertools.count()

# LISTEN_PID is the service's own: only the process that becomes it can tell. The sockets are 3, 4, ...
ACTIVATE = """\
for (( i = 1; i <= LISTEN_FDS; ++i )); do eval "exec $((2 + i))<&${!i}"; done
shift "$LISTEN_FDS"
export LISTEN_PID=$$
exec "$@"
"""
FIRST_FREE = 100


class ServiceManager:
    def __init__(self, watchdog_usec=None):
        self.watchdog_usec = watchdog_usec
        self.notices = []  # each {"READY": "1", "STATUS": ...}
        self.sockets = []
        name = f"sallyport-test-{os.getpid()}-{next(_numbers)}"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(f"\0{name}")
        self._address = f"@{name}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            lines = self._notify.recv(1 << 16).decode().split("\n")
            self.notices.append(dict(line.split("=", 1) for line in lines))

    def hold(self, port):
        """Listens from now on, whether the service runs or not."""
        self.sockets.append(socket.create_server(("127.0.0.1", port), backlog=512))

    def close(self):
        for held in self.sockets:
            held.close()

    def launch(self, command):
        """The command and the options of Program with which it starts as this manager's service."""
        env = os.environ | {"NOTIFY_SOCKET": self._address}
        if self.watchdog_usec:
            env["WATCHDOG_USEC"] = str(self.watchdog_usec)
        if not self.sockets:
            return command, {"env": env}
        env["LISTEN_FDS"] = str(len(self.sockets))
        # Out of the way of 3, 4, ...
        held = [os.dup2(s.fileno(), FIRST_FREE + i) for i, s in enumerate(self.sockets)]
        return ("bash", "-c", ACTIVATE, "bash", *map(str, held), *command), {"env": env, "pass_fds": held}

    def heard(self, name):
        return [notice for notice in self.notices if name in notice]

    def order(self):
        """What came in which order, without signs of life: a letter each, of (R)eady, re(L)oading, (S)topping."""
        letters = {"READY": "R", "RELOADING": "L", "STOPPING": "S"}
        return "".join(letters[name] for notice in self.notices for name in notice if name in letters)
