"""The base of every end-to-end test: a folder of its own, and the logs when something went wrong."""

import os
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
LOG_LINES = 15

# The developer's own settings must not decide what a test does.
os.environ.update(
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    AWS_EC2_METADATA_DISABLED="true",
    # Newer boto3 than Debian's would send checksums in trailers, which radosgw does not take.
    AWS_REQUEST_CHECKSUM_CALCULATION="when_required",
    AWS_RESPONSE_CHECKSUM_VALIDATION="when_required",
)
for _name in (
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "AWS_PROFILE",
    "SSL_CERT_FILE",
    "OPENSSL_CONF",
):
    os.environ.pop(_name, None)


def new_folder(name):
    """A fresh folder for one test, inside the checkout and ignored by git."""
    parent = CHECKOUT / "run" / "e2e"
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))


class EndToEndTest(unittest.TestCase):
    """Every resource registers its own end with addCleanup or addClassCleanup, which run in reverse order."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder(cls.__name__)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def setUp(self):
        self.addCleanup(self._show_logs_after_failure)

    def _show_logs_after_failure(self):
        result = self._outcome.result
        if not any(test is self for test, _ in result.failures + result.errors):
            return
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            if lines:
                print(
                    f"---- last lines of {log.relative_to(self.folder)}",
                    *lines[-LOG_LINES:],
                    sep="\n",
                    file=sys.stderr,
                )


def main():
    """Runs the tests of the calling file; SIGTERM unwinds like Ctrl-C, so that clean-ups run."""

    def interrupt(_signal, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    unittest.main(module="__main__", verbosity=2)
