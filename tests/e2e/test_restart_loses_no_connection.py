"""Behind a listening socket that somebody else holds, the gateway restarts and no client notices."""

import threading

from support.case import main
from support.fleet import FleetTest
from support.gateway import Gateway
from support.https_client import Connection
from support.processes import Program, free_port, program, wait_until
from support.service_manager import ServiceManager

CLIENTS = 4
RESTARTS = 3
REQUESTS_BETWEEN = 20


class RestartLosesNoConnection(FleetTest):
    def service(self):
        folder = self.folder / self.id().rpartition(".")[2]
        folder.mkdir()
        gateway = Gateway(folder, self.pki, self.store.endpoint)
        gateway.manager = ServiceManager()
        self.addCleanup(gateway.manager.close)
        self.addCleanup(gateway.stop)
        return gateway

    def test_of_clients_that_connect_all_the_time(self):
        gateway = self.service()
        gateway.manager.hold(gateway.port)
        context = self.context(self.device)
        answers, failures, enough = [], [], threading.Event()

        def connect_again_and_again(client):
            number = 0
            while not enough.is_set():
                number += 1
                target = f"/fleet/AABBCCDD/{client}/{number}"
                try:
                    with Connection(gateway.port, context, seconds=60) as connection:
                        status = connection.request(self.signer, "PUT", target, b"{}").status
                except OSError as error:
                    failures.append(f"{target}: {error!r}")
                    return
                answers.append((target, status))

        # They begin before the gateway runs.
        clients = [threading.Thread(target=connect_again_and_again, args=(i,)) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for start in range(RESTARTS + 1):
                gateway.start()
                seen = len(answers)
                wait_until(lambda: failures or len(answers) > seen + REQUESTS_BETWEEN, "clients are served", 60)
                if start < RESTARTS:
                    gateway.stop()
        finally:
            enough.set()
            for client in clients:
                client.join()
        self.assertEqual(failures, [])
        self.assertEqual({status for _, status in answers}, {200})
        for target, _ in answers:
            self.assertIn(target, self.store.objects)
        print(f"    {len(answers)} connections, each with one request, over {RESTARTS} restarts: none lost")

    def test_a_socket_without_listener_is_refused(self):
        gateway = self.service()
        gateway.manager.hold(gateway.port)
        other = free_port()
        gateway.manager.hold(other)
        command, options = gateway.manager.launch(
            (program("sallyport-gateway"), "run", "--config", gateway.configuration)
        )
        refused = Program(gateway.folder / "refused.log", *command, **options)
        self.addCleanup(refused.kill)
        self.assertEqual(refused.wait(), 3)
        self.assertIn(
            f"socket activation: no listener has the address 127.0.0.1:{other}",
            (gateway.folder / "refused.log").read_text(),
        )


if __name__ == "__main__":
    main()
