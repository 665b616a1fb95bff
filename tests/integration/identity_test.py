"""Whose events are whose: fork, exec, main threads that leave, pids that are used again."""

import os
import subprocess
import unittest

from harness.program import Program, program_path
from harness.testcase import KernelTestCase

CONFIG = """
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
          - { name: puppet_library_ticks_total, help: Ticks in a library., type: counter, probe: "puppet_lib:tick" }
"""


class Identity(KernelTestCase):
    def setUp(self):
        self.puppet = self.program("puppet")
        self.traced = self.exporter(CONFIG)
        self.traced.wait_attached("puppet")

    def counts(self):
        scrape = self.traced.scrape_of_now()
        lost = {labels: value for labels, value in scrape.series("sdt_exporter_events_lost_total").items() if value}
        self.assertEqual(lost, {})
        return scrape.value("puppet_ticks_total"), scrape.value("puppet_library_ticks_total")

    def test_a_fork_without_exec_that_ends_at_once(self):
        self.puppet.fire("fleeting 20")
        self.assertEqual(self.counts(), (20, 0))

    def test_exec_of_the_same_program(self):
        self.puppet.fire("tick 3")
        self.assertEqual(self.puppet.tell(f"exec {program_path('puppet')}"), "ready")
        self.puppet.fire("tick 4")
        self.assertEqual(self.counts(), (7, 0))

    def test_exec_of_a_stranger_that_fires_at_once(self):
        self.puppet.fire("library 3")
        self.counts()  # it is known as a member by now
        self.puppet.process.stdin.write(f"exec {program_path('burst')} 1000\n")
        self.puppet.process.stdin.flush()
        self.puppet.process.wait(timeout=20)
        self.assertEqual(self.counts(), (0, 3))

    def test_exec_of_a_member_by_a_stranger(self):
        shell = Program(["/bin/sh", "-c", f"echo ready; read x; exec {program_path('puppet')}"])
        self.addCleanup(shell.close)
        self.assertEqual(shell.tell("go"), "ready")
        shell.fire("tick 5")
        shell.fire("library 6")
        self.assertEqual(self.counts(), (5, 6))

    def test_a_main_thread_that_left(self):
        self.puppet.fire("tick 1")
        self.puppet.fire("leave")
        self.puppet.fire("tick 10")
        self.assertEqual(self.counts(), (11, 0))
        self.assertEqual(self.traced.scrape().value("sdt_exporter_target_processes", target="puppet"), 1)

    def with_pid(self, pid, command):
        """Starts a command as this pid, which must be free."""
        for _ in range(200):
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
                last.write(str(pid - 1))
            program = Program(command)
            self.addCleanup(program.close)
            if program.pid == pid:
                return program
        raise AssertionError(f"could not get pid {pid}")

    def test_a_pid_that_goes_from_a_member_to_a_stranger_and_back(self):
        pid = self.puppet.pid
        stranger = os.path.join(self.directory, "stranger")
        if not os.path.exists(stranger):
            subprocess.run(["cp", program_path("puppet"), stranger], check=True)
            os.symlink(program_path("libpuppet.so"), os.path.join(self.directory, "libpuppet.so"))
        self.puppet.fire("library 3")
        self.puppet.close()
        other = self.with_pid(pid, [stranger])
        other.fire("library 100")
        other.close()
        again = self.with_pid(pid, [program_path("puppet")])
        again.fire("library 4")
        self.assertEqual(self.counts(), (0, 7))


if __name__ == "__main__":
    unittest.main()
