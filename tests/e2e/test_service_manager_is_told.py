"""The gateway tells its service manager when it is ready, reloads and ends, and that its threads turn."""

import ctypes
import errno
import os
import signal
import time
from pathlib import Path

from support.case import main
from support.fleet import FleetTest
from support.gateway import Gateway
from support.processes import wait_until
from support.service_manager import ServiceManager

WATCHDOG_USEC = 900_000
INTERVAL = WATCHDOG_USEC / 3 / 1e6

# ptrace(2)
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class ServiceManagerIsTold(FleetTest):
    def setUp(self):
        super().setUp()
        self.manager = ServiceManager(WATCHDOG_USEC)
        folder = self.folder / self.id().rpartition(".")[2]
        folder.mkdir()
        self.service = Gateway(folder, self.pki, self.store.endpoint)
        self.service.manager = self.manager
        self.addCleanup(self.service.stop)
        self.service.start()

    def wait_for_order(self, order):
        wait_until(lambda: self.manager.order().startswith(order), f"{order} in {self.manager.order()}")

    def test_in_order(self):
        self.wait_for_order("R")
        self.assertEqual(self.manager.notices[0], {"READY": "1", "STATUS": "generation 1 in force"})
        wait_until(lambda: self.manager.heard("WATCHDOG"), "a sign of life")

        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.service.reload()
        self.wait_for_order("RLR")
        begun = int(self.manager.heard("RELOADING")[0]["MONOTONIC_USEC"])
        self.assertLessEqual(before, begun)
        self.assertLessEqual(begun, time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
        self.assertEqual(self.manager.heard("READY")[-1]["STATUS"], "generation 2 in force")

        text = self.service.configuration.read_text()
        self.service.write_configuration(text + "nonsense: 1\n")
        self.wait_for_order("RLRLR")
        status = self.manager.heard("READY")[-1]["STATUS"]
        self.assertRegex(status, "^generation 2 in force; a reload failed: .*unknown key 'nonsense'")

        self.service.process.signal(signal.SIGTERM)
        self.assertEqual(self.service.process.wait(20), 0)
        self.assertRegex(self.manager.order(), "^R(LR)+S$")

    def test_no_sign_of_life_while_a_thread_of_the_data_path_hangs(self):
        tasks = Path(f"/proc/{self.service.process.pid}/task")
        workers = [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text() == "worker\n"]
        self.assertEqual(len(workers), 2)
        try:
            ptrace(PTRACE_SEIZE, workers[0])
        except OSError as error:
            if error.errno != errno.EPERM:
                raise
            self.skipTest("this user may not hold up a thread of another process")
        try:
            ptrace(PTRACE_INTERRUPT, workers[0])
            os.waitpid(workers[0], WALL)
            held_up = len(self.manager.heard("WATCHDOG"))
            time.sleep(6 * INTERVAL)
            self.assertEqual(self.service.admin("/healthz")[0], 200, "the rest goes on")
            # One may have been due for the turns before.
            self.assertLessEqual(len(self.manager.heard("WATCHDOG")), held_up + 1)
        finally:
            ptrace(PTRACE_DETACH, workers[0])
        seen = len(self.manager.heard("WATCHDOG"))
        wait_until(lambda: len(self.manager.heard("WATCHDOG")) > seen, "signs of life come again")


if __name__ == "__main__":
    main()
