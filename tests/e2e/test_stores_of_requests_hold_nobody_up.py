"""sallyport-pki sign-requests waits for its store without the depot's lock: who revokes does not wait with it."""

import socket

from support.case import EndToEndTest, main
from support.depot import Depot
from support.gateway import replace_secret_file

DEVICE, OTHER = "AABBCCDD", "11223344"


class StoresOfRequestsHoldNobodyUp(EndToEndTest):
    def test_a_store_that_stalls(self):
        store = socket.create_server(("127.0.0.1", 0))  # the kernel takes connections, nobody answers
        self.addCleanup(store.close)
        credentials = self.folder / "credentials"
        replace_secret_file(credentials, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
        depot = Depot(self.folder / "pki")
        depot.do("init")
        depot.do("issue", "devices", "--range", OTHER, OTHER)
        depot.do("issue", "devices", "--range", DEVICE, DEVICE)
        with open(depot / "depot.yaml", "a") as settings:
            print(
                f"requests: {{store: 's3://bucket/', endpoint: 'http://127.0.0.1:{store.getsockname()[1]}',"
                f" region: us-east-1, credentials: {{file: '{credentials}'}}}}",
                file=settings,
            )
        answering = depot.start("sign-requests", OTHER)
        self.addCleanup(answering.communicate)
        self.addCleanup(answering.kill)
        connection, _ = store.accept()  # it has asked, and waits
        self.addCleanup(connection.close)
        self.assertIn(f"({DEVICE})", depot.do("revoke", DEVICE, "--yes-revoke", "1"))
        self.assertIsNone(answering.poll(), "still waiting")


if __name__ == "__main__":
    main()
