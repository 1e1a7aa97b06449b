"""A TLS library that is not OpenSSL: GnuTLS gets in, or is told why not, in the same way."""

from support.case import main
from support.fleet import FleetTest
from support.processes import run
from support.refusals import CertificateTests


class GnutlsClientCertificates(CertificateTests, FleetTest):
    def attempt(self, identity, version):
        host = f"127.0.0.1:{self.gateway.port}"
        target = "/fleet/AABBCCDD/missing.json"
        headers = self.signer.sign("GET", target, host) + [("Connection", "close")]
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
        certificate = ["--x509certfile", identity.chain, "--x509keyfile", identity.key] if identity else []
        done = run(
            "gnutls-cli",
            *("--port", self.gateway.port, "--x509cafile", self.pki.root, *certificate),
            f"--priority=NORMAL:-VERS-ALL:+VERS-TLS{version}",
            "127.0.0.1",
            input="\r\n".join(lines),
            seconds=20,
        )
        output = done.stdout + done.stderr
        return "HTTP/1.1 404" in output, output


if __name__ == "__main__":
    main()
