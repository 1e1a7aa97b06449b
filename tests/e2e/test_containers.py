"""Dockerfile, compose.yaml and the Kubernetes manifests are sound, as far as that shows without an engine, and the
demonstration that they make works with the real programs."""

import os
import re
import shutil
from types import SimpleNamespace

import yaml
from support import dockerfile
from support.case import CHECKOUT, EndToEndTest, main
from support.gateway import Gateway
from support.imposter import ImposterStore
from support.processes import program, run

DOCKER = CHECKOUT / "docker"
# Written by hand elsewhere in the tree; not there in every state of it.
MAY_COME_LATER = ("../config/prometheus", "../config/grafana")
NOBODY = "65532:65532"


def documents(file):
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def manifests():
    return [d for file in sorted((DOCKER / "kubernetes").glob("*.yaml")) for d in documents(file)]


def of_kind(kind):
    return [manifest for manifest in manifests() if manifest["kind"] == kind]


def kubernetes_configuration():
    (config_map,) = of_kind("ConfigMap")
    return config_map["data"]["gateway.yaml"]


def check_command(test, words):
    """The gateway knows this command and its options."""
    said = run(program("sallyport-gateway"), words[0], "--help").stdout
    test.assertIn(f"sallyport-gateway {words[0]} [OPTIONS]", said)
    for option in (word for word in words if word.startswith("--")):
        test.assertIn(f"  {option} ", said)


class Dockerfile(EndToEndTest):
    def test_images_run_as_nobody_and_ask_for_their_health(self):
        stages = dockerfile.read(DOCKER / "Dockerfile")
        self.assertEqual(list(stages)[-1], "gateway", "the default target")
        for name in ("gateway", "tools"):
            self.assertEqual(stages[name].last("USER"), NOBODY)
        gateway = stages["gateway"]
        self.assertEqual(gateway.last_command("ENTRYPOINT"), ["/usr/bin/sallyport-gateway"])
        for command in (gateway.last_command("CMD"), gateway.health_check()[1:]):
            check_command(self, command)

    def test_what_is_copied_is_sent_and_keys_are_not(self):
        patterns = dockerfile.patterns_of(CHECKOUT)
        for stage in dockerfile.read(DOCKER / "Dockerfile").values():
            for keyword, text in stage.instructions:
                sources, _, origin = dockerfile.copy_words(text) if keyword == "COPY" else ([], "", "")
                for source in sources if origin is None else []:
                    self.assertTrue((CHECKOUT / source).exists(), source)
                    self.assertTrue(source == "." or dockerfile.is_sent(source, patterns), source)
        for path in ("run/demo/pki/root.key", "build/dev/bin/sallyport-pki", ".git/config", ".cache/x", "tests/e2e/x.py"):
            self.assertFalse(dockerfile.is_sent(path, patterns), path)

    def test_hadolint(self):
        if not shutil.which("hadolint"):
            self.skipTest("hadolint is not installed")
        done = run("hadolint", DOCKER / "Dockerfile")
        self.assertEqual(done.returncode, 0, done.stdout)


class Compose(EndToEndTest):
    def setUp(self):
        super().setUp()
        (self.compose,) = documents(DOCKER / "compose.yaml")
        self.services = self.compose["services"]

    def test_the_client_accepts_it(self):
        if not shutil.which("docker") or run("docker", "compose", "version").returncode != 0:
            self.skipTest("docker compose is not installed")
        done = run("docker", "compose", "-f", DOCKER / "compose.yaml", "config", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_names_lead_somewhere(self):
        targets = dockerfile.read(DOCKER / "Dockerfile")
        built = {service["image"] for service in self.services.values() if "build" in service}
        for name, service in self.services.items():
            for other in service.get("depends_on", {}):
                self.assertIn(other, self.services, name)
            if "build" in service:
                self.assertIn(service["build"]["target"], targets)
                self.assertEqual((DOCKER / service["build"]["context"]).resolve(), CHECKOUT)
            elif service["image"] not in built:
                self.assertRegex(service["image"], r":[\w.-]*\d[\w.-]*$", f"{name}: no version")
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    there = (DOCKER / source).exists() or source in MAY_COME_LATER
                    self.assertTrue(there, f"{name}: {source}")
                else:
                    self.assertIn(source, self.compose["volumes"], name)

    def test_services_can_do_little(self):
        for name, service in self.services.items():
            self.assertEqual(service.get("cap_drop"), ["ALL"], name)
            self.assertEqual(service.get("security_opt"), ["no-new-privileges:true"], name)
            self.assertTrue(service.get("read_only") or service["image"].startswith("minio/"), name)
            self.assertNotIn("privileged", service)
        published = [port for service in self.services.values() for port in service.get("ports", [])]
        self.assertEqual([port for port in published if not port.startswith("127.0.0.1:")], ["8443:8443"])


class Demonstration(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folders = [cls.folder / name for name in ("depot", "card", "gateway", "secrets")]
        for folder in folders:
            folder.mkdir()
        programs = os.path.abspath(os.environ["SALLYPORT_BIN"])
        environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "SALLYPORT_SHARE": str(CHECKOUT / "config" / "demo"),
        }
        for _ in range(2):
            done = run(DOCKER / "demo" / "initialise", *folders, env=environment)
            assert done.returncode == 0, done.stderr
        cls.depot, cls.card, cls.gateway_folder, cls.secrets = folders

    def test_a_device_uploads(self):
        card, gateway_folder, secrets = self.card, self.gateway_folder, self.secrets
        self.assertEqual(len(list(card.rglob("*.MF4"))), 5, "a second run changes nothing")
        store = ImposterStore()
        self.addCleanup(store.stop)

        replaced = SimpleNamespace(trust="", chain="", key="")  # by the configuration of the demonstration
        gateway = Gateway(self.folder, replaced, store.endpoint, server=replaced, crl=None)
        text = (DOCKER / "demo" / "gateway.yaml").read_text()
        for written, here in (
            ("0.0.0.0:8443", f"127.0.0.1:{gateway.port}"),
            ("127.0.0.1:9901", f"127.0.0.1:{gateway.admin_port}"),
            ("http://minio:9000", store.endpoint),
            (" /gateway/", f" {gateway_folder}/"),
            ("[/gateway/", f"[{gateway_folder}/"),
            ("/var/lib/sallyport", str(self.folder / "state")),
            ("  health_check: {path: /minio/health/live}\n", ""),
        ):
            self.assertIn(written, text)
            text = text.replace(written, here)
        gateway.write_configuration(text + "log: {events: events.log, access: access.log}\n")
        self.addCleanup(gateway.stop)
        gateway.start()

        configuration = card / "config-01.09.json"
        text = configuration.read_text()
        self.assertIn((secrets / "secret-key").read_text(), text)
        text = text.replace("https://gateway", "https://127.0.0.1").replace("8443", str(gateway.port))
        configuration.write_text(text)
        done = run(program("sallyport-device"), "once", "--card", card, "--id", "A1B2C3D4")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len([target for target in store.objects if target.endswith(".MF4")]), 5)
        for command in (("health",), ("health", "--live")):
            done = run(program("sallyport-gateway"), *command, "--config", gateway.configuration)
            self.assertEqual(done.returncode, 0, done.stderr)
        gateway.stop()
        done = run(program("sallyport-gateway"), "health", "--config", gateway.configuration)
        self.assertEqual(done.returncode, 3)
        self.assertIn("does the gateway run?", done.stderr)

    def test_the_configuration_for_kubernetes_is_accepted(self):
        folder = self.folder / "mounts"
        (folder / "server").mkdir(parents=True)
        (folder / "trust").mkdir()
        for source, name in (
            ("servers/gateway/server.chain.pem", "server/tls.crt"),
            ("servers/gateway/server.key", "server/tls.key"),
            ("device-ca.pem", "trust/device-ca.pem"),
            ("crl/device-ca.crl.pem", "trust/device-ca.crl.pem"),
        ):
            shutil.copy(self.depot / source, folder / name)
        text = kubernetes_configuration().replace("/run/sallyport", str(folder))
        file = folder / "gateway.yaml"
        file.write_text(text.replace("/var/lib/sallyport", str(folder / "state")))
        done = run(program("sallyport-gateway"), "check", "--config", file)
        self.assertEqual(done.returncode, 0, done.stderr)


class Kubernetes(EndToEndTest):
    def test_what_there_is(self):
        kinds = [manifest["kind"] for manifest in manifests()]
        for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor"):
            self.assertIn(kind, kinds)
        for manifest in manifests():
            self.assertRegex(manifest["apiVersion"], r"^([a-z0-9.]+/)?v1$")
            self.assertRegex(manifest["metadata"]["name"], r"^[a-z0-9-]{1,63}$")

    def test_kubernetes_validate(self):
        if not shutil.which("kubernetes-validate"):
            self.skipTest("kubernetes-validate (PyPI) is not installed")
        done = run("kubernetes-validate", "--strict", *(DOCKER / "kubernetes").glob("*.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_selectors_and_names_lead_somewhere(self):
        (deployment,) = of_kind("Deployment")
        pod = deployment["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        self.assertLessEqual(deployment["spec"]["selector"]["matchLabels"].items(), labels)
        ports = {port["name"] for container in pod["spec"]["containers"] for port in container["ports"]}
        for service in of_kind("Service"):
            self.assertLessEqual(service["spec"]["selector"].items(), labels)
            self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, ports)
        for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
            (other,) = of_kind(kind)
            self.assertLessEqual(other["spec"][key]["matchLabels"].items(), labels)
        (budget,) = of_kind("PodDisruptionBudget")
        self.assertLess(budget["spec"]["minAvailable"], deployment["spec"]["replicas"])
        (monitor,) = of_kind("ServiceMonitor")
        chosen = [
            service
            for service in of_kind("Service")
            if monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        ]
        self.assertEqual([service["metadata"]["name"] for service in chosen], ["sallyport-metrics"])
        ports = {port["name"] for port in chosen[0]["spec"]["ports"]}
        self.assertLessEqual({endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}, ports)
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        for container in pod["spec"]["containers"] + pod["spec"]["initContainers"]:
            self.assertLessEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)
            self.assertEqual(container["securityContext"]["capabilities"], {"drop": ["ALL"]})
            self.assertIs(container["securityContext"]["readOnlyRootFilesystem"], True)
        self.assertIs(pod["spec"]["securityContext"]["runAsNonRoot"], True)

    def test_probes_and_times(self):
        (deployment,) = of_kind("Deployment")
        pod = deployment["spec"]["template"]["spec"]
        gateway = next(container for container in pod["containers"] if container["name"] == "gateway")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            _, *words = gateway[probe]["exec"]["command"]
            check_command(self, words)
        pause = int(gateway["lifecycle"]["preStop"]["exec"]["command"][1])
        drain = int(re.search(r"drain: (\d+)s", kubernetes_configuration())[1])
        self.assertGreater(pod["terminationGracePeriodSeconds"], pause + drain)


if __name__ == "__main__":
    main()
