"""Which certificates curl gets in with, and what it is told otherwise."""

from support.case import main
from support.fleet import FleetTest
from support.processes import run
from support.refusals import CertificateTests


class CurlCertificates(CertificateTests, FleetTest):
    def attempt(self, identity, version):
        host = f"127.0.0.1:{self.gateway.port}"
        target = "/fleet/AABBCCDD/device.json"
        headers = self.signer.sign("PUT", target, host)
        certificate = ["--cert", identity.chain, "--key", identity.key] if identity else []
        done = run(
            "curl",
            "--silent",
            "--verbose",
            "--fail",
            "--max-time",
            20,
            "--cacert",
            self.pki.root,
            *certificate,
            f"--tlsv{version}",
            "--tls-max",
            version,
            "--request",
            "PUT",
            "--data-binary",
            "{}",
            *(word for name, value in headers for word in ("--header", f"{name}: {value}")),
            f"https://{host}{target}",
        )
        return done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    main()
