"""Whose events are whose: fork, exec, main threads that leave, pids that are used again."""

import os
import pwd
import shutil
import subprocess
import unittest

from harness.exporter import losses
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
        self.assertEqual(losses(scrape), {})
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

    def test_exec_of_another_member_program(self):
        copy = self.copy_of_puppet("member")
        exporter = self.trace(f"""
            targets:
              - name: puppet
                processes:
                  - exe: "@PROGRAMS@/puppet"
                  - exe: "{copy}"
                metrics:
                  - {{ name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick",
                      labels: {{ exe: exe }} }}
        """)
        self.puppet.fire("tick 3")
        self.assertEqual(self.puppet.tell(f"exec {copy}"), "ready")
        self.puppet.fire("tick 4")  # of a file that nobody has mapped before, but that the spec names
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.series("puppet_ticks_total"),
                         {frozenset([("exe", program_path("puppet"))]): 3, frozenset([("exe", copy)]): 4})
        self.assertEqual(losses(scrape), {})

    def test_posix_spawn_by_a_member_of_a_member_and_of_a_stranger(self):
        exporter = self.trace(f"""
            targets:
              - name: puppet
                processes:
                  - exe: "@PROGRAMS@/puppet"
                  - {{ comm: burst, exe: "@PROGRAMS@/burst" }}
                metrics:
                  - {{ name: puppet_library_ticks_total, help: Ticks., type: counter, probe: "puppet_lib:tick" }}
        """)
        stranger = os.path.join(os.path.realpath(self.directory), "spawned")
        shutil.copy2(program_path("burst"), stranger)
        for _ in range(50):
            self.puppet.fire(f"spawn {program_path('burst')} 7")
            self.puppet.fire(f"spawn {stranger} 1000")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_library_ticks_total"), 50 * 7)
        self.assertEqual(losses(scrape), {})

    def test_a_fork_by_another_thread_than_the_first(self):
        self.puppet.fire("beside 20")
        self.puppet.fire("tick 1")
        self.assertEqual(self.counts(), (21, 0))

    def test_a_grandchild_whose_parent_is_gone(self):
        for _ in range(20):
            self.puppet.fire("orphan 5")
        self.assertEqual(self.counts(), (100, 0))

    def test_1000_forks_that_fire_once_and_end(self):
        self.puppet.fire("storm 1000 1")
        self.assertEqual(self.counts(), (1000, 0))

    def test_exec_of_the_same_program_by_another_thread_than_the_first(self):
        self.puppet.fire("tick 3")
        self.assertEqual(self.puppet.tell(f"exec2 {program_path('puppet')}"), "ready")
        self.puppet.fire("tick 4")
        self.assertEqual(self.counts(), (7, 0))
        self.assertEqual(self.traced.scrape().value("sdt_exporter_target_processes", target="puppet"), 1)

    def test_exec_of_a_stranger_by_another_thread_than_the_first(self):
        stranger = self.copy_of_puppet("stranger")
        self.puppet.fire("library 3")
        self.assertEqual(self.puppet.tell(f"exec2 {stranger}"), "ready")
        self.puppet.fire("library 1000")
        self.assertEqual(self.puppet.tell(f"exec2 {program_path('puppet')}"), "ready")
        self.puppet.fire("library 4")
        self.assertEqual(self.counts(), (0, 7))

    def test_a_chain_of_execs_through_members_and_strangers_without_a_pause(self):
        # /bin/sh is a stranger, env another: each stands for the pid for a millisecond only.
        for _ in range(20):
            self.puppet.fire("library 1")
            member = Program(["/bin/sh", "-c", f"exec env /bin/sh -c 'exec {program_path('puppet')}'"])
            member.fire("library 2")
            member.process.stdin.write(f"exec /usr/bin/env {program_path('burst')} 1000\n")
            member.process.stdin.flush()
            self.assertEqual(member.process.wait(timeout=20), 0)
            member.close()
        self.assertEqual(self.counts(), (0, 20 * 3))

    def test_a_process_that_becomes_the_selected_user_and_one_that_stops_being_it(self):
        exporter = self.trace("""
            targets:
              - name: puppet
                processes:
                  - { exe: "@PROGRAMS@/puppet", user: nobody }
                metrics:
                  - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
        """, processes=0)
        self.puppet.fire("tick 100")  # as root
        started_later = self.program("puppet")
        started_later.fire(f"user {pwd.getpwnam('nobody').pw_uid}")
        exporter.wait_attached("puppet", processes=1)
        started_later.fire("tick 5")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 5)
        self.assertEqual(losses(scrape), {})

    def trace_by_name(self, processes):
        return self.trace("""
            targets:
              - name: puppet
                processes:
                  - comm: chosen
                metrics:
                  - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
        """, processes)

    def test_what_was_done_under_the_selected_name_counts_although_it_is_given_up_at_once(self):
        self.puppet.fire("name chosen")
        exporter = self.trace_by_name(1)
        self.puppet.fire("tick 3")
        self.puppet.fire("name plain")
        exporter.wait_attached("puppet", processes=0)
        self.puppet.fire("tick 1000")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 3)
        self.assertEqual(losses(scrape), {})

    def test_what_was_done_before_the_selected_name_was_taken_does_not_count(self):
        other = self.program("puppet")
        other.fire("name chosen")
        exporter = self.trace_by_name(1)
        self.puppet.fire("tick 1000")
        self.puppet.fire("name chosen")
        exporter.wait_attached("puppet", processes=2)
        self.puppet.fire("tick 4")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 4)
        self.assertEqual(losses(scrape), {})

    def copy_of_puppet(self, name):
        """Another program with the same probes, its own and those of the same library."""
        copy = os.path.join(os.path.realpath(self.directory), name)
        library = os.path.join(self.directory, "libpuppet.so")
        if not os.path.exists(library):
            os.symlink(program_path("libpuppet.so"), library)
        if not os.path.exists(copy):
            shutil.copy2(program_path("puppet"), copy)
        return copy

    def trace(self, config, processes=1):
        """Another exporter instead of that of setUp()."""
        self.traced.stop()
        exporter = self.exporter(config)
        if processes:
            exporter.wait_attached("puppet", processes)
        return exporter

    def test_one_pid_of_a_pid_namespace_that_200_processes_have_in_turn(self):
        stranger = os.path.join(os.path.realpath(self.directory), "passer-by")
        shutil.copy2(program_path("burst"), stranger)
        self.traced.stop()
        said = os.path.join(self.directory, "pids")
        inside = self.write("turns.sh", f"""\
            turn() {{ echo 9999 > /proc/sys/kernel/ns_last_pid; "$@" & echo $! >> {said}; wait $!; }}
            for i in $(seq 100); do
              turn {program_path('burst')} 7
              turn {stranger} 1000
            done
        """)
        exporter = self.exporter("""
            targets:
              - name: burst
                processes:
                  - exe: "@PROGRAMS@/burst"
                metrics:
                  - { name: burst_library_ticks_total, help: Ticks., type: counter, probe: "puppet_lib:tick" }
        """, wrapper=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
        with open(f"/proc/{exporter.process.pid}/task/{exporter.process.pid}/children", encoding="ascii") as file:
            first = file.read().split()[0]
        enter = ["nsenter", f"--target={first}", "--pid", "--mount", "--root"]  # which may be a chroot
        subprocess.run([*enter, program_path("burst"), "0"], check=True)  # maps the library once
        exporter.wait_attached("burst", processes=0)
        subprocess.run([*enter, "sh", inside], check=True)
        scrape = exporter.scrape_of_now()
        with open(said, encoding="ascii") as file:
            self.assertEqual(file.read().split(), ["10000"] * 200)
        self.assertEqual(losses(scrape), {})
        self.assertEqual(scrape.value("burst_library_ticks_total"), 100 * 7)

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
        stranger = self.copy_of_puppet("stranger")
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
