"""The image and the DaemonSet: what they say, and the container that comes of it, run by podman."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from harness.exporter import run_exporter
from harness.exposition import Exposition
from harness.machine import TOP, debian_root
from harness.monitoring import Prometheus
from harness.podman import Podman
from harness.program import program_path
from harness.testcase import KernelTestCase
from harness.waiting import TimedOut, wait_until

MANIFESTS = os.path.join(TOP, "packaging/kubernetes")
PACKS = os.path.join(TOP, "config/packs")
UID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
CONFIG = """\
targets:
  - name: puppet
    processes:
      - exe: /usr/local/bin/puppet
    metrics:
      - name: puppet_ticks_total
        help: Ticks.
        type: counter
        probe: puppet:tick
        labels: { container: container, namespace: namespace, pod: pod }
"""
PROMETHEUS = """\
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: sdt_exporter
    honor_labels: true
    static_configs: [{ targets: ["127.0.0.1:10738"] }]
"""


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def daemon_set():
    return load(os.path.join(MANIFESTS, "daemonset.yaml"))


def containerfile():
    with open(os.path.join(TOP, "packaging/Containerfile"), encoding="utf-8") as file:
        return file.read()


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pod = daemon_set()["spec"]["template"]["spec"]
        cls.container, = cls.pod["containers"]
        cls.security = cls.container["securityContext"]

    def test_the_kustomization_names_every_manifest_but_the_operators(self):
        resources = load(os.path.join(MANIFESTS, "kustomization.yaml"))["resources"]
        self.assertEqual([os.path.realpath(os.path.join(MANIFESTS, resource)) for resource in resources],
                         [os.path.join(MANIFESTS, "namespace.yaml"), os.path.join(MANIFESTS, "daemonset.yaml"), PACKS])
        for name in ("namespace.yaml", "daemonset.yaml", "podmonitor.yaml"):
            manifest = load(os.path.join(MANIFESTS, name))
            self.assertEqual(manifest["metadata"].get("namespace", manifest["metadata"]["name"]), "sdt-exporter", name)

    def test_the_config_map_is_packs_that_are_right_together(self):
        generator, = load(os.path.join(PACKS, "Kustomization"))["configMapGenerator"]
        volume, = [volume for volume in self.pod["volumes"] if "configMap" in volume]
        self.assertEqual(volume["configMap"], {"name": generator["name"]})
        with tempfile.TemporaryDirectory() as directory:
            for name in generator["files"]:
                shutil.copy(os.path.join(PACKS, name), directory)
            result = run_exporter("check", f"--config.file={directory}")
            self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_it_has_the_capabilities_of_the_unit_and_no_other(self):
        with open(os.path.join(TOP, "systemd/sdt_exporter.service"), encoding="utf-8") as file:
            unit = re.search(r"^CapabilityBoundingSet=(.*)$", file.read(), re.M)[1].split()
        self.assertEqual(self.security["capabilities"],
                         {"drop": ["ALL"], "add": [capability.removeprefix("CAP_") for capability in unit]})
        self.assertIs(self.security["privileged"], False)
        self.assertIs(self.security["allowPrivilegeEscalation"], False)
        self.assertIs(self.security["readOnlyRootFilesystem"], True)

    def test_it_has_no_account_and_writes_to_the_host_in_one_place(self):
        self.assertIs(self.pod["automountServiceAccountToken"], False)
        self.assertNotIn("serviceAccountName", self.pod)
        self.assertNotIn("hostNetwork", self.pod)
        writable = [mount["mountPath"] for mount in self.container["volumeMounts"] if not mount.get("readOnly")]
        self.assertEqual(writable, ["/sys/fs/bpf"])

    def test_selectors_find_the_pods_and_their_port(self):
        labels = daemon_set()["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(daemon_set()["spec"]["selector"]["matchLabels"], labels)
        monitor = load(os.path.join(MANIFESTS, "podmonitor.yaml"))["spec"]
        self.assertEqual(monitor["selector"]["matchLabels"], labels)
        port, = self.container["ports"]
        self.assertEqual([endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]], [port["name"]])
        self.assertIn(f"EXPOSE {port['containerPort']}\n", containerfile())

    def test_the_image_is_of_the_version_that_is_built(self):
        version = run_exporter("--version").stdout.split()[-1]
        self.assertEqual(self.container["image"], f"sdt_exporter:{version}")


def seccomp_profile():
    """podman's usual profile with what containerd's allows besides: bpf(2) and perf_event_open(2), to those who have
    the capability for them."""
    with open("/usr/share/containers/seccomp.json", encoding="utf-8") as file:
        profile = json.load(file)
    allowed = {"bpf": "CAP_BPF", "perf_event_open": "CAP_PERFMON"}
    for rule in profile["syscalls"]:
        rule["names"] = [name for name in rule["names"] if name not in allowed]
    for name, capability in allowed.items():
        profile["syscalls"].append({"names": [name], "action": "SCMP_ACT_ALLOW", "includes": {"caps": [capability]}})
    return profile


def build_image(podman):
    """By the Containerfile, from the sources, on a Debian made here: no registry is asked."""
    for tag in ("bookworm", "bookworm-slim"):
        podman.run("import", debian_root("bare"), f"docker.io/library/debian:{tag}")
    podman.run("build", "--isolation=chroot", "--network=host", "--pull=never", "--tag=sdt_exporter",
               f"--file={TOP}/packaging/Containerfile", TOP, seconds=1200)


def program_root(directory):
    """A program, its libraries and nothing else, as small images have them."""
    root = os.path.join(directory, "program")
    files = {program_path("puppet"): "/usr/local/bin/puppet"}
    listed = subprocess.run(["ldd", program_path("puppet")], check=True, stdout=subprocess.PIPE, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        place = library if library.startswith(("/lib", "/usr")) else "/usr/lib/" + os.path.basename(library)
        files[library] = place
    for source, place in files.items():
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        shutil.copy(source, root + place)
    return root


def as_podman_has_it(pod, volumes, profile):
    """The flags that give a container what the DaemonSet gives it. `volumes`: where those that are no directory of the
    host come from."""
    container, = pod["containers"]
    security = container["securityContext"]
    flags = ["--network=none", f"--user={security['runAsUser']}:{security['runAsGroup']}",
             f"--security-opt=seccomp={profile}", "--read-only-tmpfs=false"]
    if pod.get("hostPID"):
        flags.append("--pid=host")
    if security["readOnlyRootFilesystem"]:
        flags.append("--read-only")
    if not security["allowPrivilegeEscalation"]:
        flags.append("--security-opt=no-new-privileges")
    flags += [f"--cap-drop={name}" for name in security["capabilities"]["drop"]]
    flags += [f"--cap-add={name}" for name in security["capabilities"]["add"]]
    sources = {volume["name"]: volume.get("hostPath", {}).get("path") for volume in pod["volumes"]}
    for mount in container["volumeMounts"]:
        source = sources[mount["name"]] or volumes[mount["name"]]
        options = ["ro"] if mount.get("readOnly") else ["rw"]
        options += ["rslave"] if mount.get("mountPropagation") == "HostToContainer" else []
        flags.append(f"--volume={source}:{mount['mountPath']}:{','.join(options)}")
    return flags


class Container(KernelTestCase):
    """The exporter in one container, the program in another, as on a node."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # On a disk: podman's layers may not lie on an overlay, and /tmp may be one.
        directory = tempfile.mkdtemp(dir=os.path.dirname(program_path("puppet")))
        cls.podman = Podman(directory)
        cls.addClassCleanup(cls.podman.close)
        build_image(cls.podman)
        cls.podman.import_directory(program_root(directory), "program")
        cls.podman.inside("mkdir", f"/var/log/pods/shop_shop-0_{UID}")
        cls.pod = daemon_set()["spec"]["template"]["spec"]

    def setUp(self):
        config = os.path.join(self.directory, "config")
        os.makedirs(config, exist_ok=True)
        self.write("config/puppet.yaml", CONFIG)
        profile = self.write("seccomp.json", json.dumps(seccomp_profile()))
        self.name = f"exporter-{self.id().rpartition('.')[2]}"
        self.podman.start(self.name, *as_podman_has_it(self.pod, {"config": config}, profile), "sdt_exporter",
                          *self.pod["containers"][0]["args"])
        self.addCleanup(self.podman.run, "rm", "--force", self.name)

    def puppet(self):
        name = f"puppet-{self.id().rpartition('.')[2]}"
        program = self.podman.program(
            name, "--network=none", f"--cgroup-parent=/kubepods/burstable/pod{UID}", "program", "/usr/local/bin/puppet")
        self.addCleanup(program.close)
        self.labels = {"container": self.podman.show(name, ".Id"), "namespace": "shop", "pod": "shop-0"}
        return program

    def enter(self):
        return ["nsenter", "-t", str(self.podman.pid(self.name)), "--net"]

    def get(self, path):
        answer = subprocess.run([*self.enter(), "curl", "-sS", "--max-time", "30", "http://127.0.0.1:10738" + path],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return answer.stdout

    def wait_for(self, condition, what):
        try:
            wait_until(lambda: condition(Exposition(self.get("/metrics"))), what)
        except TimedOut as error:
            raise AssertionError(f"{error}\n{self.get('/metrics')}\n--- log:\n{self.podman.log(self.name)}") from None

    def wait_attached(self):
        self.wait_for(lambda scrape: scrape.total("sdt_exporter_metric_attached") == 1
                      and scrape.value("sdt_exporter_target_processes", target="puppet") == 1, "attached")

    # -- tests -----------------------------------------------------------------------------------

    def test_a_program_of_another_container_is_counted_under_its_pod_and_prometheus_has_it(self):
        puppet = self.puppet()
        self.wait_attached()
        prometheus = Prometheus(PROMETHEUS, self.directory, enter=self.enter())
        self.addCleanup(prometheus.close)
        puppet.fire("tick 1234")
        prometheus.wait_for("sum(puppet_ticks_total)", 1234)
        sample, = prometheus.query("sum by (container, namespace, pod) (puppet_ticks_total)")
        self.assertEqual(sample["metric"], self.labels)
        prometheus.wait_for("sum(sdt_exporter_events_lost_total)", 0)

    def test_the_kubelets_probes_are_answered(self):
        container, = self.pod["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container[kind]["httpGet"]
            url = f"http://127.0.0.1:{ports[probe['port']]}{probe['path']}"
            wait_until(lambda: subprocess.run([*self.enter(), "curl", "--silent", "--fail", url], check=False,
                                              stdout=subprocess.DEVNULL).returncode == 0, f"{kind} is answered")

    def test_it_has_what_the_daemon_set_gives_and_misses_nothing(self):
        self.puppet()
        self.wait_attached()
        with open(f"/proc/{self.podman.pid(self.name)}/status", encoding="ascii") as file:
            status = file.read()
        self.assertEqual(int(re.search(r"^CapEff:\t(\w+)$", status, re.M)[1], 16),
                         sum(1 << number for number in (2, 19, 28, 38, 39, 40)), "as in the manifest, and no other")
        self.assertEqual(re.search(r"^Seccomp:\t(\d)$", status, re.M)[1], "2")
        log = self.podman.log(self.name)
        self.assertNotIn("a capability is missing", log)
        # The machine's first process may be one that nobody may look at.
        self.assertEqual([line for line in log.splitlines() if re.search("level=(warn|error)", line)
                          and "cannot be looked at" not in line], [])

    def test_killed_and_started_again_it_has_lost_nothing(self):
        puppet = self.puppet()
        self.wait_attached()
        puppet.fire("tick 100")
        self.podman.run("kill", "--signal=KILL", self.name)
        puppet.fire("tick 20")
        self.podman.run("start", self.name)
        puppet.fire("tick 3")
        self.wait_for(lambda scrape: scrape.value("puppet_ticks_total", **self.labels) == 123, "123 ticks")

    def test_ended_it_leaves_nothing_in_the_bpf_file_system(self):
        puppet = self.puppet()
        self.wait_attached()
        puppet.fire("tick 5")
        self.assertNotEqual(self.podman.inside("ls", "/sys/fs/bpf/sdt_exporter"), "")
        self.podman.run("stop", "--time=20", self.name)
        self.assertEqual(self.podman.show(self.name, ".State.ExitCode"), "0")
        self.assertEqual(self.podman.inside("ls", "/sys/fs/bpf/sdt_exporter"), "")


if __name__ == "__main__":
    unittest.main()
