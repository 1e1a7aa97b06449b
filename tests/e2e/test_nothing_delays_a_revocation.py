"""Whatever else is wrong or odd, what a published CRL revokes is in force at once."""

import os
import shutil
import ssl
import threading
import time

from support.case import main
from support.fleet import FleetTest
from support.https_client import Connection, refused
from support.processes import wait_until

TARGET = "/fleet/{}/device.json"


class NothingDelaysARevocation(FleetTest):
    """Each test revokes a device of its own, in circumstances of its own."""

    def revoke_and_knock(self, name, publish=None):
        identity = self.pki.device(name)
        connection = self.connect(identity)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET.format(name), b"{}").status, 200)
        self.pki.revoke(identity)
        started = time.monotonic()
        (publish or self.gateway.publish_crl)(self.pki.crl())

        def knock():
            with Connection(self.gateway.port, self.context(identity)) as again:
                again.request(self.signer, "GET", TARGET.format(name))

        wait_until(lambda: refused(knock), "a new connection is refused", 20)
        print(f"    refused {(time.monotonic() - started) * 1000:.0f} ms after the CRL appeared")
        self.gateway.wait_for_event("connection_cut", device=name)

    def test_older_lists_beside_the_newer_one(self):
        crls = self.gateway.folder / "crl"
        (crls / "older-1.pem").write_text(self.pki.crl())
        (crls / "older-2.pem").write_text(self.pki.crl())
        self.gateway.publish_crl(self.pki.crl())
        self.revoke_and_knock("EEEE0001")
        for file in crls.glob("older-*"):
            file.unlink()

    def test_garbage_beside_it(self):
        garbage = self.gateway.folder / "crl" / "garbage.pem"
        garbage.write_text("no list at all")
        self.gateway.wait_for_event("reload", result="failed")
        self.revoke_and_knock("EEEE0002")
        garbage.unlink()

    def test_faulty_configuration(self):
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text + "nonsense: true\n")
        self.gateway.wait_for_event("reload", result="failed")
        self.revoke_and_knock("EEEE0003")
        self.gateway.write_configuration(text)

    def test_folder_swapped_for_another(self):
        def swap(crl):
            crls = self.gateway.folder / "crl"
            fresh = self.gateway.folder / "crl.fresh"
            fresh.mkdir()
            (fresh / "device-ca.pem").write_text(crl)
            crls.rename(self.gateway.folder / "crl.old")
            fresh.rename(crls)
            shutil.rmtree(self.gateway.folder / "crl.old")

        self.revoke_and_knock("EEEE0004", swap)
        self.revoke_and_knock("EEEE0005")

    def test_link_swapped_for_another(self):
        crls = self.gateway.folder / "crl"
        shutil.move(crls, self.gateway.folder / "crl.1")
        crls.symlink_to("crl.1")
        self.gateway.reload()

        def swap(crl):
            second = self.gateway.folder / "crl.2"
            second.mkdir()
            (second / "device-ca.pem").write_text(crl)
            link = self.gateway.folder / "crl.link"
            link.symlink_to("crl.2")
            os.replace(link, crls)

        self.revoke_and_knock("EEEE0006", swap)
        self.revoke_and_knock("EEEE0007")

    def test_list_that_comes_while_the_gateway_starts(self):
        for number, delay in enumerate((0.005, 0.02, 0.04, 0.08)):
            name = f"EEEE010{number}"
            identity = self.pki.device(name)
            self.gateway.stop()
            self.gateway.publish_crl(self.pki.crl())
            self.pki.revoke(identity)
            timer = threading.Timer(delay, self.gateway.publish_crl, (self.pki.crl(),))
            timer.start()
            self.gateway.start()
            timer.join()

            def knock():
                with Connection(self.gateway.port, self.context(identity)) as connection:
                    connection.request(self.signer, "GET", TARGET.format(name))

            wait_until(lambda: refused(knock), f"the device whose list came after {delay} s is refused")


class TightenedRules(FleetTest):
    def test_open_and_resumed_connections_are_judged_by_new_identity_rules(self):
        context = self.context(self.device, version=ssl.TLSVersion.TLSv1_2, tickets=False)
        connection = Connection(self.gateway.port, context)
        self.addCleanup(connection.close)
        self.assertEqual(connection.request(self.signer, "PUT", TARGET.format("AABBCCDD"), b"{}").status, 200)
        session = connection.tls.session
        text = self.gateway.configuration.read_text()
        self.gateway.write_configuration(text.replace("'[0-9A-F]{8}'", "'[0-9]{8}'"))
        self.gateway.wait_for_event("reload", result="ok")
        self.gateway.wait_for_event("connection_cut", device="AABBCCDD")
        self.assertIsNotNone(refused(lambda: connection.request(self.signer, "GET", TARGET.format("AABBCCDD"))))

        def come_again():
            with Connection(self.gateway.port, context, session) as again:
                again.request(self.signer, "GET", TARGET.format("AABBCCDD"))

        self.assertIsNotNone(refused(come_again))
        self.gateway.wait_for_event("handshake_failed", reason="bad_identity")
        with Connection(self.gateway.port, self.context(self.other)) as other:  # its id has digits only
            self.assertEqual(other.request(self.signer, "PUT", TARGET.format(self.other.id), b"{}").status, 200)


class CutAnswer(FleetTest):
    def test_a_slow_reader_gets_nothing_after_the_cut(self):
        identity = self.pki.device("EEEE000A")
        self.store.objects["/fleet/EEEE000A/big"] = b"x" * (64 << 20)
        with Connection(self.gateway.port, self.context(identity)) as connection:
            target = "/fleet/EEEE000A/big"
            connection.send_head("GET", target, self.signer.sign("GET", target, connection.host))
            connection.tls.recv(16384)
            time.sleep(0.3)  # the pipe fills
            self.pki.revoke(identity)
            self.gateway.publish_crl(self.pki.crl())
            self.gateway.wait_for_event("connection_cut", device="EEEE000A")
            time.sleep(0.2)
            after = 0
            try:
                while block := connection.tls.recv(65536):
                    after += len(block)
            except OSError:
                pass
        print(f"    {after} bytes were read after the cut (what this side's kernel held already)")
        self.assertLess(after, 8 << 20)


if __name__ == "__main__":
    main()
