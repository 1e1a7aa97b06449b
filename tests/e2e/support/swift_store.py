"""OpenStack Swift with its S3 API as the store of a test (Debian: swift-proxy, -account, -container, -object)."""

import shutil
import socket
import subprocess

from support.processes import Program, free_port, wait_until

PARTS = ("account", "container", "object")
# The rings say where data lies: here all on one device of one zone, once.
MAKE_RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for name, port in zip(("account", "container", "object"), map(int, ports)):
    ring = RingBuilder(4, 1, 0)
    place = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    ring.add_dev({"region": 1, "zone": 1, "device": "disk", "weight": 1, **place})
    ring.rebalance()
    ring.get_ring().save(f"{folder}/{name}.ring.gz")
"""
COMMON = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = root
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
recon_cache_path = {folder}
log_address = {folder}/no-syslog
"""
PART = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
PROXY = """{tls}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
# Somebody asks for a cache; nobody listens there, and that is an empty one.
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = {domain}
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


class SwiftServers:
    """The four servers of one store, empty at each start."""

    def __init__(self, folder, port, access_key, secret_key, domain="", tls=None):
        self._folder = folder
        self._port = port
        self._access_key = access_key
        self._secret_key = secret_key
        self._domain = domain
        self._tls = tls
        self._servers = []

    def start(self):
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / "devices" / "disk").mkdir(parents=True)
        (self._folder / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
        )
        ports = [free_port() for _ in PARTS]
        # Debian's own Python has Swift's modules.
        made = [MAKE_RINGS, self._folder, *ports]
        subprocess.run(["/usr/bin/python3", "-c", *map(str, made)], check=True, capture_output=True)
        for name, port in zip(PARTS, ports, strict=True):
            self._begin(name, port, PART.format(name=name))
        account, user = self._access_key.split(":")
        tls = f"cert_file = {self._tls.chain}\nkey_file = {self._tls.key}\n" if self._tls else ""
        names = {"account": account, "user": user, "secret": self._secret_key, "domain": self._domain, "tls": tls}
        self._begin("proxy", self._port, PROXY.format(**names))
        for port in (*ports, self._port):
            wait_until(lambda port=port: self._listens(port), "the store starts", 60)

    def _begin(self, name, port, text):
        file = self._folder / f"{name}.conf"
        file.write_text(COMMON.format(port=port, folder=self._folder) + text)
        self._servers.append(Program(self._folder / f"{name}.log", f"swift-{name}-server", file))

    def _listens(self, port):
        ended = [server for server in self._servers if not server.running()]
        if ended:
            raise AssertionError(f"the store did not start: {ended[0].log.read_text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        for server in reversed(self._servers):
            server.stop()
        self._servers.clear()
