"""A listener for operators beside that of the devices, and an operator who may do anything in the bucket."""

from support.https_client import Connection, tls_context
from support.openssl_pki import OpensslPki
from support.processes import free_port

LISTENER = """\
  - name: staff
    address: 127.0.0.1:{port}
    mode: high
    clients: operators
    tls: {{profile: modern}}
    certificates: [{{chain: {server.chain}, key: {server.key}}}]
devices:
"""
RULES = """\
operators: {{trust: [{trust}]}}
authorization:
  - {{use: unrestricted, who: operator, bucket: fleet}}
"""


class Operators:
    """Of a test's gateway, which it starts anew. `context` is what the unrestricted operator connects with."""

    def __init__(self, test_class):
        gateway, pki = test_class.gateway, test_class.pki
        staff = OpensslPki(test_class.folder / "staff")
        self.context = tls_context(pki, staff.device("j.doe", uri="URI:urn:x:y"))
        self.server = pki.server("staff-server")
        self.port = free_port()
        gateway.publish_crl(staff.crl(), "staff.pem")
        gateway.stop()
        gateway.write_configuration(
            gateway.configuration.read_text()
            .replace("devices:\n", LISTENER.format(port=self.port, server=self.server), 1)
            .replace("authorization:\n", RULES.format(trust=staff.device_ca), 1)
        )
        gateway.start()

    def connect(self):
        return Connection(self.port, self.context)
