"""The Debian packages of the build that ctest tests, and what an operator brings to them."""

import os
from pathlib import Path

from support.processes import run

_CPACK = Path(os.environ["SALLYPORT_BIN"]).resolve().parent / "CPackConfig.cmake"

# Certificates and a CRL for the configuration that the package brings, by the packaged PKI tool.
OPERATORS_FILES = """\
umask 022
sallyport-pki init --depot /srv/depot
sallyport-pki issue server --name gateway --ip 127.0.0.1 --depot /srv/depot
cd /srv/depot
cp servers/gateway/server.chain.pem servers/gateway/server.key device-ca.pem /etc/sallyport/
cp crl/device-ca.crl.pem /etc/sallyport/crl/
chmod 644 /etc/sallyport/device-ca.pem /etc/sallyport/crl/*
test "$(stat -c %a /etc/sallyport/server.key)" = 600
"""


def missing():
    """Why there are none; None when they can be made."""
    return None if _CPACK.exists() else "this preset makes no packages"


def make(folder):
    """The files, by name."""
    done = run("cpack", "--config", _CPACK, "-B", folder, seconds=600)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return sorted(folder.glob("*.deb"))
