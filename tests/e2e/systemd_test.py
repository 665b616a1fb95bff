"""The unit as shipped, under a systemd of its own: a Debian that is booted in a container."""

import re
import unittest
import urllib.request

from harness.exporter import exporter_path
from harness.exposition import Exposition
from harness.machine import TOP, Machine
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import TimedOut, wait_until

UNIT = "sdt_exporter.service"
# Not by its path: tested in a chroot, a service that has its own mounts sees another one of the program.
CONFIG = """\
targets:
  - name: puppet
    processes:
      - comm: puppet
    metrics:
      - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
      - { name: puppet_guarded_total, help: Guarded., type: counter, probe: "puppet:guarded" }
"""


def install(machine):
    for source, place in ((exporter_path(), "usr/bin/sdt_exporter"),
                          (f"{TOP}/systemd/sdt_exporter.service", "etc/systemd/system/sdt_exporter.service"),
                          (f"{TOP}/systemd/sdt_exporter.sysusers", "usr/lib/sysusers.d/sdt_exporter.conf"),
                          (program_path("puppet"), "opt/programs/puppet"),
                          (program_path("libpuppet.so"), "opt/programs/libpuppet.so")):
        machine.copy(source, place)
    machine.write("etc/sdt_exporter/puppet.yaml", CONFIG)
    machine.write("etc/default/sdt_exporter", 'ARGS="--web.listen-address=127.0.0.1:0"\n')


class Service(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = cls.start_for_class(Machine(UNIT, install))

    def setUp(self):
        self.addCleanup(self.machine.systemctl, "reset-failed", UNIT)
        self.addCleanup(self.machine.systemctl, "stop", UNIT)

    def drop_in(self, text):
        place = f"etc/systemd/system/{UNIT}.d/test.conf"
        self.machine.write(place, "[Service]\n" + text)
        self.machine.systemctl("daemon-reload")
        self.addCleanup(self.machine.systemctl, "daemon-reload")
        self.addCleanup(self.machine.remove, place)
        self.addCleanup(self.machine.systemctl, "stop", UNIT)

    def start(self):
        result = self.machine.systemctl("start", UNIT)
        self.assertEqual(result.returncode, 0, result.stderr + self.machine.journal())

    def puppet(self):
        """As a user that is not the service's."""
        program = Program(self.machine.command("LD_LIBRARY_PATH=/opt/programs", "setpriv", "--reuid=nobody",
                                               "--regid=nogroup", "--clear-groups", "/opt/programs/puppet"))
        self.addCleanup(program.close)
        return program

    def get(self, path):
        address = wait_until(lambda: re.search(r"\baddress=(\S+)", self.machine.journal()), "it says where it listens")
        with urllib.request.urlopen(f"http://{address[1]}{path}", timeout=30) as response:
            return response.read().decode("utf-8")

    def wait_for(self, condition, what):
        try:
            return wait_until(lambda: condition(Exposition(self.get("/metrics"))), what)
        except TimedOut as error:
            raise AssertionError(f"{error}\n--- journal:\n{self.machine.journal()}") from None

    def wait_attached(self):
        self.wait_for(lambda scrape: scrape.total("sdt_exporter_metric_attached") == 2
                      and scrape.value("sdt_exporter_target_processes", target="puppet") == 1, "attached")

    # -- tests -----------------------------------------------------------------------------------

    def test_the_unit_is_clean_to_systemd(self):
        result = self.machine.run("systemd-analyze", "verify", "--recursive-errors=no", UNIT)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_little_is_exposed(self):
        text = self.machine.run("systemd-analyze", "security", "--no-pager", UNIT).stdout
        exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", text)
        self.assertIsNotNone(exposure, text)
        print(exposure[0])
        self.assertLessEqual(float(exposure[1]), 2.5, text)

    def test_once_started_it_counts_as_its_own_user_and_is_scraped_from_outside(self):
        puppet = self.puppet()
        self.start()
        self.assertIn("ready", self.get("/-/ready"))
        self.wait_attached()
        puppet.fire("tick 1234")
        self.wait_for(lambda scrape: scrape.value("puppet_ticks_total") == 1234, "1234 ticks")
        status = self.machine.run("cat", f"/proc/{self.machine.show('MainPID')}/status").stdout
        own = self.machine.run("id", "-u", "sdt_exporter").stdout.strip()
        self.assertNotEqual(own, "0")
        self.assertEqual(re.search(r"^Uid:\t(.*)$", status, re.M)[1].split(), [own] * 4)
        self.assertEqual(int(re.search(r"^CapEff:\t(\w+)$", status, re.M)[1], 16),
                         sum(1 << number for number in (2, 19, 28, 38, 39, 40)), "as in the unit, and no other")
        self.assertNotIn("a capability is missing", self.machine.journal())

    def test_its_status_says_what_it_counts(self):
        self.puppet()
        self.start()
        said = "2 of 2 metrics attached, 1 process of 1 target"
        wait_until(lambda: self.machine.show("StatusText").startswith(said),
                   "the status names what is attached")

    def test_stopped_it_leaves_nothing(self):
        puppet = self.puppet()
        self.start()
        self.wait_attached()
        self.assertEqual(puppet.tell("semaphore"), "1")
        result = self.machine.run("timeout", "5", "systemctl", "stop", UNIT)
        self.assertEqual(result.returncode, 0, "within 5 s")
        self.assertEqual(self.machine.show("Result"), "success")
        self.assertEqual(puppet.tell("semaphore"), "0", "no link is left")
        self.assertEqual(self.machine.run("find", "/", "-xdev", "-user", "sdt_exporter").stdout, "")
        self.assertEqual(self.machine.run("pgrep", "-u", "sdt_exporter").stdout, "")
        puppet.fire("tick 5")  # none the worse

    def test_systemctl_reload_puts_another_config_in_force(self):
        self.start()
        self.machine.write("etc/sdt_exporter/puppet.yaml", CONFIG.replace("puppet_ticks_total", "puppet_tocks_total"))
        self.addCleanup(self.machine.write, "etc/sdt_exporter/puppet.yaml", CONFIG)
        self.assertEqual(self.machine.systemctl("reload", UNIT).returncode, 0)
        wait_until(lambda: "puppet_tocks_total" in self.get("/api/v1/targets"), "the new config is in force")
        self.assertEqual(self.machine.show("ActiveState"), "active")

    def test_a_restart_and_a_kill_lose_nothing(self):
        puppet = self.puppet()
        self.start()
        self.wait_attached()
        puppet.fire("tick 100")
        self.assertEqual(self.machine.systemctl("restart", UNIT).returncode, 0)
        puppet.fire("tick 20")
        self.wait_for(lambda scrape: scrape.value("puppet_ticks_total") == 120, "120 ticks")
        first = self.machine.show("MainPID")
        self.machine.run("kill", "-s", "KILL", first)
        puppet.fire("tick 3")
        wait_until(lambda: self.machine.show("MainPID") not in (first, "0"), "another process")
        self.wait_for(lambda scrape: scrape.value("puppet_ticks_total") == 123, "123 ticks")

    def test_a_daemon_that_hangs_is_started_anew(self):
        self.drop_in("WatchdogSec=1s\nRestartSec=100ms\n")
        self.start()
        first = self.machine.show("MainPID")
        # Longer than the watchdog, and fed: the same process.
        wait_until(lambda: int(self.machine.run("ps", "-o", "etimes=", "-p", first).stdout) >= 3, "it has run for 3 s")
        self.assertEqual(self.machine.show("MainPID"), first)
        self.machine.run("kill", "-s", "STOP", first)
        wait_until(lambda: self.machine.show("MainPID") not in (first, "0"), "another process")
        self.assertEqual(self.machine.show("NRestarts"), "1")
        self.assertIn("watchdog", self.machine.run("journalctl", "-u", UNIT, "-o", "cat").stdout.lower())

    def without(self, capability):
        self.drop_in(f"CapabilityBoundingSet=~{capability}\nAmbientCapabilities=~{capability}\n")
        return self.machine.systemctl("start", UNIT).returncode

    def test_a_capability_without_which_nothing_works_is_named_by_the_error(self):
        for capability, other in (("CAP_BPF", "CAP_PERFMON"), ("CAP_PERFMON", "CAP_BPF")):
            with self.subTest(capability):
                self.assertNotEqual(self.without(capability), 0)
                error, = [line for line in self.machine.journal().splitlines() if "cannot start" in line]
                self.assertIn(f"{capability} missing", error)
                self.assertNotIn(other, error)
                self.assertEqual(self.machine.show("ExecMainStatus"), "1")
            self.doCleanups()

    def test_a_capability_without_which_some_things_fail_is_named_and_the_rest_works(self):
        for capability in ("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_CHECKPOINT_RESTORE", "CAP_LEASE"):
            with self.subTest(capability):
                self.assertEqual(self.without(capability), 0, self.machine.journal())
                missing = re.findall(r'msg="a capability is missing" capability=(\w+)', self.machine.journal())
                self.assertEqual(missing, [capability])
                self.assertIn("ready", self.get("/-/ready"))
            self.doCleanups()

    def test_the_drop_in_for_older_kernels_lets_it_attach_through_perf_events(self):
        with open(f"{TOP}/systemd/perf-events.conf", encoding="utf-8") as file:
            self.drop_in(file.read())
        flags = 'ARGS="--web.listen-address=127.0.0.1:0{}"\n'
        self.machine.write("etc/default/sdt_exporter", flags.format(" --kernel.attach=perf"))
        self.addCleanup(self.machine.write, "etc/default/sdt_exporter", flags.format(""))
        puppet = self.puppet()
        self.start()
        self.wait_attached()
        puppet.fire("tick 77")
        self.wait_for(lambda scrape: scrape.value("puppet_ticks_total") == 77, "77 ticks")


if __name__ == "__main__":
    unittest.main()
