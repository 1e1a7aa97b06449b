"""HAProxy with the same certificates and the same CRLs, for comparison."""

from setting import SUITE, memory_kib
from support.processes import Program, free_port, listens, wait_until

HAPROXY = "/usr/sbin/haproxy"

CONFIGURATION = """\
global
    nbthread 1
    maxconn {connections}
    {log}
defaults
    mode http
    log global
    option httplog
    http-reuse always
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 600s
frontend fleet
    bind 127.0.0.1:{port} ssl crt {folder}/server.pem ca-file {folder}/authorities.pem crl-file {folder}/crl.pem \
verify required ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2 ciphers {suite} curves X25519:P-256 no-tls-tickets
    default_backend store
backend store
    server store 127.0.0.1:{store}
"""


class Haproxy:
    """One process with one thread. It logs to its standard output, a file, one write for each line as nginx does."""

    def __init__(self, folder, pki, crls, store, connections, logs=True):
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        server = pki.server()
        (folder / "server.pem").write_text(server.chain.read_text() + server.key.read_text())
        (folder / "authorities.pem").write_text(pki.device_ca.read_text() + pki.root.read_text())
        (folder / "crl.pem").write_text(crls)
        self.configuration = folder / "haproxy.cfg"
        self.configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                port=self.port,
                suite=SUITE,
                store=store,
                connections=connections,
                log="log stdout format raw daemon" if logs else "",
            )
        )

    def start(self):
        self.process = Program(self.folder / "access.log", HAPROXY, "-db", "-f", self.configuration)
        wait_until(lambda: listens(self.port) or not self.process.running(), "HAProxy listens", 30)
        if not self.process.running():
            raise AssertionError((self.folder / "access.log").read_text())

    @property
    def pid(self):
        return self.process.pid

    def memory_kib(self):
        return memory_kib(self.pid)

    def stop(self):
        self.process.stop()
