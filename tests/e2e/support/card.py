"""The SD card of a device: a folder with its configuration, its certificates and its log files."""

import json
import os

from support.openssl_pki import openssl
from support.processes import program, run
from support.store import BUCKET

MDF_HEADER = b"MDF     4.11    "


class Card:
    """`identity`: the device's certificate and key. `root`: what it trusts servers by."""

    def __init__(self, folder, identity, root, port, store):
        self.folder = folder
        self.id = identity.id
        folder.mkdir(parents=True)
        (folder / "certs_server.p7b").write_bytes(root.read_bytes())
        openssl("crl2pkcs7", "-nocrl", "-certfile", identity.chain, "-out", folder / "certs_device.p7b")
        self._secret("certs_device.key", identity.key.read_text())
        self._secret("config-01.09.json", json.dumps(configuration(port, store), indent=2))

    def _secret(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    def add_log_file(self, session, split, size):
        """A closed log file: an MDF header and random bytes."""
        path = self.folder / "LOG" / self.id / f"{session:08d}" / f"{split:08d}.MF4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MDF_HEADER + os.urandom(size - len(MDF_HEADER)))
        return path

    def configure(self, change):
        """Rewrites the configuration; `change` gets it and edits it."""
        path = self.folder / "config-01.09.json"
        document = json.loads(path.read_text())
        change(document)
        self._secret(path.name, json.dumps(document, indent=2))

    def use_plain_http(self):
        def change(document):
            document["connect"]["s3"]["server"]["endpoint"] = "http://127.0.0.1"

        self.configure(change)

    def device_file(self):
        return json.loads((self.folder / "device.json").read_text())

    def upload(self, *options, seconds=120):
        return self.run("once", *options, seconds=seconds)

    def run(self, command, *options, seconds=120):
        device = "--card", self.folder, "--id", self.id
        return run(program("sallyport-device"), command, *device, *options, seconds=seconds)


def configuration(port, store):
    """What a device of firmware 01.09 needs to know of its server."""
    return {
        "general": {"device": {}, "security": {}, "debug": {"syslog": 1, "restart_timer": 120}},
        "log": {"file": {"split_size": 50, "split_time_period": 0, "split_time_offset": 0, "cyclic": 1}},
        "connect": {
            "protocol": 0,
            "s3": {
                "sync": {"ota": 600, "heartbeat": 300, "logfiles": 1},
                "server": {
                    "endpoint": "https://127.0.0.1",
                    "port": port,
                    "bucket": BUCKET,
                    "region": "us-east-1",
                    "request_style": 0,
                    "accesskey": store.access_key,
                    "keyformat": 0,
                    "secretkey": store.secret_key,
                    "signed_payload": 0,
                },
            },
        },
    }
