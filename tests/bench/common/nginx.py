"""nginx with the same certificates and the same CRL, for comparison."""

import time

from setting import SUITE, memory_kib
from support.processes import Program, free_port, listens, wait_until

NGINX = "/usr/sbin/nginx"

CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections {connections}; }}
http {{
    access_log {access_log};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    keepalive_requests 100000000;
    {upstream}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {server.chain};
        ssl_certificate_key {server.key};
        ssl_protocols TLSv1.2;
        ssl_ciphers {suite};
        ssl_ecdh_curve X25519:prime256v1;
        ssl_session_cache shared:devices:16m;
        ssl_session_timeout 1h;
        ssl_session_tickets off;
        ssl_verify_client on;
        ssl_verify_depth 3;
        ssl_client_certificate {folder}/authorities.pem;
        ssl_crl {folder}/crl.pem;
        {answer}
    }}
}}
"""

STORE = """\
upstream store {{
        server 127.0.0.1:{port};
        keepalive 64;
        keepalive_requests 100000000;
    }}
"""

PROXY = """\
location / {
            proxy_pass http://store;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }
"""


class Nginx:
    """One process. It wants a CRL of every authority up to the root: `crls` is all of them, PEM.

    With the port of a store it passes requests on, over connections that it keeps; without, it answers 204.
    """

    def __init__(self, folder, pki, crls, store=None, logs=False, connections=512):
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        (folder / "authorities.pem").write_text(pki.device_ca.read_text() + pki.root.read_text())
        (folder / "crl.pem").write_text(crls)
        (folder / "nginx.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                port=self.port,
                server=pki.server(),
                suite=SUITE,
                connections=connections,
                access_log=f"{folder}/access.log" if logs else "off",
                upstream=STORE.format(port=store) if store else "",
                answer=PROXY if store else "return 204;",
            )
        )

    def start(self):
        """The seconds that it takes."""
        begin = time.monotonic()
        command = [NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
        self.process = Program(self.folder / "output.log", *command)
        wait_until(lambda: listens(self.port) or not self.process.running(), "nginx listens", 120)
        if not self.process.running():
            raise AssertionError((self.folder / "error.log").read_text())
        return time.monotonic() - begin

    @property
    def pid(self):
        return self.process.pid

    def memory_kib(self):
        return memory_kib(self.pid)

    def stop(self):
        self.process.stop()
