"""Measures the real sallyport-device: uploads beside curl, memory, size, and a simulated fleet; see ../README.md.

SALLYPORT_BIN=build/release/bin python3 -B tests/bench/device/whole_process.py [--only upload|size|fleet]
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import parts  # noqa: E402
from measurement import Measurement  # noqa: E402
from parts import title  # noqa: E402
from setting import DEVICE, MeasuredGateway, SUITE, memory_kib, openssl  # noqa: E402
from support.card import Card, configuration  # noqa: E402
from support.processes import program  # noqa: E402
from support.sigv4 import Signer  # noqa: E402

PARTS = ("upload", "size", "fleet")
MIB = 1 << 20
FILE_BYTES = 10 * MIB
RATIO_BUDGET = 0.8  # of curl
MEMORY_BUDGET_MIB = 12
FLEET_BUDGET_MIB = 400


def timed(output, *command):
    """Runs it: wall seconds, the most memory that it had, in MiB, its exit code and what it printed. The memory is
    looked at ten times a second, for the kernel's own account of it (`ru_maxrss`) begins with that of who forks."""
    peak = 0
    with open(output, "w") as file:
        start = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=file)
        while True:
            try:
                code = process.wait(0.1)
                break
            except subprocess.TimeoutExpired:
                peak = max(peak, memory_kib(process.pid, "VmHWM"))
        seconds = time.monotonic() - start
    return seconds, peak / 1024, code, Path(output).read_text()


class Device(Measurement):
    def __init__(self, options, folder, stack):
        super().__init__(options, folder, stack)
        self.gateway = MeasuredGateway(folder / "gateway", self.pki, self.store.endpoint)
        self.gateway.start()
        stack.callback(self.gateway.stop)
        self.signer = Signer("FLEETKEY", "secret-of-the-fleet")

    def upload(self):
        count = self.options.files
        total = count * FILE_BYTES
        title(f"{count} files of 10 MiB over mutual TLS, {SUITE}; {self.options.rounds} rounds in turns")
        print(f"    budget: {RATIO_BUDGET} of curl -T; {MEMORY_BUDGET_MIB} MiB at most")
        card = Card(self.folder / "card", self.pki.good, self.pki.root, self.gateway.port, self.signer)
        # The store has something under each name, firmware and configuration included.
        card.configure(lambda document: document["connect"]["s3"]["sync"].update(ota=0, heartbeat=0))
        pool = self.folder / "pool"
        pool.mkdir()
        files = [pool / f"{split:08d}.MF4" for split in range(1, count + 1)]
        for file in files:
            file.write_bytes(os.urandom(FILE_BYTES))
        rates = {"device": [], "curl": []}
        peaks = {"device": 0, "curl": 0}
        for number in range(self.options.rounds):
            for who in ("device", "curl") if number % 2 else ("curl", "device"):
                seconds, peak, code, output = getattr(self, f"upload_by_{who}")(card, files)
                assert code == 0, output
                rates[who].append(total / seconds / 1e6)
                peaks[who] = max(peaks[who], peak)
        for who, of_all in rates.items():
            print(
                f"    {who:8} {statistics.median(of_all):7.1f} MB/s ({min(of_all):.1f} to {max(of_all):.1f}), "
                f"peak {peaks[who]:.1f} MiB"
            )
        ratios = [device / curl for device, curl in zip(rates["device"], rates["curl"])]
        print(f"    device to curl x {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")

    def upload_by_device(self, card, files):
        folder = card.folder / "LOG" / DEVICE / "00000001"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            os.link(file, folder / file.name)  # it deletes them
        device = "--card", card.folder, "--id", DEVICE
        done = timed(self.folder / "output", program("sallyport-device"), "once", *device, "--cipher-group", 3)
        assert not list(folder.iterdir()), "all are stored"
        return done

    def upload_by_curl(self, _, files):
        names = ",".join(str(file) for file in files)
        identity = "--cert", self.pki.good.chain, "--key", self.pki.good.key, "--cacert", self.pki.root
        return timed(
            self.folder / "output",
            *("curl", "--silent", "--show-error", "--fail", "--tlsv1.2", "--tls-max", "1.2", "--http1.1"),
            *("--ciphers", SUITE, *identity, "-H", "Expect:", "-T", f"{{{names}}}"),
            f"https://127.0.0.1:{self.gateway.port}/fleet/{DEVICE}/00000001/",
        )

    def size(self):
        title("Size of the program")
        stripped = self.folder / "stripped"
        shutil.copy(program("sallyport-device"), stripped)
        subprocess.run(["strip", stripped], check=True)
        libraries = subprocess.run(["ldd", stripped], capture_output=True, text=True, check=True).stdout
        names = " ".join(line.split()[0] for line in libraries.splitlines() if "=>" in line)
        print(f"    stripped {stripped.stat().st_size / 1000:.0f} kB; needs {names}")

    def fleet(self):
        number = self.options.devices
        title(f"{number} simulated devices, {self.options.seconds} s; budget: {FLEET_BUDGET_MIB} MiB at most")
        fleet = self.folder / "fleet"
        for index in range(number):
            identity = self.pki.device(f"{index:08X}")
            folder = fleet / identity.id
            folder.mkdir(parents=True)
            openssl("crl2pkcs7", "-nocrl", "-certfile", identity.chain, "-out", folder / "certs_device.p7b")
            shutil.copy(identity.key, folder / "certs_device.key")
            (folder / "certs_device.key").chmod(0o600)
        config = self.folder / "config-01.09.json"
        config.write_text(json.dumps(configuration(self.gateway.port, self.signer)))
        _, peak, code, output = timed(
            self.folder / "output",
            *(program("sallyport-device"), "simulate", "--fleet", fleet, "--devices", number),
            *("--config", config, "--trust", self.pki.root, "--seconds", self.options.seconds),
            *("--period", self.options.seconds // 2, "--upload-bytes", 1_000_000),
        )
        print("".join(f"    {line}\n" for line in output.splitlines()) + f"    peak {peak:.0f} MiB, exit {code}")


def main():
    options = parts.parser_of(__doc__, PARTS)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--files", type=int, default=103, help="of 10 MiB: 103 are 1 GiB and a bit")
    options.add_argument("--devices", type=int, default=1000)
    options.add_argument("--seconds", type=int, default=30)
    parts.run(Device, PARTS, options.parse_args())


if __name__ == "__main__":
    main()
