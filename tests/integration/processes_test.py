"""Which processes count: filters, restarts, forks, libraries, semaphores."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import unittest

from harness.exporter import losses
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

TICKS = """
    targets:
      - name: puppet
        processes:
          - {selector}
        metrics:
          - name: puppet_ticks_total
            help: Ticks.
            type: counter
            probe: puppet:tick
"""


def ticks(selector):
    return TICKS.format(selector=selector)


EVERY_PUPPET = ticks('exe: "@PROGRAMS@/puppet"')


class Filters(KernelTestCase):
    """Other processes that run the same file add nothing."""

    def expect_only_the_first(self, selector, wanted, other):
        exporter = self.exporter(ticks(selector))
        exporter.wait_attached("puppet")
        other.fire("tick 100")
        wanted.fire("tick 7")
        other.fire("tick 100")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 7)

    def test_by_command_line(self):
        self.expect_only_the_first("cmdline: --role=(wanted|also)", self.program("puppet", "--role=wanted"),
                                   self.program("puppet", "--role=other"))

    def test_by_process_name(self):
        wanted, other = self.program("puppet"), self.program("puppet")
        wanted.fire("name chosen")
        self.expect_only_the_first("comm: chos*", wanted, other)

    def test_by_pid(self):
        wanted, other = self.program("puppet"), self.program("puppet")
        self.expect_only_the_first(f"pid: {wanted.pid}", wanted, other)

    def test_by_user(self):
        other = self.program("puppet")
        wanted = Program(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program_path("puppet")])
        self.addCleanup(wanted.close)
        self.expect_only_the_first('exe: "@PROGRAMS@/puppet"\n            user: nobody', wanted, other)

    def test_by_executable(self):
        copy = os.path.join(self.directory, "puppet-copy")
        shutil.copy2(program_path("puppet"), copy)
        os.symlink(program_path("libpuppet.so"), os.path.join(self.directory, "libpuppet.so"))
        wanted, other = Program([copy]), self.program("puppet")
        self.addCleanup(wanted.close)
        self.expect_only_the_first(f"exe: {os.path.realpath(self.directory)}/puppet-*", wanted, other)

    def test_any_entry_may_match_and_all_its_keys_must(self):
        exporter = self.exporter(ticks('{ exe: "@PROGRAMS@/puppet", cmdline: --role=a }\n'
                                       '          - { exe: "@PROGRAMS@/puppet", cmdline: --role=b }\n'
                                       '          - { exe: /elsewhere/puppet, cmdline: --role=c }'))
        programs = {role: self.program("puppet", f"--role={role}") for role in "abc"}
        exporter.wait_attached("puppet", processes=2)
        for role, count in (("a", 1), ("b", 20), ("c", 300)):
            programs[role].fire(f"tick {count}")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 21)


class Lifecycle(KernelTestCase):
    def test_counts_go_on_after_a_restart(self):
        first = self.program("puppet")
        exporter = self.exporter(EVERY_PUPPET)
        exporter.wait_attached("puppet")
        first.fire("tick 10")
        exporter.scrape_of_now()
        first.close()
        exporter.wait_for(lambda scrape: scrape.value("sdt_exporter_target_processes", target="puppet") == 0,
                          "the end of the process is seen")
        second = self.program("puppet")
        exporter.wait_attached("puppet")
        second.fire("tick 5")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 15)

    def test_a_second_process_of_a_traced_file_counts_from_its_first_event(self):
        self.program("puppet")
        exporter = self.exporter(EVERY_PUPPET)
        exporter.wait_attached("puppet")
        second = self.program("puppet")
        second.fire("tick 11")  # at once: nobody has looked at it yet
        exporter.wait_attached("puppet", processes=2)
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 11)

    def test_events_of_an_unknown_process_wait_for_the_verdict(self):
        self.program("puppet", "--role=wanted")
        exporter = self.exporter(ticks("cmdline: --role=wanted"))
        exporter.wait_attached("puppet")
        late_wanted, late_other = self.program("puppet", "--role=wanted"), self.program("puppet", "--role=other")
        late_wanted.fire("tick 3")
        late_other.fire("tick 40")
        exporter.wait_attached("puppet", processes=2)
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 3)

    def test_forked_children_count(self):
        program = self.program("puppet")
        exporter = self.exporter(EVERY_PUPPET)
        exporter.wait_attached("puppet")
        program.fire("tick 1")
        program.fire("fork 20")
        exporter.wait_attached("puppet", processes=2)
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 21)

    def test_events_of_a_child_that_was_gone_too_soon_are_counted_or_counted_as_lost(self):
        program = self.program("puppet")
        exporter = self.exporter(EVERY_PUPPET)
        exporter.wait_attached("puppet")
        program.fire("fleeting 20")

        def accounted(scrape):
            return (scrape.value("puppet_ticks_total") or 0) + (scrape.value(
                "sdt_exporter_events_lost_total", target="puppet", metric="puppet_ticks_total",
                reason="unclassified") or 0)

        exporter.wait_for(lambda scrape: accounted(scrape) == 20, "20 events, counted or lost")

    def test_the_exporter_may_start_first(self):
        exporter = self.exporter(EVERY_PUPPET)
        program = self.program("puppet")
        exporter.wait_attached("puppet")
        program.fire("tick 9")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 9)

    def test_a_second_exporter_counts_on_its_own(self):
        program = self.program("puppet")
        one, two = self.exporter(EVERY_PUPPET), self.exporter(EVERY_PUPPET)
        one.wait_attached("puppet")
        two.wait_attached("puppet")
        program.fire("tick 4")
        self.assertEqual(one.scrape_of_now().value("puppet_ticks_total"), 4)
        one.stop()
        program.fire("tick 4")
        self.assertEqual(two.scrape_of_now().value("puppet_ticks_total"), 8)


class WithoutRecords(KernelTestCase):
    """Where the kernel refuses perf events, /proc is looked through every 2 s."""

    def refused(self, config):
        exporter = self.exporter(config, wrapper=[sys.executable, "-m", "harness.refuse"])
        self.assertIn("looking at /proc every 2 s", " ".join(record["msg"] for record in exporter.complaints()))
        scrape = exporter.scrape()
        self.assertEqual(scrape.series("sdt_exporter_watcher"), {frozenset([("kind", "rescan")]): 1})
        return exporter

    def test_processes_that_live_on_are_found_and_counted_exactly(self):
        before = self.program("puppet")
        exporter = self.refused(EVERY_PUPPET)
        exporter.wait_attached("puppet")
        after = self.program("puppet")
        after.fire("tick 20")  # of a file that is attached: nobody need have seen the process
        before.fire("tick 1")
        before.fire("fork 300")
        exporter.wait_attached("puppet", processes=3)
        before.close()
        exporter.wait_attached("puppet", processes=1)
        after.fire("tick 4000")
        scrape = exporter.scrape_of_now()
        self.assertEqual((scrape.value("puppet_ticks_total"), losses(scrape)), (4321, {}))
        self.assertEqual(losses(scrape), {})

    def test_events_after_an_exec_that_no_look_has_seen_are_the_new_programs(self):
        stranger = os.path.join(os.path.realpath(self.directory), "stranger")
        if not os.path.exists(stranger):
            shutil.copy2(program_path("puppet"), stranger)
            os.symlink(program_path("libpuppet.so"), os.path.join(self.directory, "libpuppet.so"))
        program = self.program("puppet")
        exporter = self.refused(Libraries.CONFIG.format(file=""))
        exporter.wait_attached("puppet")
        program.fire("library 3")
        self.assertEqual(program.tell(f"exec {stranger}"), "ready")
        program.fire("library 1000")
        scrape = exporter.scrape_of_now()
        self.assertEqual(losses(scrape), {})
        self.assertEqual(scrape.value("puppet_library_ticks_total"), 3)
        self.assertEqual(scrape.value("sdt_exporter_foreign_hits_total", target="puppet",
                                      metric="puppet_library_ticks_total"), 1000)

    def test_libraries_and_new_programs_are_found_by_the_next_look(self):
        program = self.program("puppet")
        exporter = self.refused("""
            targets:
              - name: puppet
                processes: [{ exe: "@PROGRAMS@/puppet" }]
                metrics:
                  - { name: plugin_ticks_total, help: Ticks., type: counter, probe: "plugin:tick" }
        """)
        program.fire(f"load {program_path('libplugin.so')}")
        exporter.wait_attached("puppet")
        program.fire("plugin 6")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("plugin_ticks_total"), 6)
        self.assertEqual(losses(scrape), {})


class LostRecords(KernelTestCase):
    """More happens than the rings hold, while the exporter stands still."""

    CONFIG = """
        targets:
          - name: puppet
            processes:
              - exe: "@PROGRAMS@/puppet"
            metrics:
              - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
              - { name: puppet_library_ticks_total, help: Ticks., type: counter, probe: "puppet_lib:tick" }
              - { name: plugin_ticks_total, help: Ticks., type: counter, probe: "plugin:tick" }
    """

    def setUp(self):
        self.puppet = self.program("puppet")
        self.leaves, self.becomes, self.loads = (self.program("puppet") for _ in range(3))
        self.stranger = os.path.join(os.path.realpath(self.directory), "stranger")
        if not os.path.exists(self.stranger):
            shutil.copy2(program_path("puppet"), self.stranger)
            os.symlink(program_path("libpuppet.so"), os.path.join(self.directory, "libpuppet.so"))
        self.other = Program([self.stranger])
        self.addCleanup(self.other.close)
        self.traced = self.exporter(self.CONFIG)
        self.traced.wait_attached("puppet", processes=4, metrics=["puppet_ticks_total"])
        for program in (self.puppet, self.leaves, self.becomes, self.loads, self.other):
            program.fire("library 1")

    @contextlib.contextmanager
    def standing_still(self):
        """What is done meanwhile is told to a full ring."""
        self.traced.process.send_signal(signal.SIGSTOP)
        try:
            self.run_many()
            yield
            self.run_many()
        finally:
            self.traced.process.send_signal(signal.SIGCONT)
        self.run_many(10)
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_watcher_overruns_total") > 0, "an overrun")

    @staticmethod
    def run_many(times=1500):
        subprocess.run([program_path("spawner"), str(times), "0", "/bin/true"], check=True)

    def test_everything_that_lives_on_is_found_and_counted_exactly(self):
        with self.standing_still():
            late = self.program("puppet")
            late.fire("tick 300")
            late.fire("library 10")
            late.fire("fork 4000")
            self.puppet.fire("tick 20")
            self.leaves.fire("tick 1")
            self.leaves.close()
            self.loads.fire(f"load {program_path('libplugin.so')}")
        self.traced.wait_attached("puppet", processes=5)
        self.loads.fire("plugin 7")
        scrape = self.traced.scrape_of_now()
        self.assertEqual((scrape.value("puppet_ticks_total"), losses(scrape)), (4321, {}))
        self.assertEqual(scrape.value("puppet_library_ticks_total"), 4 + 10)
        self.assertEqual(scrape.value("plugin_ticks_total"), 7)
        self.assertEqual(losses(scrape), {})
        self.assertIn("records of processes were lost", self.traced.log())

    def test_execs_that_nobody_reported_change_sides_all_the_same(self):
        with self.standing_still():
            self.assertEqual(self.becomes.tell(f"exec {self.stranger}"), "ready")
            self.assertEqual(self.other.tell(f"exec {program_path('puppet')}"), "ready")
            self.becomes.fire("library 1000")
            self.other.fire("library 20")
        self.traced.wait_attached("puppet", processes=4, metrics=["puppet_ticks_total"])
        self.becomes.fire("library 1000")
        self.other.fire("library 300")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_library_ticks_total"), 4 + 20 + 300)
        self.assertEqual(losses(scrape), {})


class Libraries(KernelTestCase):
    CONFIG = """
        targets:
          - name: puppet
            processes:
              - exe: "@PROGRAMS@/puppet"
            {file}
            metrics:
              - name: puppet_library_ticks_total
                help: Ticks in the library.
                type: counter
                probe: puppet_lib:tick
              - name: puppet_any_ticks_total
                help: Ticks anywhere.
                type: counter
                probe: puppet*:tick
                labels: {{ provider: provider }}
    """

    def test_probes_of_a_shared_library_and_of_the_executable(self):
        program = self.program("puppet")
        exporter = self.exporter(self.CONFIG.format(file=""))
        exporter.wait_attached("puppet")
        program.fire("library 6")
        program.fire("tick 2")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_library_ticks_total"), 6)
        self.assertEqual(scrape.series("puppet_any_ticks_total"),
                         {frozenset([("provider", "puppet")]): 2, frozenset([("provider", "puppet_lib")]): 6})

    def test_file_narrows_where_probes_are_looked_for(self):
        program = self.program("puppet")
        exporter = self.exporter(self.CONFIG.format(file='file: "*/libpuppet.so*"').replace(
            "*/libpuppet", "@PROGRAMS@/libpuppet"))
        exporter.wait_attached("puppet")
        program.fire("library 6")
        program.fire("tick 2")
        self.assertEqual(exporter.scrape_of_now().series("puppet_any_ticks_total"),
                         {frozenset([("provider", "puppet_lib")]): 6})


class Semaphores(KernelTestCase):
    CONFIG = """
        targets:
          - name: puppet
            processes:
              - exe: "@PROGRAMS@/puppet"
            metrics:
              - name: puppet_guarded_total
                help: Events of a probe that fires only while somebody listens.
                type: counter
                probe: puppet:guarded
    """
    flags = ()

    def setUp(self):
        self.puppet = self.program("puppet")
        self.assertEqual(self.puppet.tell("guarded 5"), "0", "nobody listens yet")

    def attached(self):
        exporter = self.exporter(self.CONFIG, self.flags)
        exporter.wait_attached("puppet")
        self.assertEqual(self.puppet.tell("semaphore"), "1")
        self.assertEqual(self.puppet.tell("guarded 5"), "5")
        self.assertEqual(exporter.scrape_of_now().value("puppet_guarded_total"), 5)
        return exporter

    def expect_down_again(self):
        wait_until(lambda: self.puppet.tell("semaphore") == "0", "the semaphore is down")
        self.assertEqual(self.puppet.tell("guarded 5"), "0")

    def test_goes_down_when_the_exporter_leaves(self):
        self.assertEqual(self.attached().stop()[0], 0)
        self.expect_down_again()

    def test_goes_down_when_the_exporter_is_killed(self):
        self.attached().kill()
        self.expect_down_again()

    def test_is_up_in_processes_that_start_later(self):
        self.attached()
        self.assertEqual(self.program("puppet").tell("guarded 3"), "3")


class SemaphoresOfPerfUprobes(Semaphores):
    flags = ("--kernel.attach=perf",)


if __name__ == "__main__":
    unittest.main()
