"""The Debian package: what Debian's own tools say of it, and its life on a machine that systemd has booted."""

import functools
import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import threading
import unittest

from harness.exporter import exporter_path
from harness.exposition import Exposition
from harness.machine import TOP, Machine, base_tar
from harness.monitoring import Prometheus
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import TimedOut, wait_until

NAME = "prometheus-sdt-exporter"
UNIT = NAME + ".service"
CONFFILES = ["/etc/default/" + NAME, "/etc/sdt_exporter/sdt_exporter.yaml"]
PUPPET = """\
targets:
  - name: puppet
    processes:
      - comm: puppet
    metrics:
      - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
"""


@functools.cache
def package():
    """The path of the package, built once."""
    built = subprocess.run([os.path.join(TOP, "dev"), "package"], check=True, stdout=subprocess.PIPE, text=True)
    return built.stdout.splitlines()[-1]


def next_version(directory):
    """The same package under a higher version."""
    root = os.path.join(directory, "next")
    subprocess.run(["dpkg-deb", "--raw-extract", package(), root], check=True)
    control = os.path.join(root, "DEBIAN/control")
    with open(control, encoding="utf-8") as file:
        text = re.sub(r"^(Version: .*)$", r"\1+next", file.read(), flags=re.M)
    with open(control, "w", encoding="utf-8") as file:
        file.write(text)
    path = os.path.join(directory, "next.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, path], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(root)
    return path


class Build(KernelTestCase):
    """The package as it lies there."""

    def files(self):
        """Every file and link of the package with its mode."""
        listed = subprocess.run(["dpkg-deb", "--contents", package()], check=True, stdout=subprocess.PIPE, text=True)
        lines = [line.split(None, 5) for line in listed.stdout.splitlines()]
        return {line[5].removeprefix("."): line[0] for line in lines if not line[0].startswith("d")}

    def extracted(self):
        root = os.path.join(self.directory, "extracted")
        subprocess.run(["dpkg-deb", "--extract", package(), root], check=True)
        self.addCleanup(shutil.rmtree, root)
        return root

    def test_lintian_has_nothing_to_say(self):
        changes, = glob.glob(os.path.join(os.path.dirname(package()), "*.changes"))
        result = subprocess.run(["lintian", "--allow-root", "--tag-display-limit=0", changes], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_piuparts_finds_nothing_left_behind(self):
        base = os.path.join(self.directory, "base.tar.gz")
        with open(base_tar(), "rb") as tar, gzip.open(base, "wb", compresslevel=1) as file:
            shutil.copyfileobj(tar, file)
        result = subprocess.run(["piuparts", "--basetgz", base, "--keep-sources-list", "--distribution=bookworm",
                                 "--no-upgrade-test", "--no-eatmydata", "--warn-on-others", package()],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout[-4000:])

    def test_what_is_shipped_is_in_its_place(self):
        files = self.files()
        self.assertEqual(files["/usr/bin/sdt_exporter"], "-rwxr-xr-x")
        for place in (f"/lib/systemd/system/{UNIT}", f"/usr/lib/sysusers.d/{NAME}.conf", *CONFFILES,
                      *(f"/usr/share/doc/{NAME}/examples/{name}" for name in
                        ("scrape.yml", "sdt_exporter.rules.yml", "perf-events.conf"))):
            self.assertEqual(files.get(place), "-rw-r--r--", place)
        for source, place in (("config/packs/*.yaml", "packs"), ("dashboards/*.json", "dashboards")):
            shipped = sorted(os.path.basename(path) for path in glob.glob(os.path.join(TOP, source)))
            there = sorted(os.path.basename(path) for path in files if path.startswith(f"/usr/share/sdt_exporter/{place}/"))
            self.assertEqual(there, shipped)
        conffiles = subprocess.run(["dpkg-deb", "--ctrl-tarfile", package()], check=True, stdout=subprocess.PIPE).stdout
        listed = subprocess.run(["tar", "-xO", "./conffiles"], input=conffiles, check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(sorted(listed.decode().split()), CONFFILES)

    def test_the_program_is_hardened_and_stripped(self):
        program = os.path.join(self.extracted(), "usr/bin/sdt_exporter")
        said = subprocess.run(["readelf", "--wide", "--file-header", "--dynamic", "--section-headers", program],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertIn("Position-Independent Executable", said)
        self.assertRegex(said, r"\(FLAGS_1\) +Flags: NOW PIE")
        self.assertNotIn(".debug_info", said)
        symbols = subprocess.run(["readelf", "--wide", "--dyn-syms", program], check=True, stdout=subprocess.PIPE,
                                 text=True).stdout
        self.assertIn("__stack_chk_fail", symbols)

    def test_the_bpf_program_is_the_one_of_any_other_build(self):
        """Neither hardened, nor stripped, nor marked by the directory it was built in: an upgrade goes on with it."""
        build = os.path.realpath(os.path.join(exporter_path(), "../../.."))
        with open(os.path.join(build, "bpf/probe.bpf.o"), "rb") as file:
            ours = file.read()
        with open(os.path.join(self.extracted(), "usr/bin/sdt_exporter"), "rb") as file:
            self.assertIn(ours, file.read())


class OnAMachine(KernelTestCase):
    """Installed where systemd runs. Every test begins and ends without the package."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = cls.start_for_class(Machine(UNIT, cls.install_programs, own_network=True))

    @staticmethod
    def install_programs(machine):
        machine.copy(program_path("puppet"), "usr/bin/puppet")
        machine.copy(program_path("libpuppet.so"), "usr/lib/libpuppet.so")
        machine.copy(program_path("throws"), "usr/bin/throws")
        machine.copy(os.path.join(TOP, "packaging/debian/tests/smoke"), "opt/smoke")

    def run_there(self, *arguments):
        result = self.machine.run(*arguments)
        self.assertEqual(result.returncode, 0, f"{arguments}:\n{result.stdout}{result.stderr}{self.machine.journal()}")
        return result.stdout

    def install(self, path):
        self.machine.copy(path, "opt/package.deb")
        self.addCleanup(self.machine.run, "dpkg", "--purge", NAME)
        self.run_there("dpkg", "--install", "/opt/package.deb")

    def program(self, name):
        program = Program(self.machine.command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                                               "/usr/bin/" + name))
        self.addCleanup(program.close)
        return program

    def get(self, path):
        answer = subprocess.run([*self.machine.in_its_network(), "curl", "-sS", "--max-time", "30",
                                 "http://127.0.0.1:10738" + path], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, check=False)
        return answer.stdout

    def start_prometheus(self):
        with open(os.path.join(TOP, "packaging/prometheus/scrape.yml"), encoding="utf-8") as file:
            config = "global: { scrape_interval: 1s }\n" + file.read().replace("scrape_interval: 15s", "scrape_interval: 1s")
        prometheus = Prometheus(config, self.directory, enter=self.machine.in_its_network())
        self.addCleanup(prometheus.close)
        return prometheus

    def wait_for(self, condition, what):
        try:
            return wait_until(lambda: condition(Exposition(self.get("/metrics"))), what)
        except TimedOut as error:
            raise AssertionError(f"{error}\n--- journal:\n{self.machine.journal()}") from None

    def wait_attached(self):
        self.wait_for(lambda scrape: scrape.total("sdt_exporter_metric_attached", target="puppet") == 1
                      and scrape.value("sdt_exporter_target_processes", target="puppet") == 1, "the puppet is traced")

    def files(self):
        """What lies on the machine's disk, but for logs, caches and the package manager's own books."""
        found = self.run_there("find", "/", "-xdev", "-path", "/var/log", "-prune", "-o", "-path", "/var/lib/dpkg",
                               "-prune", "-o", "-path", "/var/cache", "-prune", "-o", "-path", "/opt", "-prune", "-o",
                               "-print")
        return set(found.splitlines())

    # -- tests -----------------------------------------------------------------------------------

    def test_just_installed_it_runs_and_traces_nothing(self):
        self.install(package())
        self.assertEqual(self.machine.show("ActiveState"), "active")
        self.assertEqual(self.machine.systemctl("is-enabled", UNIT).stdout.strip(), "enabled")
        self.assertEqual(self.machine.systemctl("is-active", "sdt_exporter").stdout.strip(), "active")
        scrape = Exposition(self.get("/metrics"))
        self.assertEqual(scrape.total("sdt_exporter_build_info"), 1)
        self.assertEqual(scrape.series("sdt_exporter_target_processes"), {})
        complaint, = [line for line in self.machine.journal().splitlines() if re.search("level=(warn|error)", line)]
        self.assertIn("the config has no targets", complaint)

    def test_its_flags_are_in_etc_default(self):
        self.install(package())
        self.machine.write("etc/default/" + NAME, 'ARGS="--web.telemetry-path=/elsewhere"\n')
        self.run_there("systemctl", "restart", UNIT)
        self.assertEqual(Exposition(self.get("/elsewhere")).total("sdt_exporter_build_info"), 1)

    def test_its_autopkgtest_passes(self):
        self.install(package())
        self.run_there("/opt/smoke")

    def test_a_pack_that_is_linked_counts_and_prometheus_has_it(self):
        self.install(package())
        self.run_there("ln", "-s", "/usr/share/sdt_exporter/packs/libstdcxx.yaml", "/etc/sdt_exporter/")
        self.run_there("systemctl", "reload", UNIT)
        self.wait_for(lambda scrape: scrape.total("sdt_exporter_metric_attached") == 3, "the pack's metrics are attached")
        prometheus = self.start_prometheus()
        prometheus.wait_for('up{job="sdt_exporter"}', 1)
        thrown = json.loads(self.program("throws").tell("go"))
        of_program = 'sum by (type) (cxx_exceptions_thrown_total{exe="/usr/bin/throws"})'
        prometheus.wait_for(f"sum({of_program})", sum(thrown.values()))
        self.assertEqual({sample["metric"]["type"]: int(sample["value"][1]) for sample in prometheus.query(of_program)},
                         thrown)

    def test_an_upgrade_while_events_fire_loses_none(self):
        self.install(package())
        self.machine.write("etc/sdt_exporter/puppet.yaml", PUPPET)
        self.addCleanup(self.machine.remove, "etc/sdt_exporter/puppet.yaml")
        self.run_there("systemctl", "reload", UNIT)
        puppet = self.program("puppet")
        self.wait_attached()
        first = self.machine.show("MainPID")
        fired = 0
        upgraded = threading.Event()
        upgrade = threading.Thread(target=lambda: (self.install(next_version(self.directory)), upgraded.set()))
        upgrade.start()
        while upgrade.is_alive():
            puppet.fire("tick 100")
            fired += 100
        self.assertTrue(upgraded.is_set())
        self.assertRegex(self.run_there("dpkg-query", "--show", NAME), r"\+next$")
        self.assertNotEqual(self.machine.show("MainPID"), first)
        self.wait_for(lambda scrape: scrape.value("puppet_ticks_total") == fired, f"{fired} ticks")
        scrape = Exposition(self.get("/metrics"))
        self.assertEqual(scrape.total("sdt_exporter_events_lost_total"), 0)
        # The one link there was lives on.
        self.assertEqual(scrape.value("sdt_exporter_attaches_total", target="puppet", metric="puppet_ticks_total"), 1)
        print(f"{fired} events during the upgrade, all counted")

    def test_removed_it_lets_go_and_leaves_its_configuration(self):
        self.install(package())
        self.machine.write("etc/sdt_exporter/puppet.yaml", PUPPET.replace("puppet:tick", "puppet:guarded"))
        self.addCleanup(self.machine.remove, "etc/sdt_exporter/puppet.yaml")
        self.run_there("systemctl", "reload", UNIT)
        puppet = self.program("puppet")
        self.wait_attached()
        self.assertEqual(puppet.tell("semaphore"), "1")
        self.run_there("dpkg", "--remove", NAME)
        self.assertEqual(puppet.tell("semaphore"), "0", "no link is left")
        self.assertEqual(self.machine.run("pgrep", "-u", "sdt_exporter").stdout, "")
        self.assertEqual(self.machine.run("ls", *CONFFILES).returncode, 0)

    def test_purged_it_leaves_what_policy_keeps(self):
        before = self.files()
        self.install(package())
        self.run_there("ln", "-s", "/usr/share/sdt_exporter/packs/libstdcxx.yaml", "/etc/sdt_exporter/")
        self.run_there("systemctl", "reload", UNIT)
        self.run_there("dpkg", "--remove", NAME)
        self.run_there("dpkg", "--purge", NAME)
        # The user stays, for files that may be its own.
        self.run_there("id", "sdt_exporter")
        self.assertEqual(sorted(self.files() - before), [])
        self.assertEqual(self.machine.systemctl("is-enabled", UNIT).returncode, 1)


if __name__ == "__main__":
    unittest.main()
