"""Which certificates `openssl s_client` gets in with, and what it is told otherwise."""

from support.case import main
from support.fleet import FleetTest
from support.processes import run
from support.refusals import CertificateTests


class OpensslClientCertificates(CertificateTests, FleetTest):
    def attempt(self, identity, version):
        host = f"127.0.0.1:{self.gateway.port}"
        target = "/fleet/AABBCCDD/missing.json"
        headers = self.signer.sign("GET", target, host) + [("Connection", "close")]
        request = "\r\n".join(
            [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
        )
        certificate = (
            ["-cert", identity.chain, "-cert_chain", identity.chain, "-key", identity.key] if identity else []
        )
        done = run(
            "openssl",
            "s_client",
            "-connect",
            host,
            "-CAfile",
            self.pki.root,
            "-verify_return_error",
            *certificate,
            f"-tls{version.replace('.', '_')}",
            "-ign_eof",
            input=request,
            seconds=20,
        )
        return "HTTP/1.1 404" in done.stdout, done.stdout + done.stderr


if __name__ == "__main__":
    main()
