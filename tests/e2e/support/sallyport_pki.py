"""A PKI made by our own tool, with the same face as the one made by `openssl`."""

from support.openssl_pki import Identity
from support.processes import program, run


class SallyportPki:
    def __init__(self, depot, *how):
        """`how`: more arguments of `init`."""
        self.depot = depot
        self.root = depot / "root.pem"
        self.trust = depot / "device-ca.pem"
        self.command("init", *how)

    def command(self, *arguments, seconds=60):
        done = run(program("sallyport-pki"), *arguments, "--depot", self.depot, seconds=seconds)
        if done.returncode != 0:
            raise AssertionError(f"sallyport-pki {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return done.stdout

    def server(self):
        self.command("issue", "server", "--name", "gateway", "--ip", "127.0.0.1")
        folder = self.depot / "servers" / "gateway"
        return Identity("", folder / "server.chain.pem", folder / "server.key")

    def device(self, device):
        self.command("issue", "device", device)
        return self.identity(device)

    def identity(self, device):
        """Of a device that has a certificate already."""
        folder = self.depot / "devices" / device
        return Identity(device, folder / "certs_device.pem", folder / "certs_device.key")

    def revoke(self, identity, reason="keyCompromise"):
        self.command("revoke", identity.id, "--reason", reason)

    def crl(self):
        self.command("crl")
        return (self.depot / "crl" / "device-ca.crl.pem").read_text()
